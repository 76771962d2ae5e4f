"""What the warnings of answers cost: each round with them and without, in turn, in one process.

    python -m benchmarks.guard [bundle ...] [--rounds 40] [--rows 20000]

Per bundle (those of artifacts/bundles where none is named): the least microseconds of one answer,
from the record to the fields that are sent, and the least milliseconds of a CSV of so many rows,
from its bytes to those of the answer, of the processor's time. Records are the bundle's held-out
ones, over and over.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.predictions import answers, csv_answers
from app.registry import loaded, store
from app.registry.loaded import LoadedVersion
from app.registry.store import Registered
from app.store import ids
from src.config import paths
from src.inference import bundle, held_out
from src.support import files
from src.support.cli import guarded

LONGEST = 100_000  # characters of a text
CSV_ROUNDS = 8  # at most: one takes a second


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", type=int, default=20_000)
    arguments = parser.parse_args()
    every = arguments.bundles or sorted(
        path.parent for path in paths.BUNDLES.rglob("manifest.json")
    )
    guarded(lambda: run(every, arguments.rounds, arguments.rows))


def run(bundles: list[Path], rounds: int, rows: int) -> None:
    """Print a line per bundle and measure."""
    print(f"{'':24} {'':>14} {'without':>10} {'with':>10} {'more':>18}")
    for path in bundles:
        with _loaded(path, rows) as (serving, records):
            names = f"{serving.dataset.name} {serving.model['name']}"
            _line(names, "us an answer", _singles(serving, records, rounds), 1e6 / len(records))
            if len(str(records[0])) < 1000:  # a CSV of long texts is another matter
                sheet = _csv(serving, records, rows)
                found = _sheets(serving, sheet, rows, min(rounds, CSV_ROUNDS))
                _line(names, "ms a CSV", found, 1e3)


@contextmanager
def _loaded(path: Path, rows: int) -> Iterator[tuple[LoadedVersion, list[tuple[Any, ...]]]]:
    """Load a bundle as the service does, with its held-out records."""
    manifest = bundle.read_manifest(path)
    version = Registered(
        manifest["dataset"], 1, store.digest(manifest), manifest["model"], "", manifest
    )
    with tempfile.TemporaryDirectory() as folder:
        place = version.path(Path(folder))
        place.parent.mkdir(parents=True)
        place.symlink_to(path.absolute())
        serving = loaded.load(version, Path(folder), most_records=rows, longest_text=LONGEST)
        sample = (held_out.read(path, manifest) or {})["sample"]
        yield serving, [tuple(one["record"].values()) for one in sample]


def _singles(
    serving: LoadedVersion, records: list[tuple[Any, ...]], rounds: int
) -> dict[bool, list[float]]:
    def all_of(one: LoadedVersion) -> None:
        for record in records:
            answers.answer(one, [record], "an-id")

    return _in_turn(serving, all_of, rounds)


def _sheets(
    serving: LoadedVersion, sheet: bytes, rows: int, rounds: int
) -> dict[bool, list[float]]:
    def answered(one: LoadedVersion) -> None:
        table = csv_answers.read(one, sheet, most=rows, longest_text=LONGEST)
        found = answers.answer(one, table.values, ids.new())
        csv_answers.write(one, table, found)

    return _in_turn(serving, answered, rounds)


def _in_turn(
    serving: LoadedVersion, work: Callable[[LoadedVersion], None], rounds: int
) -> dict[bool, list[float]]:
    """Return seconds of each round, by whether there were warnings."""
    silent: Any = SimpleNamespace(warnings=lambda records, _: [[]] * len(records))
    kinds = {True: serving, False: replace(serving, guard=silent)}
    found: dict[bool, list[float]] = {True: [], False: []}
    for at in range(rounds + 1):
        for is_on in (True, False)[:: 1 if at % 2 else -1]:
            begun = time.process_time()
            work(kinds[is_on])
            if at:  # the first one warms up
                found[is_on].append(time.process_time() - begun)
    return found


def _csv(serving: LoadedVersion, records: list[tuple[Any, ...]], rows: int) -> bytes:
    whole = [records[at % len(records)] for at in range(rows)]
    cells = [["" if value is None else str(value) for value in record] for record in whole]
    return files.csv_text([list(serving.records.names), *cells], serving.dataset.separator).encode()


def _line(names: str, what: str, found: dict[bool, list[float]], scale: float) -> None:
    # The least, for what a machine does besides only adds.
    off, on = (min(found[is_on]) * scale for is_on in (False, True))
    more = on - off
    print(f"{names:24} {what:>14} {off:10.1f} {on:10.1f} {more:+10.1f} ({more / off:+.1%})")


if __name__ == "__main__":
    main()
