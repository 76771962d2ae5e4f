"""Answers of one turn of a worker's loop: stored in one commit before the first of them is sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.metrics import Metrics
from app.problems import Problem
from app.store.journal import Entry, Journal

log = logging.getLogger(__name__)


class Batch:
    """What answers that are not sent yet want stored, by whom each is for."""

    def __init__(self, journal: Journal, metrics: Metrics) -> None:
        self._journal = journal
        self._metrics = metrics
        self._entries: dict[Any, Entry] = {}
        self._key: Any = None

    @contextmanager
    def of(self, key: Any) -> Iterator[None]:
        """Say for whom the answer is that is made now."""
        self._key = key
        yield

    def add(self, entry: Entry) -> None:
        """Take what belongs to the answer that is made now."""
        self._entries[self._key] = entry

    def store(self) -> dict[Any, Problem]:
        """Store all; return why some answers must not be sent, by whom they were for."""
        if self._entries:
            self._journal.write_all(list(self._entries.values()))
        refused = {key: entry for key, entry in self._entries.items() if entry.error is not None}
        for _ in refused:
            self._metrics.log_failed()
        return {key: unstored(entry.request[0], entry.error) for key, entry in refused.items()}


class Batches:
    """Write each entry at once, or hold it back while its thread gathers."""

    def __init__(self, journal: Journal, metrics: Metrics) -> None:
        self._journal = journal
        self._metrics = metrics
        self._thread: int | None = None
        self._batch: Batch | None = None

    def write(self, entry: Entry) -> None:
        """Store an entry, or leave it to the batch; raise Unavailable where it cannot be stored."""
        if self._batch is not None and threading.get_ident() == self._thread:
            self._batch.add(entry)
        else:
            self._journal.write(entry)

    def is_quick(self) -> bool:
        """Tell whether to store takes no longer than to make the answers."""
        return self._journal.is_quick

    def close(self) -> None:
        """Let go of the database."""
        self._journal.close()

    @contextmanager
    def gathering(self) -> Iterator[Batch]:
        """Hold back what this thread would store; no other may gather meanwhile."""
        batch = Batch(self._journal, self._metrics)
        self._thread, self._batch = threading.get_ident(), batch
        try:
            yield batch
        finally:
            self._batch = None


def unstored(number: str, error: Exception | None) -> Problem:
    """Refuse with nothing of the answer: what is not stored was never said."""
    log.error("request %s was not stored: %s", number, error)
    return Problem(
        503,
        "The answer could not be stored, so it is not given.",
        fix="send the request again; see /readyz for the reason",
        headers={"Retry-After": "1"},
    )
