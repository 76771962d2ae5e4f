"""Start trainings that wait, in processes of their own, and notice those that died."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import peewee

from app.trainings import store, workspace
from app.trainings.workspace import Workspace
from src.support import extras
from src.support.errors import UserError

log = logging.getLogger(__name__)

DIED = (
    "Its process ended before the training did: it was killed, memory ran out or the machine "
    "stopped. Ask for it again."
)
STOPPED = (
    "Its process was stopped by a signal and did not go on, so that others could not begin. "
    "Ask for it again."
)
# Seconds that a process has to end by itself once nobody wants its training, and that one may
# be stopped before it is taken for lost.
GRACE, PAUSE = 10.0, 60.0
NOT_THEIRS = ("PROMETHEUS_MULTIPROC_DIR",)  # its figures are the service's alone


class Launcher:
    """Keep at most `most` trainings running, each until the process `parent` ends."""

    def __init__(self, database: peewee.Database, var: Path, most: int, parent: int) -> None:
        self._database = database
        self._var = var
        self._most = most
        self._parent = parent
        self._children: list[subprocess.Popen[bytes]] = []
        # Whose processes may live: those of an earlier service too, who left their work.
        self._known = workspace.unfinished(var)
        self._overdue: dict[str, float] = {}  # since when one should have ended, or gone on

    def look(self) -> None:
        """Bury the dead, then start what waits and has room."""
        # Else the system keeps what is left of those that ended.
        self._children = [child for child in self._children if child.poll() is None]
        self._known.update(store.in_state(self._database, store.RUNNING))
        for number in sorted(self._known):
            self._bury(number)
        room = max(self._most - len(self._known), 0)
        for number in store.in_state(self._database, store.QUEUED)[:room]:
            self._launch(number)

    def _bury(self, number: str) -> None:
        """Mark a training as lost whose process is gone, and remove what it left half made."""
        place = Workspace(self._var, number)
        if place.is_alive():
            self._end_overdue(number, place)
            return
        self._overdue.pop(number, None)
        # Those that came to an end by themselves stay what they are.
        if store.end(self._database, number, store.LOST, error=DIED):
            log.error("training %s is lost: its process ended", number)
        place.clear()
        self._known.discard(number)

    def _end_overdue(self, number: str, place: Workspace) -> None:
        """Kill a process that does not end though its training has, or that stands still."""
        is_wanted = store.is_wanted(self._database, number)
        if is_wanted and not place.is_stopped():
            self._overdue.pop(number, None)
            return
        since = self._overdue.setdefault(number, time.monotonic())
        if time.monotonic() - since < (PAUSE if is_wanted else GRACE):
            return
        if store.end(self._database, number, store.LOST, error=STOPPED):
            log.error("training %s is lost: its process was stopped", number)
        place.kill()

    def _launch(self, number: str) -> None:
        try:
            extras.check_training()
            self._claim(number)
        except UserError as error:  # it was asked for when this was another installation
            self._refuse(number, str(error))
        except OSError as error:  # no room for its log, or for one more process
            why = f"It could not be started: {error}. Ask for it again when that is mended."
            self._refuse(number, why)

    def _refuse(self, number: str, why: str) -> None:
        store.refuse(self._database, number, why)
        log.error("training %s: %s", number, why)

    def _claim(self, number: str) -> None:
        place = Workspace(self._var, number)
        handle = place.hold()
        if handle is None:
            return
        try:
            if store.claim(self._database, number, self._most):
                child = self._start(place, number, handle)
                place.note(handle, child.pid)
                self._children.append(child)
                self._known.add(number)
                log.info("training %s runs", number)
        finally:
            os.close(handle)  # the child has its own

    def _start(self, place: Workspace, number: str, handle: int) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if key not in NOT_THEIRS}
        with place.log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "app.trainings.job", number, str(self._parent)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(handle,),
                start_new_session=True,
            )
