"""How long `src.prepare` takes for many rows, and how much memory, beside Polars.

    python -m benchmarks.prepare [rows ...] [--repeats moved|plain]

The rows of data/diamonds.csv are repeated: `moved` a little, so that hardly any two are equal, or
`plain`, so that all but the first are duplicates. The peer are the same rules, written by hand in
Polars (benchmarks/peers/polars_prepare.py). Both run in a process of their own; seconds are of the
processor, starts of the interpreter among them. Then it is said whether both accepted the same
rows, on the same side of the split, and rejected the same ones for the same reasons.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pyarrow import parquet

from benchmarks.support import tables
from src.config import paths
from src.support import files
from src.support.cli import guarded
from src.support.errors import UserError

SOURCE = Path("data/diamonds.csv")
ROWS = [1_000_000, 10_000_000]
SHAKEN = {"carat": (3, 0.01), "price": (0, 0.02), "x": (2, 0.005)}  # decimals, share of a value
SEED, FOLDS = 42, 5
CODE = ("conf", "params.yaml", "src", "benchmarks")
PARTS = ("train.parquet", "test.parquet")


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of the processor, and the most bytes that it held."""

    seconds: float
    peak: float


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.prepare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", type=int, default=ROWS)
    parser.add_argument("--repeats", choices=["moved", "plain"], default="moved")
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.rows, is_moved=arguments.repeats == "moved"))


def run(rows: list[int], *, is_moved: bool) -> None:
    """Print a line for each number of rows."""
    if importlib.util.find_spec("polars") is None:
        raise UserError("The peer is not installed.", given="polars", fix="pip install polars")
    if not SOURCE.is_file():
        raise UserError("There are no rows to repeat.", given=SOURCE, fix="make run")
    cells = [_measured(number, is_moved=is_moved) for number in rows]
    head = ["rows", "bytes", "CPU s", "Polars, CPU s", "ratio", "peak, MB", "Polars, MB",
            "same rows and sides", "same rejected"]  # fmt: skip
    tables.show(f"preparation, rows {'moved' if is_moved else 'repeated'}", head, cells)


def _measured(number: int, *, is_moved: bool) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in CODE:
            (folder / part).symlink_to(Path(part).resolve())
        source = folder / "rows.csv"
        write(source, number, is_moved=is_moved)
        conf = yaml.safe_load(Path("conf/dataset/diamonds.yaml").read_text(encoding="utf-8"))
        values = {"dataset": {**conf, "source": "rows.csv"}, "seed": SEED, "folds": FOLDS}
        files.write(
            folder / paths.PREPARED_CONFS / "diamonds.yaml",
            yaml.safe_dump(values, sort_keys=False).encode(),
        )
        ours = cost(folder, "src.prepare", "diamonds")
        theirs = cost(folder, "benchmarks.peers.polars_prepare", "rows.csv", "peer")
        own, peer = folder / paths.PREPARED / "diamonds", folder / "peer"
        is_same = all(_are_equal(own / part, peer / part) for part in PARTS)
        rejected = [(one / "rejected.csv").read_bytes() for one in (own, peer)]
        return [
            *(f"{number:,}", f"{source.stat().st_size:,}"),
            *(f"{ours.seconds:.1f}", f"{theirs.seconds:.1f}"),
            f"{ours.seconds / theirs.seconds:.2f}",
            *(f"{ours.peak / 1e6:.0f}", f"{theirs.peak / 1e6:.0f}"),
            *("yes" if one else "NO" for one in (is_same, rejected[0] == rejected[1])),
        ]


def write(path: Path, number: int, *, is_moved: bool) -> None:
    """Write so many rows: those of the source again and again, as they are or moved."""
    rows = pd.read_csv(SOURCE, dtype=str, keep_default_na=False)
    shaken = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, number, len(rows)):
            part = rows.head(number - start)
            if start and is_moved:
                part = part.assign(**{
                    name: _shaken(part[name], decimals, share, shaken)
                    for name, (decimals, share) in SHAKEN.items()
                })  # fmt: skip
            part.to_csv(file, index=False, header=not start, lineterminator="\n")


def _shaken(
    cells: pd.Series, decimals: int, share: float, random: np.random.Generator
) -> pd.Series:
    values = cells.astype(float) * (1 + random.normal(0, share, len(cells)))
    return values.map(lambda value: f"{value:.{decimals}f}")


def cost(folder: Path, module: str, *words: str) -> Cost:
    """Run a module in a process of its own; raise UserError where it fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *words], cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise UserError("A side failed.", given=f"{module} {' '.join(words)}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024.0)


def _are_equal(one: Path, other: Path) -> bool:
    """Compare two files of rows, a column at a time; text of any width is text."""
    names = parquet.read_schema(one).names
    if set(names) != set(parquet.read_schema(other).names):
        return False
    for name in names:
        mine, its = (parquet.read_table(path, columns=[name])[name] for path in (one, other))
        if len(mine) != len(its) or not mine.equals(its.cast(mine.type)):
            return False
    return True


if __name__ == "__main__":
    main()
