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
from app.store import trainings
from app.store.tables import Training
from src.errors import UserError
from tests.app import project
from tests.app.training.jobs import ask, ended

CLAIM = """
import sys
from app.store import database as databases, trainings
url, number = sys.argv[1:]
database = databases.connect(url, "process", 30.0, is_made=False)
database.connect()
print("ready", flush=True)
sys.stdin.read()
print(trainings.claim(database, number, 1))
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
    row = trainings.get(database, "debts", number)
    assert row is not None
    assert (row["state"], row["name"], row["trials"]) == ("queued", "with labels", 7)
    assert row["started"] is row["ended"] is row["result"] is row["version"] is None
    assert trainings.get(database, "stones", number) is None
    assert trainings.find(database, number) == row
    with pytest.raises(UserError, match="no such training"):
        trainings.find(database, "x")


def test_pages_and_lists_have_the_newest_first(database: peewee.Database) -> None:
    numbers = [ask(database) for _ in range(3)]
    ask(database, dataset="stones")
    mine = [Training.dataset == "debts"]
    assert [row["id"] for row in trainings.page(database, mine, 2)] == numbers[:0:-1]
    assert [row["id"] for row in trainings.page(database, mine, 2, numbers[1])] == numbers[:1]
    assert [row["id"] for row in trainings.latest(database, "debts", 2)] == numbers[:0:-1]
    trainings.cancel(database, numbers[0], "me")
    assert trainings.in_state(database, "queued")[:2] == numbers[1:]


def test_of_many_who_take_one_training_one_does(
    database: peewee.Database, database_url: str
) -> None:
    number = ask(database)
    taken = at_once(database_url, [lambda it: trainings.claim(it, number, 8)] * 8)
    assert sorted(map(bool, taken)) == [False] * 7 + [True]
    row = trainings.find(database, number)
    assert row["state"] == "running"
    assert row["started"] is not None


def test_no_more_run_than_may(database: peewee.Database, database_url: str) -> None:
    numbers = [ask(database) for _ in range(8)]

    def taker(number: str) -> Callable[[peewee.Database], object]:
        return lambda it: trainings.claim(it, number, 2)

    taken = at_once(database_url, [taker(number) for number in numbers])
    assert taken.count(True) == 2
    assert len(trainings.in_state(database, "running")) == 2
    trainings.end(database, trainings.in_state(database, "running")[0], "done")
    waiting = trainings.in_state(database, "queued")
    assert [trainings.claim(database, number, 2) for number in waiting[:2]] == [True, False]


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
    assert not trainings.tell(database, number, progress={"stage": "reading"})
    assert not trainings.end(database, number, "done")
    trainings.claim(database, number, 1)
    assert trainings.tell(database, number, progress={"stage": "fit"})
    assert trainings.end(database, number, "done", result={"version": 3}, version=3)
    assert not trainings.end(database, number, "lost", error="killed")
    assert not trainings.tell(database, number, progress={})
    row = ended(database, number)
    assert (row["state"], row["version"], row["error"]) == ("done", 3, None)
    assert (row["progress"], row["result"]) == ({"stage": "fit"}, {"version": 3})
    assert row["ended"] >= row["started"]
    assert isinstance(json.dumps(row), str), "it can be told"


def test_what_waits_or_runs_is_cancelled_and_nothing_else(database: peewee.Database) -> None:
    waits, runs = ask(database), ask(database)
    trainings.claim(database, runs, 1)
    for number in (waits, runs):
        assert trainings.cancel(database, number, "web")
        assert not trainings.cancel(database, number, "other")
        row = trainings.find(database, number)
        assert (row["state"], row["error"]) == ("cancelled", "cancelled by web")
        assert row["ended"] is not None
        assert not trainings.claim(database, number, 9)
        assert not trainings.end(database, number, "done", version=1)


def test_what_cannot_be_started_has_failed(database: peewee.Database) -> None:
    waits, done = ask(database), ask(database)
    trainings.claim(database, done, 1)
    trainings.end(database, done, "done")
    assert trainings.refuse(database, waits, "the disk is full")
    assert not trainings.refuse(database, done, "the disk is full")
    row = trainings.find(database, waits)
    assert (row["state"], row["error"]) == ("failed", "the disk is full")


def test_a_process_goes_on_until_somebody_else_ends_its_training(
    database: peewee.Database,
) -> None:
    number = ask(database)
    trainings.claim(database, number, 1)
    assert trainings.is_wanted(database, number)
    trainings.end(database, number, "done")
    assert trainings.is_wanted(database, number), "it ended by itself and is about to leave"
    for state in ("cancelled", "lost"):
        other = ask(database)
        trainings.claim(database, other, 1)
        trainings.end(database, other, state)
        assert not trainings.is_wanted(database, other)
    assert not trainings.is_wanted(database, "x")
