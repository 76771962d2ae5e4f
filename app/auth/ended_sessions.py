"""Sessions that were signed out, for as long as their cookies would be valid otherwise."""

from __future__ import annotations

from datetime import timedelta

import peewee

from app.auth.sessions import Session
from app.store import clock
from app.store import database as databases
from app.store.tables import EndedSession


def end(database: peewee.Database, session: Session) -> None:
    """End a session for all workers; one that has ended stays so."""
    row = {"id": session.id, "until": clock.text(clock.EPOCH + timedelta(seconds=session.expires))}
    with databases.writing(database):
        EndedSession.delete().where(EndedSession.until < _now()).execute(database)
        EndedSession.insert(row).on_conflict_ignore().execute(database)


def ended(database: peewee.Database) -> frozenset[str]:
    """Return the ids of sessions that were ended and have not expired."""
    rows = EndedSession.select(EndedSession.id).where(EndedSession.until >= _now())
    return frozenset(number for (number,) in rows.tuples().execute(database))


def _now() -> str:
    return clock.text(clock.now())
