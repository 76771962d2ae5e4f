"""Recurring background work: done by one worker, with pauses, and each error logged once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from src.support import files

SHARE = 0.05  # of the time that what is done again and again may take


def rest(took: float) -> float:
    """Return the seconds to pause after work that took some: twenty times as many."""
    return took / SHARE


class Share:
    """Look only when the look before has been rested for, twenty times as long as it took.

    One that takes milliseconds is rested for before the next is due anyway.
    """

    def __init__(self) -> None:
        self._rested = 0.0

    def spend(self, look: Callable[[], object]) -> None:
        """Look, unless it is too early; what fails after a long time is rested for too."""
        started = time.monotonic()
        if started < self._rested:
            return
        try:
            look()
        finally:
            now = time.monotonic()
            self._rested = now + rest(now - started)


class Errors(dict[str, str]):
    """Current errors by subject."""

    def is_new(self, about: str, error: str) -> bool:
        """Remember an error, and tell whether it is new and should be logged."""
        is_new = self.get(about) != error
        self[about] = error
        return is_new


def start(name: str, folder: Path, every: float, make: Callable[[], Callable[[], object]]) -> None:
    """Call what `make` returns in a thread at fixed intervals.

    One of several workers does it, and another takes over when that one is gone.
    """
    words = (name, folder, every, make)
    threading.Thread(target=_run, args=words, name=name, daemon=True).start()


def _run(name: str, folder: Path, every: float, make: Callable[[], Callable[[], object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    files.lock(handle)  # waits for as long as another worker lives
    duty = make()
    while True:
        duty()
        time.sleep(every)
