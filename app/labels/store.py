"""Labels as they are stored: records with their true target, and tombstones of deleted ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from itertools import chain, islice
from typing import Any

import peewee

from app.labels.upload_store import READING
from app.store import clock, ids
from app.store import database as databases
from app.store.tables import Label, Upload

PAGE = 1000  # rows of one read: nothing stays open between two
PIECE = 2000  # labels that are deleted at once: others wait for no more than that
INCOMPLETE = "(not complete)"  # who "deletes" the rows of a post that stores all or none
# An upload's labels have ids of the moment it began, and may be stored as late as it may last.
LONGEST_UPLOAD = timedelta(minutes=15)
SWEPT = timedelta(days=2)  # uploads that began before are not looked at again

AT_ONCE = 100  # rows of one statement: more of them gain nothing

_OWN = ("id", "value", "record")  # what each label of a post has for itself
_ALIKE = [field.column_name for field in Label._meta.sorted_fields if field.column_name not in _OWN]
_COLUMNS = [*_OWN, *_ALIKE]
_in_peewees_words: Any = peewee.__dict__["__exception_wrapper__"]


@dataclass(frozen=True)
class Feedback:
    """The prediction that a label is the truth of."""

    prediction: str
    version: int
    predicted_at: str
    answer: bytes


@dataclass(frozen=True)
class Rows:
    """Labels to insert: what each has for itself, and by column what all of them have alike."""

    ids: Sequence[str]
    values: Sequence[str]
    records: Sequence[bytes]
    alike: dict[str, Any]

    def __len__(self) -> int:
        return len(self.ids)


def rows(
    dataset: str,
    label_ids: Sequence[str],
    values: Sequence[str],
    records: Sequence[bytes],
    *,
    source: str,
    upload: str,
    feedback: Feedback | None = None,
    is_complete: bool = True,
) -> Rows:
    """Return labels of one post as rows to insert."""
    at = clock.stamp()
    alike = {"dataset": dataset, "at": at, "source": source, "upload": upload}
    if feedback is not None:
        alike |= asdict(feedback)
    if not is_complete:
        alike |= {"deleted": at, "deleted_by": INCOMPLETE}
    return Rows(label_ids, values, records, alike)


def insert(database: peewee.Database, rows: Rows) -> None:
    """Store rows within the caller's transaction; those that are there already stay as they are."""
    alike = [rows.alike.get(name) for name in _ALIKE]
    each = zip(rows.ids, rows.values, rows.records, strict=True)
    cursor = database.cursor()
    with _in_peewees_words:
        if databases.path(database) is None:
            marks = ", ".join(["%s"] * len(_COLUMNS))
            cursor.executemany(_statement([marks]), [(*own, *alike) for own in each])
            return
        while some := list(islice(each, AT_ONCE)):
            cursor.execute(_sqlites(len(some)), [*alike, *chain.from_iterable(some)])


@cache
def _sqlites(count: int) -> str:
    """Return SQLite's statement for so many rows, in which what they have alike stands once.

    It takes two thirds of the time of a statement that is run for each row.
    """
    first, width = len(_ALIKE) + 1, len(_OWN)
    alike = [f"?{at}" for at in range(1, first)]
    own = ([f"?{first + width * row + at}" for at in range(width)] for row in range(count))
    return _statement([", ".join([*marks, *alike]) for marks in own])


def _statement(rows: list[str]) -> str:
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    values = ", ".join(f"({marks})" for marks in rows)
    return f'INSERT INTO "label" ({names}) VALUES {values} ON CONFLICT DO NOTHING'  # noqa: S608


def complete(database: peewee.Database, dataset: str, upload: str, read: int) -> None:
    """Let a post's labels count from now on; `read` is how many rows it has."""
    changes = {Label.at: clock.stamp(), Label.deleted: None, Label.deleted_by: None}
    for some in _incomplete(dataset, upload, read):
        Label.update(changes).where(*some).execute(database)


def withdraw(database: peewee.Database, dataset: str, upload: str, read: int) -> None:
    """Remove a post's labels that never counted."""
    for some in _incomplete(dataset, upload, read):
        Label.delete().where(*some).execute(database)


def _incomplete(dataset: str, upload: str, read: int) -> Iterator[list[Any]]:
    """Yield the conditions of some labels at a time: SQLite remembers all that it changes."""
    for start in range(0, read, PAGE):
        label_ids = ids.following(upload, PAGE, start)
        yield [
            Label.dataset == dataset,
            Label.id.between(label_ids[0], label_ids[-1]),
            Label.upload == upload,
            Label.deleted_by == INCOMPLETE,
        ]


def sweep(database: peewee.Database) -> int:
    """Remove the labels of posts of all or none that nobody goes on with; return of how many."""
    now = clock.now()
    abandoned = [
        Upload.state == READING,
        Upload.touched < clock.text(now - 2 * LONGEST_UPLOAD),
        Upload.read > Upload.refused,
        Upload.stored == 0,
    ]
    recent = Upload.id > ids.at((now - SWEPT).timestamp())
    uploads = list(Upload.select().where(recent, *abandoned).execute(database))
    for upload in uploads:
        with databases.writing(database):
            # Held by this; and whoever goes on with it nevertheless begins anew.
            anew = Upload.update(read=0, refused=0, digest="")
            if anew.where(Upload.id == upload.id, *abandoned).execute(database):
                withdraw(database, upload.dataset, upload.id, upload.read)
    return len(uploads)


