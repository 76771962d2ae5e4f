"""Answers of one turn of a worker's loop: stored in one commit before the first of them is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from app.http.exchange import Answer, Exchange
from app.request_log.journal import Entry, Journal, is_busy

# Make an exchange's last answer, and count it: the error says why its first one must not be sent.
Settle = Callable[[Exchange, Answer, Exception | None], Answer]


_ANSWERING = nullcontext()  # one for all: it is entered for each answer, and keeps nothing


@dataclass(slots=True)
class _Made:
    """An answer that is not sent yet."""

    key: Any
    entry: Entry
    exchange: Exchange
    answer: Answer


class Batch:
    """What answers that are not sent yet want stored, by whom each is for."""

    def __init__(self, journal: Journal, settle: Settle) -> None:
        self._journal = journal
        self._settle = settle
        self._made: list[_Made] = []
        self._key: Any = None

    def of(self, key: Any) -> AbstractContextManager[None]:
        """Say for whom the answer is that is made now."""
        self._key = key
        return _ANSWERING

    def add(self, entry: Entry, exchange: Exchange, answer: Answer) -> None:
        """Take what belongs to the answer that is made now."""
        self._made.append(_Made(self._key, entry, exchange, answer))

    def store(self, wait: float | None = None) -> bool:
        """Store all; tell whether that is settled: a database may be busy for longer."""
        entries = [made.entry for made in self._made]
        if entries:
            self._journal.write_all(entries, wait)
        return not any(entry.error is not None and is_busy(entry.error) for entry in entries)

    def refused(self) -> dict[Any, Answer]:
        """Count all answers; return what is to be sent in the place of those not stored."""
        refused = {}
        for made in self._made:
            answer = self._settle(made.exchange, made.answer, made.entry.error)
            if made.entry.error is not None:
                refused[made.key] = answer
        return refused


class Batches:
    """Write each entry at once, or hold it back while its thread gathers."""

    def __init__(self, journal: Journal, settle: Settle) -> None:
        self._journal = journal
        self._settle = settle
        self._thread: int | None = None
        self._batch: Batch | None = None

    def mine(self) -> Batch | None:
        """Return the batch that this thread gathers; None where it does not."""
        batch = self._batch
        return batch if threading.get_ident() == self._thread else None

    def is_quick(self) -> bool:
        """Tell whether to store takes no longer than to make the answers."""
        return self._journal.is_quick

    @contextmanager
    def gathering(self) -> Iterator[Batch]:
        """Hold back what this thread would store; no other may gather meanwhile."""
        batch = Batch(self._journal, self._settle)
        self._thread, self._batch = threading.get_ident(), batch
        try:
            yield batch
        finally:
            self._batch = None
