"""How answers end that are made while they are sent, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import peewee
import pytest

from app.request_log.delivery import BEGUN, Deliveries
from app.store import clock
from app.store import database as databases
from app.store.tables import Request


def begin(database: peewee.Database, number: str = "1") -> None:
    row = {
        "id": number,
        "at": clock.stamp(),
        "method": "GET",
        "path": "/",
        "query": "",
        "status": 200,
        "milliseconds": 1.0,
        "is_prediction": 0,
        "delivery": BEGUN,
    }
    Request.insert(row).execute(database)
    database.close()


def states(database: peewee.Database) -> list[str]:
    with database:
        rows = Request.select(Request.delivery).order_by(Request.id).tuples()
        return [state for (state,) in rows.execute(database)]


class Pieces:
    """Two pieces, which are to be let go."""

    def __init__(self) -> None:
        self.left = [b"one ", b"two"]
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def close(self) -> None:
        self.is_closed = True


def test_the_end_is_stored_before_it_is_reached(database: peewee.Database) -> None:
    begin(database)
    begin(database, "2")
    delivery = Deliveries(database).follow("1", Pieces())
    assert [next(delivery), next(delivery)] == [b"one ", b"two"]
    assert states(database) == ["begun", "begun"]
    assert next(delivery, None) is None
    assert database.is_closed()
    assert states(database) == ["complete", "begun"]
    delivery.close()
    assert next(delivery, None) is None
    assert states(database) == ["complete", "begun"], "once for all"


def test_what_is_left_before_its_end_was_cut(database: peewee.Database) -> None:
    begin(database)
    pieces = Pieces()
    delivery = Deliveries(database).follow("1", pieces)
    next(delivery)
    delivery.close()
    assert pieces.is_closed
    assert database.is_closed()
    assert states(database) == ["cut"]


def test_what_cannot_be_stored_does_not_end(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin(database)
    delivery = Deliveries(database).follow("1", [])

    def refuse(_: peewee.Database) -> None:
        raise peewee.OperationalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(databases, "writing", refuse)
        with pytest.raises(peewee.OperationalError):
            next(delivery)
        delivery.close()
    assert "the disk is full" in caplog.text
    assert states(database) == ["begun"]


def test_a_request_that_is_gone_is_not_missed(database: peewee.Database) -> None:
    Deliveries(database).end("1", "cut")
    assert states(database) == []
