"""The service beside its peers: all sides in one run, in turn, medians, and the bar beside each.

    python -m benchmarks.serving [seconds] [rounds] [--peers <python>]

one record   requests per second over 16 connections: Falcon's hello under the service's settings
             (in threads, and in the worker's main loop where the service is), and under stock
             gthread; the service with all that it does, without its log, with two workers;
             FastAPI; MLflow
explain      what ?explain=true adds to a request
many         1,000 records in a request, beside the bare boosters on rows that are encoded already
start        from exec to the first prediction, and what a worker holds in memory

It needs wrk and what the pipeline made in the current folder; var/ is left alone. FastAPI (with
uvicorn[standard]) and MLflow are measured where --peers, a Python interpreter, has them beside
scikit-learn, xgboost and what src/ imports; it may be of an environment of their own.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from app.store import database as databases
from benchmarks.peers import servers, wrk
from benchmarks.peers.lab import (
    FASTAPI,
    HELLO,
    MLFLOW,
    OURS,
    PATH,
    QUICK,
    STOCK,
    TARGET,
    TWO,
    UNLOGGED,
    Lab,
    in_turn,
)
from benchmarks.peers.servers import Server
from benchmarks.peers.wrk import Load
from benchmarks.support import tables
from benchmarks.support.bars import Bar, show
from src.config import paths
from src.inference import bundle
from src.support.cli import guarded
from src.support.errors import UserError

EXPLAINED, MANY, BATCHES, STARTS = 400, 1000, 50, 5
FIGURES = (("rate", 0), ("p50", 2), ("p99", 2))  # of a load, and their digits


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("seconds", nargs="?", type=int, default=8, help="of load at a time")
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--peers", default=sys.executable, help="the Python that has the peers")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up then, too
    guarded(lambda: run(arguments.seconds, arguments.rounds, arguments.peers))


def run(seconds: int, rounds: int, peers: str) -> None:
    """Print a table per bar."""
    wrk.check()
    # On the project's own disk: the log is part of what is measured.
    with tempfile.TemporaryDirectory(prefix="serving-", dir=paths.BUNDLES.parent) as folder:
        with closing(Lab(Path(folder).resolve(), peers)) as lab:
            sides = lab.sides()
            loads = _load(sides, seconds, rounds)
            ours = sides[OURS].server
            _show_one_record(loads, seconds, rounds)
            _show_explain(lab, ours)
            _show_many(lab, ours)
            held = [servers.memory(worker) for worker in ours.workers()]
        _check_stored(lab, loads)
        _show_start(lab, held[0])


def _load(sides: dict[str, Any], seconds: int, rounds: int) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {name: [] for name in sides}
    for name, side in in_turn(sides, rounds):
        loads[name].append(side.load(seconds))
    return loads


def _show_one_record(loads: dict[str, list[Load]], seconds: int, rounds: int) -> None:
    rows = [
        [name, *(f"{_median(found, figure):.{digits}f}" for figure, digits in FIGURES)]
        for name, found in loads.items()
    ]
    title = f"one record a request, {wrk.CONNECTIONS} connections, {rounds} rounds of {seconds} s"
    tables.show(title, ["server", "requests/s", "p50 ms", "p99 ms"], rows)
    slow = statistics.median(load.p99 / load.p50 for load in loads[OURS])
    bars = [
        Bar("ours / hello", _ratio(loads, OURS, HELLO), 0.55, note="0.65 is within reach"),
        Bar("ours / hello in the main loop too", _ratio(loads, OURS, QUICK), 0.55),
        Bar("ours / hello under stock gthread", _ratio(loads, OURS, STOCK), 0.55),
        *(
            Bar(f"ours / {peer}", _ratio(loads, OURS, peer), limit)
            for peer, limit in {FASTAPI: 8, MLFLOW: 15}.items()
            if peer in loads
        ),
        Bar("p99 / p50", slow, 3, is_least=False),
        Bar("two workers / one", _ratio(loads, TWO, OURS), 1.6),
        Bar("what the log costs, %", 100 * (1 - _ratio(loads, OURS, UNLOGGED)), 20, is_least=False),
    ]
    show("its bars", bars)


def _median(loads: list[Load], figure: str) -> float:
    return statistics.median(getattr(load, figure) for load in loads)


def _ratio(loads: dict[str, list[Load]], one: str, other: str) -> float:
    """Return the median over the rounds of one side's rate to another's."""
    pairs = zip(loads[one], loads[other], strict=True)
    return statistics.median(a.rate / b.rate for a, b in pairs)


def _show_explain(lab: Lab, server: Server) -> None:
    """Ask each record both ways over one connection, one request at a time."""
    added = []
    with closing(server.connect()) as client:
        for number in range(EXPLAINED + 1):
            record = lab.records[number % len(lab.records)]
            plain = _seconds(_ask, client, PATH, record)
            explained = _seconds(_ask, client, f"{PATH}?explain=true", record)
            added.append(explained - plain)
    added = added[1:]  # the first one lays out the trees
    middle, slow = statistics.median(added) * 1000, statistics.quantiles(added, n=100)[98] * 1000
    bar = Bar("added, ms", middle, 3, is_least=False, note=f"p99 {slow:.2f}")
    show(f"?explain=true, {EXPLAINED} requests one after the other", [bar])


def _show_many(lab: Lab, server: Server) -> None:
    """Compare a request of many records with the boosters alone, in turn."""
    rows = lab.rows.sample(MANY, random_state=1, replace=len(lab.rows) < MANY)
    body = json.dumps(rows.to_dict("records")).encode()
    fitted = bundle.load(lab.bundle).model
    matrix = fitted.encoder.transform(rows)
    boosters = [member.get_booster() for member in fitted.members]
    for booster in boosters:
        booster.set_param({"nthread": 1})

    def over_http() -> bytes:
        with closing(server.connect()) as client:
            return _ask(client, PATH, body)

    answers = [answer[TARGET] for answer in json.loads(over_http())]
    if not np.allclose(answers, fitted.output(rows), rtol=1e-4):
        raise UserError("The service and the bundle's model answer otherwise.")
    ways: dict[str, Callable[[], Any]] = {
        "ours, over HTTP": over_http,
        "boosters, predict": lambda: [b.predict(xgboost.DMatrix(matrix)) for b in boosters],
        "boosters, inplace_predict": lambda: [b.inplace_predict(matrix) for b in boosters],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(BATCHES):
        for name, call in ways.items():
            times[name].append(_seconds(call))
    middle = {name: statistics.median(found) for name, found in times.items()}
    cells = [[name, f"{s * 1000:.1f}", f"{MANY / s:.0f}"] for name, s in middle.items()]
    title = f"{MANY} records, {len(boosters)} boosters"
    tables.show(title, ["way", "ms", "records/s"], cells)
    ours, *bare = middle.values()
    show("its bar", [Bar("ours / boosters, the faster way", min(bare) / ours, 0.5)])


def _show_start(lab: Lab, held: dict[str, float]) -> None:
    """Start with as many workers as the service takes by itself, on an empty and a full var/."""
    first: list[float] = []
    again: list[float] = []
    for number in range(STARTS):
        for found in (first, again):
            server = lab.service(f"start {number}", workers=None)  # the second finds a full var/
            found.append(server.wait(PATH, lab.records[0])[0])
            server.stop()
    bars = [
        Bar("exec to the first 200 ever, s", statistics.median(first), 3, is_least=False),
        Bar("exec to the first 200, s", statistics.median(again), 3, is_least=False),
        Bar("memory of a worker, MB (RSS)", held["Rss"], 250, is_least=False),
        Bar("memory of a worker, MB (PSS)", held["Pss"], 250, is_least=False),
    ]
    show(f"start, median of {STARTS}; memory after all of the above", bars)


def _check_stored(lab: Lab, loads: dict[str, list[Load]]) -> None:
    """Raise UserError unless what should be logged is, and what should not is not."""
    for name in (OURS, TWO, UNLOGGED):
        url = f"sqlite:///{lab.var(name) / 'lapidary.db'}"
        database = databases.connect(url, "process", 5)
        ((stored,),) = database.execute_sql("SELECT count(*) FROM request")
        database.close()
        answered = 0 if name == UNLOGGED else sum(load.requests for load in loads[name])
        print(f"{name}: {answered} answers were counted, {stored} are in the database")
        if stored < answered or (name == UNLOGGED and stored):
            raise UserError("The log is not what the figures say.", given=name)


def _ask(client: Any, path: str, body: bytes) -> bytes:
    status, answer = servers.post(client, path, body)
    if status != 200:
        raise UserError("The service refused.", given=answer[:500])
    return answer


def _seconds(call: Callable[..., Any], *given: Any) -> float:
    begun = time.perf_counter()
    call(*given)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
