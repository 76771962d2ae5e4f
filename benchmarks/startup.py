"""What the command costs beside a bare script of the same fit, as whole processes in turn.

    python -m benchmarks.startup [pairs]

Both read data/diamonds.csv, drop what the dataset's YAML rejects, fit a linear regression on the
same encoded columns and score it. The command also checks each row, cross-validates five times,
and writes the bundle.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

BARE = """
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rows = pd.read_csv("data/diamonds.csv").drop_duplicates()
rows = rows[(rows["price"] > 0) & (rows[["x", "y", "z"]] > 0).all(axis=1)]
train, test = train_test_split(rows, test_size=0.2, random_state=42)
columns = make_column_transformer(
    (StandardScaler(), ["carat", "x"]), (OneHotEncoder(drop="first"), ["cut", "color", "clarity"])
)
model = make_pipeline(columns, LinearRegression()).fit(train, train["price"])
predicted = model.predict(test)
print(r2_score(test["price"], predicted), mean_absolute_error(test["price"], predicted))
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("pairs", nargs="?", type=int, default=7)
    run(parser.parse_args().pairs)


def run(pairs: int) -> None:
    """Print the medians and the median of the differences, pair by pair."""
    command = [sys.executable, "-m", "src.train", "dataset=diamonds", "model=linear"]
    times: dict[str, list[float]] = {"bare script": [], "src.train": []}
    for number in range(pairs + 1):
        bare = _seconds([sys.executable, "-c", BARE])
        ours = _seconds(command)
        if number > 0:  # the first pair fills the file cache
            times["bare script"].append(bare)
            times["src.train"].append(ours)
    for name, seconds in times.items():
        print(f"{name:12} median {statistics.median(seconds):.2f} s")
    differences = [b - a for a, b in zip(*times.values(), strict=True)]
    print(f"difference   median {statistics.median(differences):.2f} s over {pairs} pairs")


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
