"""A single prediction beside Falcon's hello in the same main loop, and what its parts cost.

    python -m benchmarks.light [seconds] [rounds]

side by side   requests per second over 16 connections and the worker's CPU for each, in turn:
               medians, and the medians of the ratios of hello, the service, and the service with
               every request read by gunicorn's parser and answered through Falcon
by part        microseconds of CPU in one process, on the short way and on the long one, medians;
               what a worker spends beside that under load is its loop, its sockets and what others
               do to its caches

It needs wrk and what the pipeline made in the current folder; var/ is left alone.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import light_parts
from benchmarks.peers import servers, wrk
from benchmarks.peers.lab import OURS, QUICK, Lab, Side, in_turn
from benchmarks.support import tables
from benchmarks.support.bars import Bar, show
from src.config import paths
from src.support.cli import guarded

PARSED = "ours, parsed by gunicorn"
APPS = {
    QUICK: "benchmarks.peers.hello:quick",
    OURS: "app:api",
    PARSED: "benchmarks.peers.parsed:api",
}


@dataclass(frozen=True)
class Spent:
    """What a worker answered and spent: requests a second, milliseconds, CPU microseconds each."""

    rate: float
    p50: float
    p99: float
    cpu: float


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.light",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("seconds", nargs="?", type=int, default=4, help="of load at a time")
    parser.add_argument("rounds", nargs="?", type=int, default=9)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up then, too
    guarded(lambda: run(arguments.seconds, arguments.rounds))


def run(seconds: int, rounds: int) -> None:
    """Print a table of the sides, the bar, and a table of the parts."""
    wrk.check()
    # On the project's own disk: the log is part of what is measured.
    with tempfile.TemporaryDirectory(prefix="light-", dir=paths.BUNDLES.parent) as folder:
        with closing(Lab(Path(folder).resolve(), sys.executable)) as lab:
            sides = {name: lab.own(name, app) for name, app in APPS.items()}
            spent = _load(sides, seconds, rounds)
            _show_sides(spent, f"{wrk.CONNECTIONS} connections, {rounds} rounds of {seconds} s")
        short, long = light_parts.measure(lab)
    _show_parts(short, long, {name: _median(all_of, "cpu") for name, all_of in spent.items()})


def _load(sides: dict[str, Side], seconds: int, rounds: int) -> dict[str, list[Spent]]:
    spent: dict[str, list[Spent]] = {name: [] for name in sides}
    for name, side in in_turn(sides, rounds):
        (worker,) = side.server.workers()
        before = servers.cpu_seconds(worker)
        load = side.load(seconds)
        each = (servers.cpu_seconds(worker) - before) / load.requests * 1e6
        spent[name].append(Spent(load.rate, load.p50, load.p99, each))
    return spent


def _show_sides(spent: dict[str, list[Spent]], how: str) -> None:
    columns = ["server", "CPU us a request", "requests/s", "p50 ms", "p99 ms", "CPU / hello"]
    figures = [("cpu", 0), ("rate", 0), ("p50", 2), ("p99", 2)]
    rows = [
        [
            name,
            *(f"{_median(all_of, figure):.{digits}f}" for figure, digits in figures),
            f"{_ratio(spent, name, QUICK, 'cpu'):.2f}",
        ]
        for name, all_of in spent.items()
    ]
    tables.show(f"one record a request, {how}", columns, rows)
    bars = [
        Bar("ours / hello, requests/s", _ratio(spent, OURS, QUICK, "rate"), 0.8),
        Bar("hello / ours, CPU a request", _ratio(spent, QUICK, OURS, "cpu"), 0.8),
        Bar("ours / parsed, CPU a request", _ratio(spent, OURS, PARSED, "cpu"), 1, is_least=False),
    ]
    show("its bars, medians of the rounds' ratios", bars)


def _show_parts(
    short: dict[str, float], long: dict[str, float], under_load: dict[str, float]
) -> None:
    rows = [[name, f"{short[name]:.1f}", f"{long[name]:.1f}"] for name in long]
    sums = [sum(short.values()), sum(long.values())]
    rows.append(["all of these", *(f"{one:.1f}" for one in sums)])
    loaded = [under_load[OURS], under_load[PARSED]]
    rows.append(
        ["the rest, under load", *(f"{a - b:.1f}" for a, b in zip(loaded, sums, strict=True))]
    )
    tables.show("CPU microseconds by part", ["part", "short way", "long way"], rows)


def _median(spent: list[Spent], figure: str) -> float:
    return statistics.median(getattr(one, figure) for one in spent)


def _ratio(spent: dict[str, list[Spent]], one: str, other: str, figure: str) -> float:
    """Return the median over the rounds of one side's figure to another's."""
    pairs = zip(spent[one], spent[other], strict=True)
    return statistics.median(getattr(a, figure) / getattr(b, figure) for a, b in pairs)


if __name__ == "__main__":
    main()
