"""What is done again and again beside the answering: by one worker, with rests, and heard once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from src.support import files

SHARE = 0.05  # of the time that what is done again and again may take


def rest(took: float) -> float:
    """Return for how many seconds to rest after what took so many: twenty times as long."""
    return took / SHARE


class Errors(dict[str, str]):
    """What is wrong now, by what it is about."""

    def is_new(self, about: str, error: str) -> bool:
        """Note an error; tell whether it is new, for only then is it logged."""
        is_new = self.get(about) != error
        self[about] = error
        return is_new


def start(name: str, folder: Path, every: float, make: Callable[[], Callable[[], object]]) -> None:
    """Do in a thread, every so many seconds, what `make` returns.

    Of several workers one does it, and another when that one is gone.
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
