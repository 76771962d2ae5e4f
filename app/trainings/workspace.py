"""Where a training keeps its log and its work, and how to tell whether its process lives."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from src.support import files

FOLDER = "trainings"
LOG, LOCK, WORK = "log.txt", ".lock", "work"
TAIL = 65_536  # bytes of a log that are read


def unfinished(var: Path) -> set[str]:
    """Return the ids of the trainings that left work, half made, or whose process lives."""
    places = [Workspace(var, path.name) for path in (var / FOLDER).glob("*")]
    return {one.path.name for one in places if one.work.exists() or one.is_alive()}


class Workspace:
    """A training's folder in var/.

    Its process holds the lock for as long as it lives: it inherits the open file of whoever
    launched it, so that there is no moment at which nobody holds it.
    """

    def __init__(self, var: Path, number: str) -> None:
        self.path = var / FOLDER / number

    @property
    def log(self) -> Path:
        """Return the file of all that the process says."""
        return self.path / LOG

    @property
    def work(self) -> Path:
        """Return the folder of what is half made."""
        return self.path / WORK

    def hold(self) -> int | None:
        """Take the lock and return its open file; None where a process has it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if files.lock(handle, is_waiting=False):
            return handle
        os.close(handle)
        return None

    def is_alive(self) -> bool:
        """Tell whether a process works here; nothing is written, for the disk may be full."""
        try:
            handle = os.open(self.path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return not files.lock(handle, is_waiting=False)
        finally:
            os.close(handle)

    def note(self, handle: int, pid: int) -> None:
        """Write into the lock, by its open file, who leads the processes that hold it."""
        with suppress(OSError):  # a full disk: then nobody can end it but itself
            os.pwrite(handle, str(pid).encode(), 0)

    def is_stopped(self) -> bool:
        """Tell whether the process that works here was stopped by a signal, and not continued."""
        try:
            state = Path(f"/proc/{self._leader()}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state == "T"

    def kill(self) -> None:
        """End the processes that work here, whatever they are doing."""
        leader = self._leader()
        # While one of them holds the lock, no other process can have their group's number.
        if leader is not None and self.is_alive():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)

    def _leader(self) -> int | None:
        try:
            return int((self.path / LOCK).read_text())
        except (OSError, ValueError):
            return None

    def lines(self) -> list[str]:
        """Return the last lines of the log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
                return file.read(TAIL).decode("utf-8", "replace").splitlines()
        except OSError:
            return []

    def clear(self) -> None:
        """Remove what is half made; the log stays."""
        shutil.rmtree(self.work, ignore_errors=True)
