"""Labels, and trainings without the service: asked for, run here or in a process of their own."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.http.exchange import HERE
from app.labels import store as label_store
from app.settings import Settings
from app.store import ids
from app.trainings import run
from app.trainings import store as training_store
from app.trainings.retries import DatabaseWriter
from app.trainings.workspace import Workspace
from src.data.kinds.spelling import spelt
from tests.app import project

PATIENCE = 120.0  # seconds: a training lets everybody else go first
RUN = {"reason": "asked", "by": "me", "name": "", "model": "logistic", "search": "none"}
ENDLESS = {"model": "xgboost", "search": "optuna", "trials": 1000}


class Quiet:
    """What a training tells of its progress, without a thread and a database."""

    def __init__(self) -> None:
        self.progress: dict[str, Any] = {}
        self.said: list[str] = []

    def stage(self, name: str, total: int) -> None:
        self.progress = {"stage": name, "of": total}

    def step(self, note: str = "") -> None:
        self.said.append(note)

    def say(self, text: str) -> None:
        self.said.append(text)


def debts(count: int, seed: int = 9) -> list[dict[str, Any]]:
    """Draw labelled debts, of which the larger ones are late."""
    draw = random.Random(seed)
    drawn = [round(draw.uniform(1, 1000), 2) for _ in range(count)]
    return [
        {
            "amount": amount,
            "owner": draw.choice(["north", "south"]),
            "days": draw.choice([None, 3, 12]),
            "late": str(int(amount + draw.uniform(-150, 150) > 500)),
        }
        for amount in drawn
    ]


def label(
    database: peewee.Database, rows: list[dict[str, Any]], dataset: str = "debts", **more: Any
) -> list[str]:
    """Store flat rows as labels; return their ids."""
    target = project.TARGETS[dataset]
    numbers = [ids.new() for _ in rows]
    truths = [row[target] if isinstance(row[target], str) else spelt(row[target]) for row in rows]
    records = [
        json.dumps({name: value for name, value in row.items() if name != target}).encode()
        for row in rows
    ]
    words = {"source": HERE.name, "upload": ids.new(), **more}
    with database.atomic():
        label_store.insert(database, label_store.rows(dataset, numbers, truths, records, **words))
    return numbers


def ask(database: peewee.Database, **changes: Any) -> str:
    """Put a training into the queue; return its id."""
    number = ids.new()
    row = {"id": number, "dataset": "debts", "trials": None, "use": "both", **RUN, **changes}
    training_store.ask(database, row)
    return number


def train(database: peewee.Database, settings: Settings, **changes: Any) -> dict[str, Any]:
    """Ask for a training and run it in this process; return its row, with its result read."""
    number = ask(database, **changes)
    assert training_store.claim(database, number, 99)
    row, place = training_store.find(database, number), Workspace(settings.folder(), number)
    quiet: Any = Quiet()
    with DatabaseWriter(database) as errands:
        done = run.train(settings, database, row, place, quiet, errands)
    run.publish(database, row, done, quiet)
    place.clear()
    return ended(database, number)


def ended(database: peewee.Database, number: str) -> dict[str, Any]:
    """Return a training as it stands, what is JSON read."""
    row = training_store.find(database, number)
    for name in ("progress", "result"):
        row[name] = None if row[name] is None else json.loads(bytes(row[name]))
    return row


def wait_until(is_so: Callable[[], bool], place: Workspace) -> None:
    """Wait for something to become true."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError("\n".join(["not in time", *place.lines()]))
        time.sleep(0.05)


def as_environment(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Let processes that are started find this project, its database and its folder."""
    monkeypatch.setenv("PYTHONPATH", str(project.ROOT))
    monkeypatch.setenv("DATABASE_URL", settings.url())
    monkeypatch.setenv("LAPIDARY_VAR", settings.var)
    monkeypatch.setenv("LAPIDARY_WAIT", str(settings.wait))


def is_running(pid: int) -> bool:
    """Tell whether a process lives, and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def group(leader: int) -> set[int]:
    """Return the living processes of a process group."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) == leader and is_running(int(path.name)):
                found.add(int(path.name))
        except OSError:
            continue
    return found