def live(dataset: str) -> list[Any]:
    """Return the conditions of the labels that count."""
    return [Label.dataset == dataset, Label.deleted.is_null()]


def get(database: peewee.Database, dataset: str, label_id: str) -> dict[str, Any] | None:
    """Return a label, deleted or not; None where there is none."""
    rows = Label.select().where(Label.dataset == dataset, Label.id == label_id).dicts()
    row = next(iter(rows.execute(database)), None)
    return None if row is None or row["deleted_by"] == INCOMPLETE else row


def page(
    database: peewee.Database,
    conditions: Sequence[Any],
    limit: int,
    after: str | None = None,
    *,
    is_oldest_first: bool = False,
) -> list[dict[str, Any]]:
    """Return at most `limit` labels that meet the conditions, beyond the one with id `after`."""
    where = list(conditions)
    if after is not None:
        where.append(Label.id > after if is_oldest_first else Label.id < after)
    order = Label.id.asc() if is_oldest_first else Label.id.desc()
    rows = Label.select().where(*where).order_by(order).limit(limit).dicts()
    return list(rows.execute(database))


def pages(database: peewee.Database, conditions: Sequence[Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the labels that meet the conditions, the oldest first, some at a time."""
    after: str | None = None
    while True:
        rows = page(database, conditions, PAGE, after, is_oldest_first=True)
        yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


def current(database: peewee.Database, dataset: str) -> Iterator[dict[str, Any]]:
    """Yield the labels that a training may use: of two for one prediction the later one."""
    later = Label.alias()
    overruled = later.select(later.prediction).where(
        later.dataset == dataset,
        later.prediction == Label.prediction,
        later.id > Label.id,
        later.deleted.is_null(),
    )
    alone = Label.prediction.is_null() | ~peewee.fn.EXISTS(overruled)
    yield from chain.from_iterable(pages(database, [*live(dataset), alone]))


def counted(count: int) -> str:
    """Say how many labels: 1 label, 2 labels."""
    return f"{count} label" if count == 1 else f"{count} labels"


def counts(database: peewee.Database, dataset: str) -> dict[str, int]:
    """Count the labels by value."""
    rows = Label.select(Label.value, peewee.fn.COUNT(Label.id)).where(*live(dataset))
    return dict(rows.group_by(Label.value).tuples().execute(database))


def tally(
    database: peewee.Database, dataset: str, *, is_of_classes: bool
) -> list[tuple[str, str | None, int]]:
    """Count the labels by source and, of classes, by value; of numbers the value is None."""
    by = [Label.source, *([Label.value] if is_of_classes else [])]
    value = Label.value if is_of_classes else peewee.Value(None)
    rows = Label.select(Label.source, value, peewee.fn.COUNT(Label.id)).where(*live(dataset))
    return list(rows.group_by(*by).tuples().execute(database))


def delete(
    database: peewee.Database, conditions: Sequence[Any], by: str, confirm: int | None
) -> tuple[int, bool]:
    """Mark the labels that meet the conditions as deleted, if they are as many as `confirm` says.

    Returns how many they are, and whether it was done. Many are marked a piece at a time: those
    that were counted, and none that came later. Whoever is stopped in the middle has deleted some;
    asked again with the same number nothing more is done, and how many are left is returned.
    """
    count, last, newest = _figures(database, conditions)
    if count != confirm:  # as it is mostly, at first: nobody waits for the counting
        return count, False
    changes = {Label.deleted: clock.stamp(), Label.deleted_by: by}
    if count > PIECE:
        # What comes meanwhile has a greater id or, of an upload that began before, a later time.
        counted = [*conditions, Label.id <= last, Label.at <= newest]
        return _in_pieces(database, counted, lambda: Label.update(changes)), True
    with databases.exclusive(database):
        if databases.path(database) is None:  # there what others store could come in between
            database.execute_sql('LOCK TABLE "label" IN SHARE ROW EXCLUSIVE MODE')
        count, _, _ = _figures(database, conditions)
        if count != confirm:
            return count, False
        Label.update(changes).where(*conditions).execute(database)
    return count, True


def purge(database: peewee.Database, dataset: str, before: str) -> int:
    """Remove for ever what was deleted before a moment; return how many labels that were."""
    gone = [Label.dataset == dataset, Label.deleted < before, Label.deleted_by != INCOMPLETE]
    return _in_pieces(database, gone, Label.delete)


def _figures(database: peewee.Database, conditions: Sequence[Any]) -> tuple[int, str, str]:
    """Count the labels that meet the conditions; return their last id and their last time too."""
    fn = peewee.fn
    query = Label.select(fn.COUNT(Label.id), fn.MAX(Label.id), fn.MAX(Label.at))
    figures: tuple[int, str, str] = next(iter(query.where(*conditions).tuples().execute(database)))
    return figures


def _in_pieces(
    database: peewee.Database, conditions: Sequence[Any], change: Callable[[], Any]
) -> int:
    """Change labels a piece at a time, and let others write in between; return how many."""
    count, after = 0, ""
    while True:
        databases.renew(database)  # each piece has its own time
        # What bounds the piece stands first: of two bounds SQLite searches by the first.
        rest = [Label.id > after, *conditions]
        ordered = Label.select(Label.id).where(*rest).order_by(Label.id)
        last = ordered.offset(PIECE - 1).limit(1).scalar(database)
        piece = rest if last is None else [Label.id <= last, *rest]
        with databases.exclusive(database):
            count += change().where(*piece).execute(database)
        if last is None:
            return count
        after = last
