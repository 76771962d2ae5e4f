"""Keep the database small and quick, a little at a time, beside the answering."""

from __future__ import annotations

import logging
import time

import peewee

from app.labels import store as label_store
from app.request_log import retention
from app.settings import Settings
from app.store import database as databases
from app.store.database import REFUSALS
from src.support import recurring

log = logging.getLogger(__name__)

# Seconds between two checkpoints: an answer that meets one waits for the disk, so they are few, and
# the log between them stays small.
EVERY = 5.0
BETWEEN_TRIMS = 60.0


def start(settings: Settings) -> None:
    """Run in a thread; of several workers one does it, and another when that one is gone."""
    recurring.start("housekeeping", settings.folder(), EVERY, lambda: Housekeeping(settings).look)


class Housekeeping:
    """Write checkpoints, and remove what is older or more than is kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = databases.connect(
            settings.url(), settings.durability, settings.wait, is_made=False
        )
        self._trimmed = 0.0

    def look(self) -> None:
        """Do once what is to be done now; what fails is tried again."""
        try:
            checkpoint(self._database)
            if time.monotonic() - self._trimmed > BETWEEN_TRIMS:
                self._trimmed = time.monotonic()
                _trim(self._settings, self._database)
        except REFUSALS as error:
            log.warning("housekeeping: %s", error)
        except Exception:
            log.exception("housekeeping failed; it will be tried again")
        finally:
            self._database.close()


def checkpoint(database: peewee.Database) -> None:
    """Move what was written from SQLite's log into its file, so that no request has to."""
    if databases.path(database) is not None:
        database.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _trim(settings: Settings, database: peewee.Database) -> None:
    days, megabytes = settings.keep_days, settings.keep_megabytes
    removed = retention.trim(database, days=days, megabytes=megabytes)
    if removed:
        log.info("removed %d requests that were older or more than is kept", removed)
    swept = label_store.sweep(database)
    if swept:
        log.info("removed the labels of %d posts that never ended", swept)
