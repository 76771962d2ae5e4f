"""How the answers ended that are made while they are sent: complete, or cut.

The row of such an answer is stored before its first byte, as of any other, and says that it has
begun. Its end is stored before the end is sent. So who got a whole file finds it complete in the
log; what was cut, by whomever, is not; and where a process was killed it stays begun.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import peewee

from app.store import database as databases
from app.store.tables import Request

log = logging.getLogger(__name__)

State = Literal["begun", "complete", "cut"]
BEGUN, COMPLETE, CUT = get_args(State)


class Deliveries:
    """Follows answers to their ends."""

    def __init__(self, database: peewee.Database) -> None:
        """Take a database with a connection per thread, which is closed after each use."""
        self._database = database

    def follow(self, request_id: str, pieces: Iterable[bytes]) -> Delivery:
        """Return the pieces of a request's answer as ones that record how they end."""
        return Delivery(self, request_id, pieces)

    def end(self, request_id: str, state: State) -> None:
        """Store how an answer ended; raise one of the database's REFUSALS where that fails."""
        try:
            with databases.writing(self._database):
                update = Request.update({Request.delivery: state})
                update.where(Request.id == request_id).execute(self._database)
        finally:
            self._database.close()


class Delivery:
    """The pieces of an answer, whose end is stored before it is reached."""

    def __init__(self, deliveries: Deliveries, request_id: str, pieces: Iterable[bytes]) -> None:
        self._deliveries = deliveries
        self._id = request_id
        self._pieces = iter(pieces)
        self._is_ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next piece; raise where there is none and that cannot be stored."""
        for piece in self._pieces:
            return piece
        if not self._is_ended:
            self._deliveries.end(self._id, COMPLETE)
            self._is_ended = True
        raise StopIteration

    def close(self) -> None:
        """Let go of the pieces; record that the answer was cut where they have not ended."""
        if (close := getattr(self._pieces, "close", None)) is not None:
            close()
        if self._is_ended:
            return
        self._is_ended = True
        try:
            self._deliveries.end(self._id, CUT)
        except databases.REFUSALS as error:  # as of a process that was killed, it stays begun
            log.error("the answer to %s was cut, which was not stored: %s", self._id, error)
