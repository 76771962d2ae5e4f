"""Trainings in the database: who may take one, and what may still happen to it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing

import peewee
import pytest

from app.store import database as databases
from app.store.tables import Training
from app.trainings import store as training_store
from src.support.errors import UserError
from tests.app import project
from tests.app.trainings.jobs import ask, ended

CLAIM = """
import sys
from app.store import database as databases
from app.trainings import store
url, number = sys.argv[1:]
database = databases.connect(url, "process", 30.0, is_made=False)
database.connect()
print("ready", flush=True)
sys.stdin.read()
print(store.claim(database, number, 1))
"""


def at_once(url: str, steps: list[Callable[[peewee.Database], object]]) -> list[object]:
    """Run steps side by side, each with a connection of its own; return what they return."""
    gate, found = threading.Barrier(len(steps)), [None] * len(steps)

    def run(at: int) -> None:
        with closing(databases.connect(url, "process", 30.0, is_made=False)) as database:
            database.connect()
            gate.wait(30)
            found[at] = steps[at](database)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_training_that_was_asked_for_waits(database: peewee.Database) -> None:
    number = ask(database, name="with labels", trials=7)
    row = training_store.get(database, "debts", number)
    assert row is not None
    assert (row["state"], row["name"], row["trials"]) == ("queued", "with labels", 7)
    assert row["started"] is row["ended"] is row["result"] is row["version"] is None
    assert training_store.get(database, "stones", number) is None
    assert training_store.find(database, number) == row
    with pytest.raises(UserError, match="no such training"):
        training_store.find(database, "x")


def test_pages_and_lists_have_the_newest_first(database: peewee.Database) -> None:
    numbers = [ask(database) for _ in range(3)]
    ask(database, dataset="stones")
    mine = [Training.dataset == "debts"]
    assert [row["id"] for row in training_store.page(database, mine, 2)] == numbers[:0:-1]
    assert [row["id"] for row in training_store.page(database, mine, 2, numbers[1])] == numbers[:1]
    assert [row["id"] for row in training_store.latest(database, "debts", 2)] == numbers[:0:-1]
    training_store.cancel(database, numbers[0], "me")
    assert training_store.in_state(database, "queued")[:2] == numbers[1:]


def test_of_many_who_take_one_training_one_does(
    database: peewee.Database, database_url: str
) -> None:
    number = ask(database)
    taken = at_once(database_url, [lambda it: training_store.claim(it, number, 8)] * 8)
    assert sorted(map(bool, taken)) == [False] * 7 + [True]
    row = training_store.find(database, number)
    assert row["state"] == "running"
    assert row["started"] is not None


def test_no_more_run_than_may(database: peewee.Database, database_url: str) -> None:
    numbers = [ask(database) for _ in range(8)]

    def taker(number: str) -> Callable[[peewee.Database], object]:
        return lambda it: training_store.claim(it, number, 2)

    taken = at_once(database_url, [taker(number) for number in numbers])
    assert taken.count(True) == 2
    assert len(training_store.in_state(database, "running")) == 2
    training_store.end(database, training_store.in_state(database, "running")[0], "done")
    waiting = training_store.in_state(database, "queued")
    assert [training_store.claim(database, number, 2) for number in waiting[:2]] == [True, False]


@pytest.mark.slow
def test_of_many_processes_that_take_one_training_one_does(
    database: peewee.Database, database_url: str
) -> None:
    number = ask(database)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, database_url, number],
            cwd=project.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    said = []
    for process in processes:
        assert process.stdout is not None
        with process.stdout as out:
            said.append(out.read().strip())
        assert process.wait() == 0
    assert sorted(said) == ["False", "False", "False", "True"]


def test_only_what_runs_tells_its_progress_and_ends_once(database: peewee.Database) -> None:
    number = ask(database)
    assert not training_store.tell(database, number, progress={"stage": "reading"})
    assert not training_store.end(database, number, "done")
    training_store.claim(database, number, 1)
    assert training_store.tell(database, number, progress={"stage": "fit"})
    assert training_store.end(database, number, "done", result={"version": 3}, version=3)
    assert not training_store.end(database, number, "lost", error="killed")
    assert not training_store.tell(database, number, progress={})
    row = ended(database, number)
    assert (row["state"], row["version"], row["error"]) == ("done", 3, None)
    assert (row["progress"], row["result"]) == ({"stage": "fit"}, {"version": 3})
    assert row["ended"] >= row["started"]
    assert isinstance(json.dumps(row), str), "it can be told"


def test_what_waits_or_runs_is_cancelled_and_nothing_else(database: peewee.Database) -> None:
    waits, runs = ask(database), ask(database)
    training_store.claim(database, runs, 1)
    for number in (waits, runs):
        assert training_store.cancel(database, number, "web")
        assert not training_store.cancel(database, number, "other")
        row = training_store.find(database, number)
        assert (row["state"], row["error"]) == ("cancelled", "cancelled by web")
        assert row["ended"] is not None
        assert not training_store.claim(database, number, 9)
        assert not training_store.end(database, number, "done", version=1)


def test_what_cannot_be_started_has_failed(database: peewee.Database) -> None:
    waits, done = ask(database), ask(database)
    training_store.claim(database, done, 1)
    training_store.end(database, done, "done")
    assert training_store.refuse(database, waits, "the disk is full")
    assert not training_store.refuse(database, done, "the disk is full")
    row = training_store.find(database, waits)
    assert (row["state"], row["error"]) == ("failed", "the disk is full")


def test_a_process_goes_on_until_somebody_else_ends_its_training(
    database: peewee.Database,
) -> None:
    number = ask(database)
    training_store.claim(database, number, 1)
    assert training_store.is_wanted(database, number)
    training_store.end(database, number, "done")
    assert training_store.is_wanted(database, number), "it ended by itself and is about to leave"
    for state in ("cancelled", "lost"):
        other = ask(database)
        training_store.claim(database, other, 1)
        training_store.end(database, other, state)
        assert not training_store.is_wanted(database, other)
    assert not training_store.is_wanted(database, "x")
