"""What a look-up of similar rows costs beside a scan of all rows, in the same process, in turn.

    python -m benchmarks.similar [rows] [look-ups]

The rows are synthetic: two categories that must be equal (84 groups) and a number to be near in,
with two decimals so that equal values abound. Build time includes sorting and writing; both ways
must find the same rows, or it stops.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.inference import similar
from src.inference.similar import Similar
from src.support.structs import convert

NEAREST = 100
LEVELS = {"shape": [f"s{at}" for at in range(7)], "grade": [f"g{at}" for at in range(12)]}
DATASET: dict[str, Any] = {
    "name": "synthetic",
    "task": "regression",
    "source": "none",
    "target": {"name": "price"},
    "metric": "mae",
    "features": {
        "size": {"type": "number"},
        **{name: {"type": "category", "values": levels} for name, levels in LEVELS.items()},
        **{f"measure{at}": {"type": "number"} for at in range(5)},
    },
    "similar": {"same": list(LEVELS), "nearest": "size"},
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.similar", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("lookups", nargs="?", type=int, default=500)
    arguments = parser.parse_args()
    run(arguments.rows, arguments.lookups)


def run(count: int, lookups: int) -> None:
    """Print seconds to build and load, and microseconds of a look-up both ways."""
    dataset = convert(DATASET, Dataset)
    rows = _rows(count)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        hashes = _build(rows, dataset, Path(folder))
        built = time.perf_counter() - begun
        before, begun = _memory(), time.perf_counter()
        found = Similar.load(Path(folder), {"files": hashes})
        loaded = time.perf_counter() - begun
        print(f"{count} rows: built in {built:.1f} s, loaded in {loaded:.2f} s", end=", ")
        print(f"{_memory() - before:.1f} MB of its own")
        _compare(found, _Scan(rows), rows, lookups)


def _build(rows: pd.DataFrame, dataset: Dataset, folder: Path) -> dict[str, str]:
    hashes = {}
    for name, data in similar.build(rows, dataset).items():
        (folder / name).write_bytes(data)
        hashes[name] = hashlib.sha256(data).hexdigest()
    return hashes


def _rows(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": np.round(rng.lognormal(0, 0.5, count), 2),
            **{
                name: pd.Categorical.from_codes(rng.integers(0, len(levels), count), levels)
                for name, levels in LEVELS.items()
            },
            **{f"measure{at}": rng.random(count) for at in range(5)},
            "price": rng.random(count),
        }
    )


class _Scan:
    """Compare with every row, and sort what is left."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._codes = {name: rows[name].cat.codes.to_numpy() for name in LEVELS}
        self._size = rows["size"].to_numpy()

    def find(self, values: dict[str, Any]) -> np.ndarray:
        equal = np.ones(len(self._size), dtype=bool)
        for name, codes in self._codes.items():
            equal &= codes == LEVELS[name].index(values[name])
        at = np.flatnonzero(equal)
        distance = np.abs(self._size[at] - values["size"])
        return at[np.argsort(distance, kind="stable")[:NEAREST]]


def _compare(found: Similar, scan: _Scan, rows: pd.DataFrame, lookups: int) -> None:
    rng = np.random.default_rng(1)
    times: dict[str, list[float]] = {"look-up": [], "numpy scan": []}
    prices = rows["price"].to_numpy()
    scans = min(lookups, 100)  # they take longer
    for number in range(lookups):
        values: dict[str, Any] = {name: str(rng.choice(levels)) for name, levels in LEVELS.items()}
        values["size"] = float(rng.lognormal(0, 0.5))
        begun = time.perf_counter()
        items = found.find(values, NEAREST).items
        times["look-up"].append(time.perf_counter() - begun)
        if number >= scans:
            continue
        begun = time.perf_counter()
        at = scan.find(values)
        times["numpy scan"].append(time.perf_counter() - begun)
        if [item["target"] for item in items] != prices[at].tolist():
            raise SystemExit(f"They differ: {values}")
    for name, seconds in times.items():
        middle, slow = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
        print(f"{name:10} median {middle * 1e6:.0f} us, p99 {slow * 1e6:.0f} us")


def _memory() -> float:
    """Return the memory, in MB, that this process has for itself; mapped files are not its own."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
