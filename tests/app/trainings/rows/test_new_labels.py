"""Labels that came after a moment, where most came before."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import peewee

from app.labels import upload_store
from app.store import clock, ids
from app.store import database as databases
from app.store.migrations import migrate
from app.store.tables import Label, Upload
from app.trainings.rows import new_labels
from tests.app.labels import truths


def upload(
    database: peewee.Database, *, begun: float, touched: float, dataset: str = "debts"
) -> str:
    """Begin a post so many seconds ago that got further later; return its id."""
    number = ids.following(ids.at(truths.moment(begun).timestamp()), 1)[0]
    upload_store.begin(database, number, dataset, "me", None)
    touch = Upload.update(touched=clock.text(truths.moment(touched)))
    touch.where(Upload.id == number).execute(database)
    return number


def late(database: peewee.Database, upload: str, *ago: float) -> list[str]:
    """Store labels of an upload, which came so many seconds ago; return their ids."""
    numbers = ids.following(upload, len(ago))
    made = truths.label(database, len(ago))
    for old, number, seconds in zip(made, numbers, ago, strict=True):
        row = Label.update(id=number, at=clock.text(truths.moment(seconds)))
        row.where(Label.id == old).execute(database)
    return numbers


def test_none_came_where_there_are_none(database: peewee.Database) -> None:
    for moment in (None, clock.now()):
        assert new_labels.since(database, "debts", moment, 10) == (0, None)
        assert new_labels.oldest(database, "debts", moment) is None


def test_labels_are_counted_since_a_moment(database: peewee.Database) -> None:
    truths.label(database, 2, ago=100)
    moment = truths.moment(50)
    first, second = (truths.label(database, ago=ago)[0] for ago in (40, 30))
    truths.label(database, 7, dataset="stones")
    gone = truths.label(database, ago=20)
    Label.update(deleted="2026-01-01").where(Label.id.in_(gone)).execute(database)

    def at(number: str) -> str:
        return str(Label.select(Label.at).where(Label.id == number).scalar(database))

    assert new_labels.since(database, "debts", None, 10)[0] == 4
    assert new_labels.since(database, "debts", moment, 10) == (2, at(second))
    assert new_labels.since(database, "debts", moment, 1) == (1, at(second))
    assert new_labels.oldest(database, "debts", moment) == at(first)
    assert new_labels.oldest(database, "debts", None) < at(first)


def test_of_an_upload_that_the_moment_fell_into_those_count_that_came_after(
    database: peewee.Database,
) -> None:
    moment = truths.moment(50)
    late(database, upload(database, begun=300, touched=30), 60, 55, 45, 40, 30)
    assert new_labels.since(database, "debts", moment, 10)[0] == 3
    oldest = new_labels.oldest(database, "debts", moment)
    assert oldest is not None
    assert clock.text(truths.moment(46)) < oldest < clock.text(truths.moment(44))


def test_a_label_whose_id_is_a_little_older_counts(database: peewee.Database) -> None:
    moment = clock.now()
    late(database, ids.at(moment.timestamp() - 0.5), 0.0)
    assert new_labels.since(database, "debts", moment, 10)[0] == 1


def test_what_came_before_is_not_looked_at(tmp_path: Path) -> None:
    """However many were posted just before, and whoever else posts now."""
    database = databases.connect(f"sqlite:///{tmp_path / 'lapidary.db'}", "process", 1.0)
    migrate(database)
    late(database, upload(database, begun=300, touched=60), *[60.0] * 500)
    upload(database, begun=400, touched=30, dataset="stones")
    moment = truths.moment(50)
    truths.label(database, 3, ago=40)
    steps = _steps(database, moment)
    late(database, upload(database, begun=200, touched=30), *[60.0] * 500, 30.0)
    assert _steps(database, moment) > 5 * steps > 0, "of one that went on they are looked at"
    database.close()


def _steps(database: peewee.Database, moment: datetime) -> int:
    """Count the steps of SQLite's machine that a look takes."""
    found: list[int] = []

    def step() -> Any:
        found.append(1)

    database.connection().progress(step, 1)
    assert new_labels.since(database, "debts", moment, 100)[0] in (3, 4)
    assert new_labels.oldest(database, "debts", moment) is not None
    return len(found)
