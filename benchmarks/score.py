"""How long `src.score` takes for many rows, and how much memory, beside the bare booster.

    python -m benchmarks.score [rows ...] [--times n]

The rows of data/diamonds.csv are repeated, moved a little, and scored by the champion to Parquet,
in one process. The peer is the champion's boosters alone, by XGBoost's library: it gets the same
rows as the batches of numbers that the model sees, and writes nothing
(benchmarks/peers/bare_booster.py). Sides take turns, each in a process of its own; seconds are of
the processor, starts of the interpreter among them, and the least of each side.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.prepare import SOURCE, Cost, cost, write
from benchmarks.support import tables
from src.config import paths
from src.data import sources
from src.description import reading
from src.inference.tree_models.forest import Forest
from src.runs import verdicts
from src.scoring import slices
from src.scoring import version as versions
from src.scoring.typed import Reader
from src.support.cli import guarded
from src.support.errors import UserError

DATASET = SOURCE.stem
ROWS = [200_000, 1_000_000]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.score",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", type=int, default=ROWS)
    parser.add_argument("--times", type=int, default=2, help="how often each side takes its turn")
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.rows, arguments.times))


def run(rows: list[int], times: int) -> None:
    """Print a line for each number of rows."""
    verdict = verdicts.read().get(DATASET)
    if verdict is None or verdict.champion is None or not SOURCE.is_file():
        raise UserError("There is no champion to score by.", given=DATASET, fix="make run")
    place = paths.BUNDLES / DATASET / verdict.champion
    cells = [_measured(number, times, place) for number in rows]
    head = [
        "rows",
        "bytes",
        "CPU s",
        "booster, CPU s",
        "booster / score",
        "peak, MB",
        "booster, MB",
    ]
    tables.show(f"scoring by {verdict.champion}, to Parquet, one process", head, cells)


def _measured(number: int, times: int, place: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder, here = Path(name), Path.cwd()
        source = folder / "rows.csv"
        write(source, number, is_moved=True)
        _encode(source, place, folder)
        ours: list[Cost] = []
        theirs: list[Cost] = []
        words = [f"dataset={DATASET}", f"source={source}", "processes=1"]
        for turn in range(times):  # each into a folder of its own: what is there would be kept
            ours.append(cost(here, "src.score", *words, f"to={folder / f'scored-{turn}'}"))
            theirs.append(cost(here, "benchmarks.peers.bare_booster", str(place), str(folder)))
        own, peer = (min(one.seconds for one in side) for side in (ours, theirs))
        peaks = (max(one.peak for one in side) for side in (ours, theirs))
        return [
            *(f"{number:,}", f"{source.stat().st_size:,}"),
            *(f"{own:.1f}", f"{peer:.1f}", f"{peer / own:.2f}"),
            *(f"{peak / 1e6:.0f}" for peak in peaks),
        ]


def _encode(source: Path, place: Path, folder: Path) -> None:
    """Write the batches that the model sees."""
    version = versions.load(place)
    reader, scorer = Reader(version.dataset), getattr(version.predictor.model, "scorer", None)
    if not isinstance(scorer, Forest) or not scorer.boosters:
        raise UserError("The champion is no booster of XGBoost.", given=place)
    with reading.quietly():
        stream = sources.Stream(str(source), columns=reader.needed(), **version.dataset.reading())
        for rows in slices.of(stream, sources.BATCH):
            cells, _, _ = reader.read(rows)
            matrix = scorer.columns.matrix(cells).astype(np.float32)
            np.save(folder / f"batch-{rows.number:05d}.npy", matrix)


if __name__ == "__main__":
    main()
