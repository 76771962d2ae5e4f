"""Trainings as they are stored: asked for, claimed by one process, ended by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import peewee

from app.store import clock
from app.store import database as databases
from app.store.tables import Training
from src.support.errors import UserError

QUEUED, RUNNING = "queued", "running"
DONE, FAILED, CANCELLED, LOST = "done", "failed", "cancelled", "lost"
STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED, LOST)


def ask(database: peewee.Database, row: dict[str, Any]) -> None:
    """Put a training into the queue."""
    given = {"at": clock.stamp(), "state": QUEUED, "progress": b"{}", **row}
    Training.insert(given).execute(database)


def get(database: peewee.Database, dataset: str, number: str) -> dict[str, Any] | None:
    """Return a training; None where there is none."""
    found = Training.select().where(Training.id == number, Training.dataset == dataset)
    return next(iter(found.dicts().execute(database)), None)


def find(database: peewee.Database, number: str) -> dict[str, Any]:
    """Return a training by its id alone; raise UserError where there is none."""
    row = next(iter(Training.select().where(Training.id == number).dicts().execute(database)), None)
    if row is None:
        raise UserError("There is no such training.", code="unknown_training", given=number)
    return dict(row)


def page(
    database: peewee.Database, conditions: Sequence[Any], limit: int, before: str | None = None
) -> list[dict[str, Any]]:
    """Return at most `limit` trainings that meet the conditions, the newest first."""
    wanted = [*conditions, *([Training.id < before] if before else [])]
    found = Training.select().where(*wanted).order_by(Training.id.desc()).limit(limit)
    return list(found.dicts().execute(database))


def latest(database: peewee.Database, dataset: str, count: int) -> list[dict[str, Any]]:
    """Return a dataset's newest trainings, without their results."""
    columns = [Training.id, Training.at, Training.state, Training.reason, Training.frozen]
    found = Training.select(*columns).where(Training.dataset == dataset)
    return list(found.order_by(Training.id.desc()).limit(count).dicts().execute(database))


def in_state(database: peewee.Database, state: str) -> list[str]:
    """List the ids of the trainings in a state, the oldest first."""
    found = Training.select(Training.id).where(Training.state == state).order_by(Training.id)
    return [number for (number,) in found.tuples().execute(database)]


def claim(database: peewee.Database, number: str, most: int) -> bool:
    """Take a training out of the queue; tell whether it is ours and no more than `most` run."""
    other = Training.alias()
    running = other.select(peewee.fn.COUNT(other.id)).where(other.state == RUNNING)
    mine = Training.update(state=RUNNING, started=clock.stamp()).where(
        Training.id == number, Training.state == QUEUED, running < most
    )
    with databases.exclusive(database):  # PostgreSQL's two could both count before they change
        return bool(mine.execute(database))


def is_wanted(database: peewee.Database, number: str) -> bool:
    """Tell whether nobody but its own process has ended a training."""
    others = Training.state.in_([CANCELLED, LOST])
    return bool(Training.select().where(Training.id == number, ~others).count(database))


def tell(database: peewee.Database, number: str, **changes: Any) -> bool:
    """Write down something of a running training; tell whether it still runs."""
    if "progress" in changes:
        changes["progress"] = json.dumps(changes["progress"]).encode()
    mine = Training.update(changes).where(Training.id == number, Training.state == RUNNING)
    return bool(mine.execute(database))


def end(database: peewee.Database, number: str, state: str, **changes: Any) -> bool:
    """Bring a running training to its end; tell whether it had not ended before."""
    if "result" in changes:
        changes["result"] = json.dumps(changes["result"]).encode()
    return tell(database, number, state=state, ended=clock.stamp(), **changes)


def cancel(database: peewee.Database, number: str, by: str) -> bool:
    """End a training that is queued or runs; tell whether there was something to end."""
    return _stop(database, number, CANCELLED, f"cancelled by {by}")


def refuse(database: peewee.Database, number: str, why: str) -> bool:
    """End a training that could not be started; tell whether there was something to end."""
    return _stop(database, number, FAILED, why)


def _stop(database: peewee.Database, number: str, state: str, why: str) -> bool:
    changes = {"state": state, "ended": clock.stamp(), "error": why}
    open_ones = Training.state.in_([QUEUED, RUNNING])
    done = Training.update(changes).where(Training.id == number, open_ones).execute(database)
    return bool(done)
