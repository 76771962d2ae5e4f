"""The queue of workers that write to one file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src.support import files

LOOKS, BETWEEN_LOOKS = 100, 0.0001  # at the queue, and the seconds between two


class WriteTurn:
    """A place in the queue of workers that write to one file.

    SQLite waits for a lock by polling every millisecond or more; this polls ten times as often.
    It is advisory: SQLite's own lock is what counts, so a worker that waits longer than a write
    takes goes on without it.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = None if path is None else path.with_name(f"{path.name}-turn")
        self._handle: int | None = None

    @classmethod
    @contextmanager
    def taken(cls, path: Path) -> Iterator[None]:
        """Take a place for one write."""
        turn = cls(path)
        try:
            with turn:
                yield
        finally:
            turn.close()

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> None:
        if self._path is None:
            return
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(LOOKS):
            if files.lock(self._handle, is_waiting=False):
                return
            time.sleep(BETWEEN_LOOKS)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            files.unlock(self._handle)
