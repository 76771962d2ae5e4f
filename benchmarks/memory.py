"""How much memory a training takes at its peak, and how much more with more rows.

    python -m benchmarks.memory [rows ...]

Rows are drawn from data/diamonds.csv and moved a little, so that no two are equal; each number of
rows is one `python -m src.train` in a folder of its own. docs/cloud.md computes with the figures.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.support import tables
from src.support.cli import guarded
from src.support.errors import UserError

SOURCE = Path("data/diamonds.csv")
CODE = ("conf", "params.yaml", "src")
ROWS = [50_000, 200_000, 800_000]
SHAKE = 0.002  # of a value


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", type=int, default=ROWS)
    parser.add_argument("--model", default="linear")
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.rows, arguments.model))


def run(rows: list[int], model: str) -> None:
    """Print a line for each number of rows, and what a row takes between the first and the last."""
    if not SOURCE.is_file():
        raise UserError("There are no rows to draw from.", given=SOURCE, fix="make run")
    found: list[tuple[int, int, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in CODE:
            (folder / part).symlink_to(Path(part).resolve())
        for number in rows:
            source = folder / "rows.csv"
            drawn(number).to_csv(source, index=False)
            found.append((number, source.stat().st_size, _peak(folder, model)))
    cells = [[f"{n}", f"{size / n:.1f}", f"{peak / 1e6:.0f}"] for n, size, peak in found]
    tables.show(f"a training, model={model}", ["rows", "bytes in the CSV", "peak, MB"], cells)
    (fewest, _, least), (most, _, greatest) = found[0], found[-1]
    if most > fewest:
        print(f"{(greatest - least) / (most - fewest):.0f} bytes a row")


def drawn(number: int) -> pd.DataFrame:
    """Return so many rows, none of which is another's equal."""
    shaken = np.random.default_rng(0)
    rows = pd.read_csv(SOURCE).sample(number, replace=True, random_state=0, ignore_index=True)
    for name in rows.select_dtypes("number"):
        rows[name] = (rows[name] * (1 + shaken.normal(0, SHAKE, number))).round(5)
    return rows


def _peak(folder: Path, model: str) -> float:
    """Train; return the bytes that the process held at most."""
    command = [sys.executable, "-m", "src.train", "dataset=diamonds", f"model={model}"]
    process = subprocess.Popen(
        [*command, "dataset.source=rows.csv"], cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise UserError("The training failed.", given=" ".join(command))
    return usage.ru_maxrss * 1024.0


if __name__ == "__main__":
    main()
