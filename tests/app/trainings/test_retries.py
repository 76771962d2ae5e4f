"""A database that is away for a while is waited for."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import peewee
import pytest

from app.trainings import retries
from app.trainings import store as training_store
from app.trainings.retries import DatabaseWriter, with_retries


def refusing(times: int, error: Exception) -> Callable[[], str]:
    left = [times]

    def step() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return f"after {times}"

    return step


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "EVERY", 0.001)


@pytest.mark.parametrize("kind", [peewee.OperationalError, peewee.InterfaceError])
def test_it_is_done_again_until_it_is_done(
    database: peewee.Database, kind: type[Exception]
) -> None:
    assert with_retries(database, refusing(3, kind("away"))) == "after 3"


def test_every_try_has_a_connection_of_its_own(database: peewee.Database) -> None:
    assert with_retries(database, lambda: training_store.in_state(database, "queued")) == []
    assert database.is_closed()


def test_what_stays_away_is_given_up(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "LONGEST", 0.0)
    with pytest.raises(peewee.OperationalError, match="away"):
        with_retries(database, refusing(10**9, peewee.OperationalError("away")))


@pytest.mark.parametrize("kind", [peewee.IntegrityError, ValueError])
def test_what_is_no_matter_of_time_is_raised_at_once(
    database: peewee.Database, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        with_retries(database, refusing(1, kind("wrong")))


def test_errands_are_run_by_a_thread_that_was_there_before(database: peewee.Database) -> None:
    with DatabaseWriter(database) as errands:
        there = {thread.ident for thread in threading.enumerate()}
        assert errands(threading.get_ident) in there - {threading.get_ident()}
        assert errands(refusing(2, peewee.OperationalError("away"))) == "after 2"
        with pytest.raises(ValueError, match="wrong"):
            errands(refusing(1, ValueError("wrong")))


def test_errands_keep_their_priority_when_the_process_steps_back() -> None:
    """In a process of its own: no priority comes back."""
    script = (
        "import os\n"
        "from app.store import database as databases\n"
        "from app.trainings.retries import DatabaseWriter\n"
        "database = databases.connect('sqlite:////tmp/none.db', 'process', 1, is_made=False)\n"
        "database.close = lambda: None\n"
        "with DatabaseWriter(database) as errands:\n"
        "    os.nice(5)\n"
        "    print(os.nice(0) - errands(lambda: os.nice(0)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"5\n"
