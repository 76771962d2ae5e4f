"""Keep the database small and quick, a little at a time, beside the answering."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time

import peewee

from app.settings import Settings
from app.store import database as databases
from app.store import labels, retention
from app.store.database import REFUSALS

log = logging.getLogger(__name__)

# Seconds between two checkpoints: an answer that meets one waits for the disk, so they are few, and
# the log between them stays small.
EVERY = 5.0
BETWEEN_TRIMS = 60.0


def start(settings: Settings) -> None:
    """Run in a thread; of several workers one does it, and another when that one is gone."""
    threading.Thread(target=_run, args=(settings,), name="housekeeping", daemon=True).start()


def _run(settings: Settings) -> None:
    settings.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(settings.folder() / ".housekeeping.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # waits for as long as another worker lives
    database = databases.connect(settings.url(), settings.durability, settings.wait, is_made=False)
    trimmed = 0.0
    while True:
        try:
            checkpoint(database)
            if time.monotonic() - trimmed > BETWEEN_TRIMS:
                trimmed = time.monotonic()
                _trim(settings, database)
        except REFUSALS as error:
            log.warning("housekeeping: %s", error)
        except Exception:
            log.exception("housekeeping failed; it will be tried again")
        finally:
            database.close()
        time.sleep(EVERY)


def checkpoint(database: peewee.Database) -> None:
    """Move what was written from SQLite's log into its file, so that no request has to."""
    if databases.path(database) is not None:
        database.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _trim(settings: Settings, database: peewee.Database) -> None:
    days, megabytes = settings.keep_days, settings.keep_megabytes
    removed = retention.trim(database, days=days, megabytes=megabytes)
    if removed:
        log.info("removed %d requests that were older or more than is kept", removed)
    swept = labels.sweep(database)
    if swept:
        log.info("removed the labels of %d posts that never ended", swept)
