"""How far the log is removed by its age: as time passes, and not as somebody sets a clock."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from app.store import clock
from src.support import files
from src.support.errors import UserError

log = logging.getLogger(__name__)

FILE = "retention.json"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CATCH_UP = 2  # a day's worth and one day's more a day, for what a machine that was off left behind


class AgeLimit:
    """The moment before which rows are too old to keep.

    What is asked for the first time, or with another number of days, is done at once. From then on
    the limit moves no faster than `CATCH_UP` times the time that passes, and a day at each start: a
    clock that is set a month ahead would else empty a log of a month within a minute.
    """

    def __init__(self, folder: Path, seconds: Callable[[], float] = time.monotonic) -> None:
        """Keep in a folder how far it has come; `seconds` tells how many have passed."""
        self._path = folder / FILE
        self._seconds = seconds
        self._started = seconds()
        self._first: datetime | None = None  # where it stood at the start
        self._kept: datetime | None = None  # as the file has it
        self._days: float | None = None
        self._warned: float | None = None

    def moment(self, days: float) -> datetime:
        """Return the limit where rows are kept for so many days."""
        wanted = clock.now() - timedelta(days=days)
        if days != self._days:
            self._first = self._kept = self._read(days)
            self._days = days
        passed = timedelta(seconds=self._seconds() - self._started)
        limit = wanted if self._first is None else self._first + DAY + CATCH_UP * passed
        moment = min(wanted, limit)
        if wanted - moment > HOUR:
            self._warn(wanted, moment)
        if self._kept is None or abs(moment - self._kept) > HOUR:
            files.write_json(self._path, {"days": days, "until": clock.text(moment)})
            self._kept = moment
            self._first = self._first or moment
        return moment

    def _read(self, days: float) -> datetime | None:
        """Return how far it had come with as many days; None where that is not known."""
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            return clock.parse(document["until"], "until") if document["days"] == days else None
        except (OSError, ValueError, KeyError, TypeError, UserError):
            return None

    def _warn(self, wanted: datetime, moment: datetime) -> None:
        now = self._seconds()
        if self._warned is None or now - self._warned > DAY.total_seconds():
            self._warned = now
            log.warning(
                "by the clock what came before %s is too old to keep, but less time has passed "
                "since it was last looked at: what came before %s goes, and a day's more each day. "
                "If the clock is right and all of it should go now, remove %s and restart",
                clock.text(wanted),
                clock.text(moment),
                self._path,
            )
