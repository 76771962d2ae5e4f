"""Keep the database small and fast in the background."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import peewee

from app.labels import store as label_store
from app.request_log import counts, retention
from app.request_log.age_limit import AgeLimit
from app.settings import Settings
from app.store import clock, integrity
from app.store import database as databases
from app.store.database import REFUSALS
from src.support import recurring
from src.support.recurring import Share

log = logging.getLogger(__name__)

# Seconds between two checkpoints: an answer that meets one waits for the disk, so they are few, and
# the log between them stays small.
EVERY = 5.0
BETWEEN_TRIMS = 60.0


def start(settings: Settings) -> None:
    """Run in a thread of one worker; another takes over when that one is gone."""
    recurring.start("housekeeping", settings.folder(), EVERY, lambda: Housekeeping(settings).look)


class Housekeeping:
    """Writes checkpoints, removes rows beyond the limits of age and size, looks for damage."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = databases.connect(
            settings.url(), settings.durability, settings.wait, is_made=False
        )
        self._limit = AgeLimit(settings.folder())
        self._trimmed = 0.0
        self._share = Share()  # where a check's result cannot be kept, it stays due

    def look(self) -> None:
        """Run what is due once; what fails is tried again later, and hinders nothing else."""
        for duty in (self._check, self._checkpoint, self._count, self._trim):
            self._do(duty)

    def _check(self) -> None:
        if integrity.is_due(self._settings, clock.now()):
            self._share.spend(lambda: integrity.look(self._settings))

    def _checkpoint(self) -> None:
        checkpoint(self._database)

    def _count(self) -> None:
        counts.fill(self._database)

    def _trim(self) -> None:
        if time.monotonic() - self._trimmed > BETWEEN_TRIMS:
            self._trimmed = time.monotonic()
            _trim(self._settings, self._database, self._limit)

    def _do(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except REFUSALS as error:
            log.warning("housekeeping: %s", error)
        except Exception:
            log.exception("housekeeping failed; it will be tried again")
        finally:
            self._database.close()


def checkpoint(database: peewee.Database) -> None:
    """Move SQLite's log into its file, so that no request has to."""
    if databases.path(database) is not None:
        database.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _trim(settings: Settings, database: peewee.Database, limit: AgeLimit) -> None:
    before = None if settings.keep_days is None else limit.moment(settings.keep_days)
    removed = retention.trim(database, before=before, megabytes=settings.keep_megabytes)
    if removed:
        log.info("removed %d requests that were older or more than is kept", removed)
    swept = label_store.sweep(database)
    if swept:
        log.info("removed the labels of %d posts that never ended", swept)
