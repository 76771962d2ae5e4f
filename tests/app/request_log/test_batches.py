"""What is gathered is stored together; what others write meanwhile is not held back."""

from __future__ import annotations

import threading
from typing import Any

import peewee
import pytest

from app.http import exchange as exchanges
from app.http.exchange import Answer, Exchange
from app.request_log.batches import Batches
from app.request_log.journal import Entry

REFUSAL = Answer("503 Service Unavailable", [], b"")


class Journal:
    """Remember what is written at once, and refuse what it is told to."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.waits: list[float | None] = []
        self.refused: dict[str, str] = {}
        self.is_quick = True

    def write_all(self, entries: list[Entry], wait: float | None = None) -> None:
        self.commits.append([entry.request[0] for entry in entries])
        self.waits.append(wait)
        for entry in entries:
            why = self.refused.get(entry.request[0])
            entry.error = peewee.OperationalError(why) if why else None


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def settled() -> list[tuple[Answer, Exception | None]]:
    return []


@pytest.fixture
def batches(journal: Journal, settled: list[Any]) -> Batches:
    def settle(exchange: Exchange, answer: Answer, error: Exception | None) -> Answer:
        settled.append((answer, error))
        return answer if error is None else REFUSAL

    return Batches(journal, settle)  # type: ignore[arg-type]


def made(number: str) -> tuple[Entry, Exchange, Answer]:
    exchange = exchanges.begin({"PATH_INFO": "/", "REQUEST_METHOD": "GET"})
    return Entry((number,), []), exchange, Answer("200 OK", [], number.encode())


def gather(batches: Batches, numbers: str) -> Any:
    with batches.gathering() as batch:
        for number in numbers:
            with batch.of(number.upper()):
                mine = batches.mine()
                assert mine is batch
                mine.add(*made(number))
    return batch


def test_who_does_not_gather_has_no_batch(batches: Batches) -> None:
    assert batches.mine() is None


def test_what_is_gathered_is_stored_in_one_commit(
    batches: Batches, journal: Journal, settled: list[Any]
) -> None:
    batch = gather(batches, "abc")
    assert journal.commits == []
    assert batch.store(0.5)
    assert journal.commits == [["a", "b", "c"]]
    assert journal.waits == [0.5]
    assert batch.refused() == {}
    assert [(answer.body, error) for answer, error in settled] == [
        (b"a", None),
        (b"b", None),
        (b"c", None),
    ]
    assert batches.mine() is None


def test_nothing_gathered_is_nothing_stored(batches: Batches, journal: Journal) -> None:
    batch = gather(batches, "")
    assert batch.store()
    assert batch.refused() == {}
    assert journal.commits == []


def test_another_thread_does_not_gather(batches: Batches) -> None:
    seen: list[Any] = []
    with batches.gathering():
        thread = threading.Thread(target=lambda: seen.append(batches.mine()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_who_is_not_stored_is_refused(batches: Batches, journal: Journal) -> None:
    journal.refused = {"b": "the disk is full"}
    batch = gather(batches, "abc")
    assert batch.store()  # to wait would not help
    assert batch.refused() == {"B": REFUSAL}


def test_a_busy_database_can_be_waited_for(batches: Batches, journal: Journal) -> None:
    journal.refused = dict.fromkeys("ab", "database is locked")
    batch = gather(batches, "ab")
    assert not batch.store(0.01)
    journal.refused = {}
    assert batch.store()
    assert batch.refused() == {}


def test_after_a_failure_nothing_is_held_back(batches: Batches) -> None:
    with pytest.raises(ZeroDivisionError), batches.gathering():
        raise ZeroDivisionError
    assert batches.mine() is None


def test_it_is_as_quick_as_its_journal(batches: Batches, journal: Journal) -> None:
    assert batches.is_quick()
    journal.is_quick = False
    assert not batches.is_quick()
