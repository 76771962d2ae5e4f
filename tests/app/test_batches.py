"""What is gathered is stored together; what others write meanwhile is not held back."""

from __future__ import annotations

import threading

import peewee
import pytest

from app import ids
from app.batches import Batches
from app.metrics import Metrics
from app.store.journal import Entry, Unavailable


class Journal:
    """Remember what is written at once, and refuse what it is told to."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.refused: set[str] = set()
        self.is_quick = True

    def write(self, entry: Entry) -> None:
        self.write_all([entry])
        if entry.error is not None:
            raise Unavailable(str(entry.error))

    def write_all(self, entries: list[Entry]) -> None:
        self.commits.append([entry.request[0] for entry in entries])
        for entry in entries:
            if entry.request[0] in self.refused:
                entry.error = peewee.OperationalError("the disk is full")


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def batches(journal: Journal, metrics: Metrics) -> Batches:
    return Batches(journal, metrics)  # type: ignore[arg-type]


def entry(number: str) -> Entry:
    return Entry((number,), [])


def test_alone_an_entry_is_stored_at_once(batches: Batches, journal: Journal) -> None:
    batches.write(entry("a"))
    assert journal.commits == [["a"]]
    journal.refused = {"b"}
    with pytest.raises(Unavailable):
        batches.write(entry("b"))


def test_what_is_gathered_is_stored_in_one_commit(batches: Batches, journal: Journal) -> None:
    with batches.gathering() as batch:
        for number in "abc":
            with batch.of(number):
                batches.write(entry(number))
        assert journal.commits == []
    assert batch.store() == {}
    assert journal.commits == [["a", "b", "c"]]
    batches.write(entry("d"))
    assert journal.commits[1:] == [["d"]]


def test_nothing_gathered_is_nothing_stored(batches: Batches, journal: Journal) -> None:
    with batches.gathering() as batch, batch.of("a"):
        pass
    assert batch.store() == {}
    assert journal.commits == []


def test_another_thread_does_not_wait_for_the_batch(batches: Batches, journal: Journal) -> None:
    with batches.gathering() as batch:
        with batch.of("a"):
            batches.write(entry("a"))
        thread = threading.Thread(target=batches.write, args=[entry("other")])
        thread.start()
        thread.join()
        assert journal.commits == [["other"]]
    batch.store()
    assert journal.commits == [["other"], ["a"]]


def test_who_is_not_stored_is_refused_and_counted(
    batches: Batches, journal: Journal, metrics: Metrics
) -> None:
    journal.refused = {"b"}
    with batches.gathering() as batch:
        for number in "abc":
            with batch.of(number.upper()):
                batches.write(entry(number))
    refused = batch.store()
    assert list(refused) == ["B"]
    assert refused["B"].status == 503
    assert "lapidary_log_failures_total 1.0" in metrics.text()[0].decode()


def test_after_a_failure_nothing_is_held_back(batches: Batches, journal: Journal) -> None:
    number = ids.new()
    with pytest.raises(ZeroDivisionError), batches.gathering():
        raise ZeroDivisionError
    batches.write(entry(number))
    assert journal.commits == [[number]]
