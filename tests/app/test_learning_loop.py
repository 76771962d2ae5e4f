"""The learning loop as people use it: against a running gunicorn, and with its processes killed."""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from app.labels import store as label_store
from app.store import database as databases
from app.store import ids
from app.store.tables import Label, Training
from app.trainings import store as training_store
from tests.app import project
from tests.app.server import PATIENCE, Server, running

pytestmark = pytest.mark.slow

LABELS = "/v1/debts/labels"
PREDICTIONS = "/v1/debts/predictions"
TRAININGS = "/v1/debts/trainings"
FINAL = (training_store.DONE, training_store.FAILED, training_store.CANCELLED, training_store.LOST)
LONG = 120.0  # seconds for what takes ten


def rule(home: Path, **rules: Any) -> None:
    """Write the rules of the debts as a person would edit the YAML."""
    path = home / "conf/dataset/debts.yaml"
    fresh = path.with_suffix(".fresh")
    project.dump(fresh, {**project.DEBTS, **rules})
    fresh.rename(path)


def rows(count: int, seed: int) -> list[list[Any]]:
    draw = random.Random(seed)
    found = []
    for at in range(count):
        amount = draw.uniform(1, 1000)  # no two alike
        late = int(amount + draw.uniform(-150, 150) > 500)
        found.append([late, at % 30, ("north", "south")[at % 2], amount])
    return found


def sheet(found: list[list[Any]]) -> bytes:
    """Write rows as a CSV, with its columns in another order than the dataset's."""
    text = io.StringIO()
    csv.writer(text).writerows([["late", "days", "owner", "amount"], *found])
    return text.getvalue().encode()


def wait_for(what: Callable[[], bool], words: str, patience: float = LONG) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {patience:g} s: {words}")


