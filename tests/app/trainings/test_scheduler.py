"""Who looks after trainings and champions, and what hinders whom."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import threading
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.settings import Settings
from app.trainings import scheduler
from app.trainings import store as training_store
from app.trainings.judging.gate_watch import GateWatch
from app.trainings.launcher import Launcher
from app.trainings.scheduler import Scheduler
from app.trainings.triggers import RetrainTrigger
from src.support import recurring
from src.support.errors import UserError
from tests.app.trainings.jobs import ask

PATIENCE = 30.0


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Note which duty looks, at once after another; a value in place of None is raised."""
    monkeypatch.setattr(recurring, "SHARE", math.inf)
    found: dict[str, Any] = {"order": []}

    def stand_in(kind: type) -> None:
        def look(_: Any) -> None:
            found["order"].append(kind.__name__)
            if kind.__name__ in found:
                raise found[kind.__name__]

        monkeypatch.setattr(kind, "look", look)

    for kind in (Launcher, RetrainTrigger, GateWatch):
        stand_in(kind)
    return found


def test_every_duty_is_done(
    home: Path, database: peewee.Database, settings: Settings, looked: dict[str, Any]
) -> None:
    Scheduler(settings, os.getpid()).look()
    assert looked["order"] == ["Launcher", "RetrainTrigger", "GateWatch"]


def test_labels_are_looked_at_for_a_share_of_the_time_and_trainings_always(
    home: Path,
    database: peewee.Database,
    settings: Settings,
    looked: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]

    def tick() -> float:
        now[0] += 1
        return now[0]

    monkeypatch.setattr(recurring, "SHARE", 0.05)
    monkeypatch.setattr(recurring.time, "monotonic", tick)  # each look takes a second
    it = Scheduler(settings, os.getpid())
    for _ in range(3):
        it.look()
    assert looked["order"] == ["Launcher", "RetrainTrigger", "GateWatch", "Launcher", "Launcher"]
    now[0] += 20
    it.look()
    assert looked["order"][-3:] == ["Launcher", "RetrainTrigger", "GateWatch"]


@pytest.mark.parametrize(
    "error",
    [peewee.OperationalError("away"), OSError("full"), UserError("no conf/"), ZeroDivisionError()],
)
def test_what_hinders_one_hinders_no_other_and_is_told_once(
    home: Path,
    database: peewee.Database,
    settings: Settings,
    looked: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    it = Scheduler(settings, os.getpid())
    looked["Launcher"] = looked["RetrainTrigger"] = error
    for _ in range(3):
        it.look()
    assert looked["order"][-3:] == ["Launcher", "RetrainTrigger", "GateWatch"]
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [words.split(":")[0] for words in told] == ["trainings", "retraining"]
    assert (str(error) or "ZeroDivisionError()") in told[0]
    assert (caplog.records[0].exc_info is not None) is isinstance(error, ZeroDivisionError)
    del looked["Launcher"]
    it.look()
    looked["Launcher"] = error
    it.look()
    assert len(caplog.records) == 3, "again, once it had gone well"


def test_a_conf_that_cannot_be_read_hinders_no_training(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    number = ask(database)
    training_store.claim(database, number, 1)
    it = Scheduler(settings, os.getpid())
    Path("params.yaml").write_text("model: [")
    it.look()
    assert training_store.find(database, number)["state"] == "lost"


def test_its_connection_is_closed_after_each_look(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    it = Scheduler(settings, os.getpid())
    it.look()
    assert it._database.is_closed()


def test_one_worker_does_it_and_the_next_when_that_one_is_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    begun = threading.Event()

    class Once:
        def __init__(self, _: Settings, parent: int) -> None:
            made.append(parent)

        def look(self) -> None:
            begun.set()
            threading.Event().wait()  # it looks for ever

    monkeypatch.setattr(scheduler, "Scheduler", Once)
    monkeypatch.setattr(os, "getppid", lambda: 4711)
    settings.folder().mkdir()
    other = os.open(settings.folder() / ".steward.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    scheduler.start(settings)
    assert not begun.wait(0.3)
    os.close(other)
    assert begun.wait(PATIENCE)
    assert made == [4711], "trainings end with the master and not with a worker"
