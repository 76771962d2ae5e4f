"""The side thread of a training's process: it tells how far it is and learns when to stop."""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import suppress
from typing import Any

import peewee

from app.store.database import REFUSALS
from app.trainings import store
from src.support.recurring import Errors

EVERY = 0.5  # seconds between two looks
LONGEST_NOTE = 200


class Heartbeat:
    """Write a training's progress into the database beside the work.

    It ends the process, and all that it started, when the training was cancelled or the service
    is gone: what is half made stays in a folder that nobody reads.
    """

    def __init__(self, database: peewee.Database, number: str, parent: int) -> None:
        self._database = database
        self._number = number
        self._parent = _watched(parent)
        self.progress: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        self._errors = Errors()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of `total` steps."""
        self.progress = {"stage": name, "step": 0, "of": total, "note": ""}
        self.say(f"{name} ({total})")

    def step(self, note: str = "") -> None:
        """Finish a step; `note` stays until another comes."""
        before = self.progress
        kept = note[:LONGEST_NOTE] or before.get("note", "")
        self.progress = {**before, "step": before.get("step", 0) + 1, "note": kept}
        if note and note != before.get("note"):
            self.say(f"  {self.progress['step']} of {before.get('of')}: {note}")

    def say(self, text: str) -> None:
        """Write into the log; a full disk is no reason to stop, or not to."""
        with suppress(OSError):
            print(text, flush=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            if _ended(self._parent, EVERY):
                self._leave(store.LOST, "The service was stopped while this training ran.")
            try:
                self._look()
                self._errors.clear()
            except REFUSALS as error:  # the database may be away for a while; the work goes on
                words = f"the database cannot be reached: {error}"
                if self._errors.is_new("database", words):
                    self.say(words)
            finally:
                self._database.close()

    def _look(self) -> None:
        progress = self.progress
        if progress != self._told:
            store.tell(self._database, self._number, progress=progress)
            self._told = progress
        if not self._stop.is_set() and not store.is_wanted(self._database, self._number):
            self._leave(None, "cancelled")

    def _leave(self, state: str | None, why: str) -> None:
        """End this process and those it started, at once."""
        self.say(why)
        if state is not None:
            with suppress(*REFUSALS):  # whoever starts next finds nobody here, and says so
                store.end(self._database, self._number, state, error=why)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


def _watched(pid: int) -> int | None:
    """Return an open file that tells of a process's end; None where there is none such."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _ended(watched: int | None, wait: float) -> bool:
    """Wait a moment; tell whether the process has ended."""
    if watched is None:
        return True
    return bool(select.select([watched], [], [], wait)[0])