def until(status: int, server: Server, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Ask until it is answered so: each worker hears of a changed rule at its own time."""
    seen: list[Any] = []

    def is_so() -> bool:
        seen.append(server.ask(method, path, body))
        return seen[-1][0] == status

    wait_for(is_so, f"{method} {path} is answered with {status}")
    return seen[-1][1]


def ended(server: Server, path: str) -> dict[str, Any]:
    """Follow a training to its end."""
    seen: list[dict[str, Any]] = []

    def is_over() -> bool:
        status, document = server.ask("GET", path)
        assert status == 200, document
        seen.append(document)
        return document["state"] in FINAL

    wait_for(is_over, f"{path} ends")
    return seen[-1]


def train(server: Server, **asked: Any) -> dict[str, Any]:
    status, job = server.ask("POST", TRAININGS, asked)
    assert status == 202, job
    return ended(server, f"{TRAININGS}/{job['id']}")


def test_the_whole_story(home: Path, tmp_path: Path) -> None:
    rule(home, on_breach="refuse", gate={"precision": {"min": 0.5}})
    with running(home, tmp_path / "var", workers="2") as server:
        status, answer = server.ask("POST", LABELS, sheet(rows(20_000, 1)), media="text/csv")
        assert (status, answer["stored"], answer["refused"]) == (200, 20_000, 0)

        first = train(server, model="logistic", use="labels", name="the first")
        assert first["state"] == "done", first
        kpis = first["kpis"]
        assert kpis["labels"]["total"] == kpis["labels"]["train"] + kpis["labels"]["test"] == 20_000
        assert sum(kpis["labels"]["per_class"].values()) == 20_000
        four = ("true_positives", "false_positives", "true_negatives", "false_negatives")
        assert sum(kpis["confusion"][name] for name in four) == kpis["labels"]["test"]
        assert kpis["gate"] == {"passed": True, "missed": []}
        assert kpis["comparison"]["champion"] == 1
        assert first["log"]
        second = train(server, model="xgboost", use="both")

        example = server.ask("GET", "/v1/debts")[1]["example"]
        older = f"{PREDICTIONS}?version={first['version']}"
        status, answer = server.ask("POST", older, example)
        assert status == 200, answer
        assert answer["late"] in (0, 1)
        assert 0.5 <= answer["probability"] <= 1
        listed = server.ask("GET", TRAININGS)[1]["trainings"]
        assert [one["id"] for one in listed] == [second["id"], first["id"]]
        series = server.ask("GET", f"{TRAININGS}/series")[1]["series"]
        assert [(one["training"], one["labels"]) for one in series] == [
            (first["id"], 20_000),
            (second["id"], 20_000),
        ]

        rule(home, on_breach="refuse", retrain={"after_labels": 100, "model": "logistic"})
        status, answer = server.ask("POST", LABELS, sheet(rows(100, 2)), media="text/csv")
        assert (status, answer["stored"]) == (200, 100)
        wait_for(lambda: len(server.ask("GET", TRAININGS)[1]["trainings"]) == 3, "it retrains")
        newest = server.ask("GET", TRAININGS)[1]["trainings"][0]
        assert (newest["reason"], newest["by"]) == ("after_labels", "retrain")
        third = ended(server, f"{TRAININGS}/{newest['id']}")
        assert third["kpis"]["labels"]["total"] == 20_100

        rule(home, on_breach="refuse", gate={"precision": {"min": 0.9999}})
        refusal = until(503, server, "POST", PREDICTIONS, example)
        assert "precision" in refusal["detail"]
        assert "is below 0.9999" in refusal["detail"]
        refusal = until(409, server, "POST", older, example)
        assert "precision" in refusal["detail"]
        fourth = train(server, model="logistic", use="labels")
        assert not fourth["kpis"]["gate"]["passed"]
        assert not fourth["kpis"]["promoted"]
        rule(home)

        status, answer = server.ask("POST", f"{LABELS}?source=wrong", {**example, "late": 1})
        assert status == 200, answer
        assert server.ask("DELETE", f"{LABELS}?source=wrong")[0] == 409
        assert server.ask("DELETE", f"{LABELS}?source=wrong&confirm=1")[1] == {"deleted": 1}
        assert server.ask("GET", f"{LABELS}?source=wrong")[1]["labels"] == []

        number = until(200, server, "POST", PREDICTIONS, example)["id"]
        status, label = server.ask("PUT", f"{PREDICTIONS}/{number}/label", {"late": 1})
        assert status == 200, label
        found = server.ask("GET", f"{LABELS}?prediction={number}")[1]["labels"]
        assert [(one["id"], one["late"]) for one in found] == [(label["id"], 1)]
        board = server.ask("GET", "/v1/debts/scoreboard")[1]["versions"]
        assert [one["labels"] for one in board] == [1]


class Clients:
    """Post labels, predict and train until they are stopped, whatever becomes of the service."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: list[str] = []
        self.predicted = 0
        self.asked: list[str] = []
        self._example = server.ask("GET", "/v1/debts")[1]["example"]
        self._stop = threading.Event()
        work = (self._post, self._predict, self._train)
        self._threads = [threading.Thread(target=self._until_stopped, args=(one,)) for one in work]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a client waits for ever"

    def _until_stopped(self, work: Callable[[int], None]) -> None:
        number = 0
        while not self._stop.is_set():
            work(number)
            number += 1

    def _ask(self, *words: Any, **named: Any) -> tuple[int, Any]:
        # A killed worker's answer may end in the middle.
        with suppress(OSError, ValueError, HTTPException):
            return self.server.ask(*words, timeout=5, **named)
        time.sleep(0.1)
        return 0, None

    def _post(self, number: int) -> None:
        """Post a batch again and again until it is acknowledged."""
        body = sheet(rows(50, 1000 + number))
        key = {"Idempotency-Key": f"batch-{number}"}
        while not self._stop.is_set():
            status, answer = self._ask("POST", LABELS, body, media="text/csv", **key)
            assert status in (0, 200, 503), answer
            if status == 200:
                self.acknowledged += answer["ids"]
                return

    def _predict(self, _: int) -> None:
        status, answer = self._ask("POST", PREDICTIONS, self._example)
        assert status in (0, 200, 503), answer
        self.predicted += status == 200

    def _train(self, number: int) -> None:
        asked = {"model": ("logistic", "xgboost")[number % 2], "use": "both"}
        status, job = self._ask("POST", TRAININGS, asked)
        if status == 202:
            self.asked.append(job["id"])
        self._stop.wait(2)


def processes(kind: str, server: Server, asked: list[str]) -> list[int]:
    """Find processes of a kind; those of trainings by what they were called with."""
    if kind == "master":
        return [server.process.pid]
    if kind == "worker":
        return server.workers()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().decode().split("\0")
            if "app.trainings.job" in words and any(number in words for number in asked):
                found.append(int(path.parent.name))
    return found


def test_nothing_acknowledged_is_lost_when_processes_are_killed(home: Path, tmp_path: Path) -> None:
    """Twenty times kill -9 of a worker, of a training's process or of gunicorn's master."""
    chance = random.Random(0)
    kinds = ["worker", "job", "master"] * 6 + ["job", "job"]
    chance.shuffle(kinds)
    var = tmp_path / "var"
    killed = dict.fromkeys(kinds, 0)
    clients: Clients | None = None
    while kinds:
        with running(home, var, workers="2") as server:
            if clients is None:
                clients = Clients(server)
            clients.server = server
            while kinds:
                time.sleep(chance.uniform(0.2, 1.5))
                kind = kinds[-1]
                targets = processes(kind, server, clients.asked)
                if not targets:
                    continue
                kinds.pop()
                killed[kind] += 1
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(targets), signal.SIGKILL)
                if kind == "master":
                    break
    assert clients is not None
    assert killed == {"worker": 6, "job": 8, "master": 6}
    with running(home, var, workers="2") as server:
        clients.server = server
        time.sleep(1)
        clients.stop()
        example = server.ask("GET", "/v1/debts")[1]["example"]
        for one in server.ask("GET", f"{TRAININGS}?state=queued&limit=1000")[1]["trainings"]:
            server.ask("DELETE", f"{TRAININGS}/{one['id']}")
        wait_for(
            lambda: not server.ask("GET", f"{TRAININGS}?state=running")[1]["trainings"],
            "the last training ends",
        )
        assert train(server, model="logistic")["state"] == training_store.DONE
        assert server.ask("POST", PREDICTIONS, example)[0] == 200
    assert clients.predicted > 20
    assert len(clients.acknowledged) > 500
    check(var, clients)


def check(var: Path, clients: Clients) -> None:
    """Look at the database itself: whole, with all that was acknowledged, each once."""
    database = databases.connect(f"sqlite:///{var / 'lapidary.db'}", "process", PATIENCE)
    try:
        assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
        pages = label_store.pages(database, label_store.live("debts"))
        found = [row["id"] for page in pages for row in page]
        assert set(clients.acknowledged) <= set(found)
        assert len(set(clients.acknowledged)) == len(clients.acknowledged)
        cells = Label.select(Label.record, Label.value).tuples().execute(database)
        stored = [(bytes(record), value) for record, value in cells]
        assert len(set(stored)) == len(stored), "a batch was stored twice"
        states = Training.select(Training.id, Training.state).tuples().execute(database)
        known = dict(states)
        assert set(clients.asked) <= set(known)
        assert set(known.values()) <= set(FINAL)
        assert training_store.LOST in known.values()
        assert all(ids.is_one(number) for number in known)
    finally:
        database.close()
