"""The side thread of a training's process: what it tells, and when it ends the process."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import peewee
import pytest

from app.trainings import heartbeat as pulses
from app.trainings import store as training_store
from app.trainings.heartbeat import Heartbeat
from tests.app.trainings.jobs import ask, ended

PATIENCE = 30.0
Make = Callable[..., Heartbeat]


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Be the first of a process group, and note its end in place of ending with it."""
    event = threading.Event()

    def kill(group: int, number: int) -> None:
        assert (group, number) == (0, signal.SIGKILL)
        event.set()

    monkeypatch.setattr(os, "getpgrp", os.getpid)
    monkeypatch.setattr(os, "killpg", kill)
    monkeypatch.setattr(os, "_exit", lambda _: event.set())
    monkeypatch.setattr(pulses, "EVERY", 0.01)
    return event


@pytest.fixture
def number(database: peewee.Database) -> str:
    number = ask(database)
    assert training_store.claim(database, number, 1)
    return number


def beaten(database: peewee.Database, number: str, is_so: Callable[[], bool]) -> bool:
    """Wait until the side thread has done something."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if is_so():
            return True
        pause.wait(0.02)
    return False


def test_progress_goes_into_the_database_and_the_log(
    database: peewee.Database,
    number: str,
    left: threading.Event,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Heartbeat(database, number, os.getpid()) as pulse:
        pulse.stage("trials", 9)
        pulse.step("best 0.5")
        pulse.step()
        pulse.step("best 0.5")
        pulse.step("x" * 500)
        expected = {"stage": "trials", "step": 4, "of": 9, "note": "x" * 200}
        assert beaten(database, number, lambda: ended(database, number)["progress"] == expected)
    assert not left.is_set()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["trials (9)", "  1 of 9: best 0.5"], "a note is told once"
    assert lines[2].startswith("  4 of 9: xxx")
    assert len(lines) == 3


def test_one_that_was_cancelled_ends_the_process_and_all_that_it_started(
    database: peewee.Database, number: str, left: threading.Event
) -> None:
    with Heartbeat(database, number, os.getpid()):
        assert not left.wait(0.2)
        training_store.cancel(database, number, "me")
        assert left.wait(PATIENCE)
    assert training_store.find(database, number)["state"] == "cancelled"


def test_one_that_has_come_to_its_end_leaves_by_itself(
    database: peewee.Database, number: str, left: threading.Event
) -> None:
    with Heartbeat(database, number, os.getpid()):
        training_store.end(database, number, "done")
        assert not left.wait(0.3)


def test_it_does_not_outlive_the_service(
    database: peewee.Database, number: str, left: threading.Event
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with Heartbeat(database, number, parent.pid):
        assert not left.wait(0.2)
        parent.communicate(b"\n")
        assert left.wait(PATIENCE)
    row = training_store.find(database, number)
    assert (row["state"], row["error"]) == (
        "lost",
        "The service was stopped while this training ran.",
    )


def test_a_service_that_is_gone_already_is_noticed(
    database: peewee.Database, number: str, left: threading.Event
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ""])
    parent.wait()
    with Heartbeat(database, number, parent.pid):
        assert left.wait(PATIENCE)
    assert training_store.find(database, number)["state"] == "lost"


def test_a_database_that_is_away_is_no_end_and_told_once(
    database: peewee.Database,
    number: str,
    left: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked, is_away = [], [True]

    def is_wanted(*words: Any) -> bool:
        asked.append(words)
        if is_away[0]:
            raise peewee.OperationalError("nobody there")
        return True

    monkeypatch.setattr(training_store, "is_wanted", is_wanted)
    with Heartbeat(database, number, os.getpid()):
        assert beaten(database, number, lambda: len(asked) > 4)
        is_away[0] = False
        assert beaten(database, number, lambda: len(asked) > 9)
        is_away[0] = True
        assert beaten(database, number, lambda: len(asked) > 14)
    assert not left.is_set()
    said = capsys.readouterr().out
    assert said.count("the database cannot be reached: nobody there") == 2, "once each time"


def test_a_full_disk_stops_neither_the_work_nor_its_end(
    database: peewee.Database,
    number: str,
    left: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "print", full)
        with Heartbeat(database, number, os.getpid()) as pulse:
            pulse.stage("fit", 2)
            pulse.step("half")
            training_store.cancel(database, number, "me")
            assert left.wait(PATIENCE)
    assert pulse.progress["step"] == 1
