"""Follow changes from outside of this worker, such as new champions and keys."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import peewee

from app.auth import closure, ended_sessions, keys
from app.auth.guard import Guard
from app.auth.keys import StoredKey
from app.registry.registry import Registry
from app.store.database import REFUSALS
from app.store.migrations import migrate
from src.support.errors import UserError
from src.support.recurring import Errors

log = logging.getLogger(__name__)

Store = Callable[[peewee.Database], None]
CHANGES, COUNTS, KEYS = "changes", "counts", "keys"  # what errors are about


class Watcher:
    """Polls the database for changes in the background."""

    def __init__(
        self,
        maker: peewee.Database,
        database: peewee.Database,
        registry: Registry,
        guard: Guard,
        folder: Path,
        poll: float,
        stores: Sequence[Store] = (),
    ) -> None:
        """Take one database that may create its file, for the start, and one that may not.

        `folder` is that of everything that the service keeps, `stores` write what was counted.
        """
        self._maker = maker
        self._database = database
        self._registry = registry
        self._guard = guard
        self._folder = folder
        self._poll = poll
        self._stores = stores
        self._is_migrated = False
        self._is_loaded = False
        self._errors = Errors()
        self._stop = threading.Event()

    def start(self, *, is_watching: bool) -> None:
        """Poll once now, then in a thread.

        An unavailable database does not keep the service from starting; it is polled again.
        """
        self.look()
        if is_watching:
            threading.Thread(target=self._run, name="watcher", daemon=True).start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stop.set()

    def look(self) -> None:
        """Apply changes; if that fails, keep the current state."""
        try:
            if not self._is_migrated:
                migrate(self._maker)
                self._is_migrated = True
            duties: list[Callable[[], object]] = [self._learn_keys, self._registry.refresh]
            # At first nobody is admitted before there are datasets: they would seem to be none.
            for duty in duties if self._is_loaded else reversed(duties):
                duty()
            self._is_loaded = True
            self._errors.pop(CHANGES, None)
        except REFUSALS as error:
            self._tell(f"the database cannot be read: {error}")
        finally:
            self._maker.close()
            self._database.close()

    def _learn_keys(self) -> None:
        ended = ended_sessions.ended(self._database)
        unrevoked = keys.unrevoked(self._database)
        is_closed = not unrevoked and closure.is_closed(self._folder)
        self._guard.learn(unrevoked, ended, is_closed=is_closed)
        self._remember(has_keys=bool(unrevoked), is_closed=is_closed)
        self._store_counts(unrevoked)

    def _remember(self, *, has_keys: bool, is_closed: bool) -> None:
        """Remember that there are keys; say where that cannot be, or where they were lost."""
        try:
            if has_keys:
                closure.close(self._folder)
            if is_closed:
                raise closure.lost()
            self._errors.pop(KEYS, None)
        except UserError as error:
            self._tell(str(error), KEYS)

    def _store_counts(self, known: Mapping[str, StoredKey]) -> None:
        """Store what was counted here; what cannot be stored now is counted on."""
        try:
            keys.note_use(self._database, self._guard.take_used(), known)
            for store in self._stores:
                store(self._database)
            self._errors.pop(COUNTS, None)
        except REFUSALS as error:
            self._tell(f"what was counted cannot be stored: {error}", COUNTS)

    def _run(self) -> None:
        while not self._stop.wait(self._poll):
            try:
                self.look()
            except UserError as error:
                self._tell(str(error))
            except Exception:
                log.exception("looking for changes failed")

    def _tell(self, error: str, about: str = CHANGES) -> None:
        """Log an error once, not at each poll."""
        if self._errors.is_new(about, error):
            log.error("%s", error)
