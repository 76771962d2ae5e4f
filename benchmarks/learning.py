"""The learning loop: posting labels beside the bare database, and answering while a model trains.

    python -m benchmarks.learning [rounds] [seconds]

csv        the payments as one CSV, beside a bare executemany of the same rows into the same table
batches    the same as 100 posts of JSON by four clients at once, answers given meanwhile
training   p99 of the service at rest and while a search of 2 x XGBoost trains, in turn

It needs wrk and what the pipeline made in the current folder; var/ is left alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from app.labels import store as label_store
from app.store import database as databases
from app.store import ids
from app.store.migrations import migrate
from benchmarks.peers import servers, wrk
from benchmarks.peers.lab import PATH, Lab
from benchmarks.peers.servers import Server
from benchmarks.support import tables
from benchmarks.support.bars import Bar, show
from src.config import paths
from src.support.cli import guarded
from src.support.errors import UserError

DATASET = "payments"
LABELS, TRAININGS = f"/v1/{DATASET}/labels", f"/v1/{DATASET}/trainings"
PREDICTIONS = f"/v1/{DATASET}/predictions"
BATCHES, CLIENTS = 100, 4
SEARCH = {"model": "xgboost", "search": "optuna", "trials": 1000, "use": "labels"}
ENDS = ("done", "failed", "cancelled", "lost")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.learning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rounds", nargs="?", type=int, default=7)
    parser.add_argument("seconds", nargs="?", type=int, default=8, help="of load at a time")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up then, too
    guarded(lambda: run(arguments.rounds, arguments.seconds))


def run(rounds: int, seconds: int) -> None:
    """Print a table per bar."""
    wrk.check()
    data = (paths.DATA / f"{DATASET}.csv").read_bytes()
    with (
        tempfile.TemporaryDirectory(prefix="learning-", dir=paths.BUNDLES.parent) as folder,
        closing(Lab(Path(folder).resolve(), sys.executable)) as lab,
    ):
        server = lab.service("labels", workers=2, LAPIDARY_JOBS="0")
        server.wait(PATH, lab.records[0])
        _show_csv(lab, server, data, rounds)
        _show_batches(lab, server, data)
        server.stop()
        server = lab.service("training", workers=2)
        server.wait(PATH, lab.records[0])
        _show_training(lab, server, data, rounds, seconds)
        server.stop()


def _show_csv(lab: Lab, server: Server, data: bytes, rounds: int) -> None:
    """Post the file and insert its rows, in turn; both tables grow alike."""
    _post(server, LABELS, data, "text/csv")
    stored = _stored(lab, "labels")
    url = f"sqlite:///{lab.var('bare') / 'lapidary.db'}"
    bare = databases.connect(url, "process", 5)
    migrate(bare)
    ours, theirs = [], []
    memory = [max(servers.memory(worker)["Rss"] for worker in server.workers())]
    for _ in range(rounds):
        ours.append(_seconds(_post, server, LABELS, data, "text/csv"))
        theirs.append(_seconds(_insert, bare, stored[0], _rows(stored)))
    memory.append(max(servers.memory(worker)["Rss"] for worker in server.workers()))
    bare.close()
    rates = [
        [name, f"{len(stored) / statistics.median(found):.0f}"]
        for name, found in (("posted, over HTTP", ours), ("bare executemany", theirs))
    ]
    tables.show(f"{len(stored)} labels as one CSV, median of {rounds}", ["way", "rows/s"], rates)
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    grown = memory[1] - memory[0]
    show(
        "its bars",
        [
            Bar("ours / bare", ratio, 0.5),
            Bar("growth of a worker, MB", grown, 20, is_least=False, note=f"{rounds} posts"),
        ],
    )


def _show_batches(lab: Lab, server: Server, data: bytes) -> None:
    """Post in batches from several clients, and predict meanwhile."""
    with closing(server.connect()) as client:
        client.request("GET", f"/v1/{DATASET}")
        example = json.dumps(json.loads(client.getresponse().read())["example"]).encode()
    found = [_typed(row) for row in csv.DictReader(data.decode().splitlines())]
    size = -(-len(found) // BATCHES)
    bodies = [json.dumps(found[at : at + size]).encode() for at in range(0, len(found), size)]
    before = len(_stored(lab, "labels"))
    stop, answered = threading.Event(), []

    def predict() -> None:
        with closing(server.connect()) as client:
            while not stop.is_set():
                answered.append(_seconds(servers.post, client, PREDICTIONS, example))

    asking = threading.Thread(target=predict)
    asking.start()
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        posted = list(pool.map(lambda body: _post(server, LABELS, body), bodies))
    seconds = time.perf_counter() - begun
    stop.set()
    asking.join()
    stored = sum(answer["stored"] for answer in posted)
    gained = len(_stored(lab, "labels")) - before
    if stored != gained:
        raise UserError("Labels were lost or doubled.", given=f"{stored} said, {gained} stored")
    slow = statistics.quantiles(answered, n=100)[98] * 1000
    print(
        f"{len(bodies)} batches, {CLIENTS} clients: {stored} labels acknowledged and stored, each "
        f"once, {stored / seconds:.0f} a second; {len(answered)} answers meanwhile, "
        f"p99 {slow:.1f} ms"
    )


def _show_training(lab: Lab, server: Server, data: bytes, rounds: int, seconds: int) -> None:
    """Load the service at rest and beside a training, in turn."""
    _post(server, LABELS, data, "text/csv")
    url = f"http://127.0.0.1:{server.port}{PATH}"
    bodies = wrk.write(lab.records, lab.var("training") / "records")
    _wait_for_rest(server)
    wrk.run(url, bodies, 1)
    rest, busy = [], []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        rest.append(wrk.run(url, bodies, seconds))
        job = _post(server, TRAININGS, json.dumps(SEARCH).encode())
        _wait_for(server, job["id"], "search")
        busy.append(wrk.run(url, bodies, seconds))
        _request(server, "DELETE", f"{TRAININGS}/{job['id']}")
        _wait_for_rest(server)
    rows = [
        [
            name,
            *(
                f"{statistics.median(getattr(one, figure) for one in found):.2f}"
                for figure in ("rate", "p50", "p99")
            ),
        ]
        for name, found in (("at rest", rest), ("while a model trains", busy))
    ]
    tables.show(
        f"one record a request, {wrk.CONNECTIONS} connections, 2 workers",
        ["service", "requests/s", "p50 ms", "p99 ms"],
        rows,
    )
    ratio = statistics.median(b.p99 / a.p99 for a, b in zip(rest, busy, strict=True))
    show("its bar", [Bar("p99 while training / at rest", ratio, 3, is_least=False)])


def _wait_for(server: Server, number: str, stage: str) -> None:
    """Wait until a training is in a stage."""
    while True:
        found = _request(server, "GET", f"{TRAININGS}/{number}")
        if found["progress"].get("stage") == stage:
            return
        if found["state"] in ENDS:
            raise UserError("The training has ended early.", given=found["error"])
        time.sleep(0.1)


def _wait_for_rest(server: Server) -> None:
    """Cancel what the labels themselves asked for, and wait until nothing trains."""
    time.sleep(1)
    for state in ("queued", "running"):
        for job in _request(server, "GET", f"{TRAININGS}?state={state}")["trainings"]:
            _request(server, "DELETE", f"{TRAININGS}/{job['id']}")
    time.sleep(2)


def _stored(lab: Lab, name: str) -> list[dict[str, Any]]:
    url = f"sqlite:///{lab.var(name) / 'lapidary.db'}"
    database = databases.connect(url, "process", 5)
    try:
        pages = label_store.pages(database, label_store.live(DATASET))
        return [row for page in pages for row in page]
    finally:
        database.close()


def _rows(stored: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Make the rows of a post anew, with ids of their own."""
    numbers = ids.following(ids.new(), len(stored))
    changed = ({**row, "id": number} for row, number in zip(stored, numbers, strict=True))
    return [tuple(row.values()) for row in changed]


def _insert(database: Any, columns: Iterable[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert rows as anybody would who knows that executemany is the fast way."""
    marks = ", ".join(["?"] * len(rows[0]))
    sql = f"INSERT INTO label ({', '.join(columns)}) VALUES ({marks})"
    with databases.writing(database):
        database.cursor().executemany(sql, rows)


def _typed(row: dict[str, str]) -> dict[str, Any]:
    """Write a CSV's row as JSON would: what reads as a number is one."""
    return {name: json.loads(cell) if cell else None for name, cell in row.items()}


def _post(server: Server, path: str, body: bytes, media: str = "application/json") -> Any:
    return _request(server, "POST", path, body, media)


def _request(
    server: Server, method: str, path: str, body: bytes = b"", media: str = "application/json"
) -> Any:
    with closing(server.connect()) as client:
        client.request(method, path, body, {"Content-Type": media})
        response = client.getresponse()
        answer = response.read()
    if response.status >= 300 and response.status != 409:
        raise UserError("The service refused.", given=answer[:500])
    return json.loads(answer)


def _seconds(call: Any, *given: Any) -> float:
    begun = time.perf_counter()
    call(*given)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
