"""Labels as they are stored: records with their true target, and tombstones of deleted ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from functools import cache
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

import peewee

from app.labels.upload_store import READING
from app.store import clock, ids
from app.store import database as databases
from app.store.tables import Label, Upload

PAGE = 1000  # rows of one read: nothing stays open between two
PIECE = 2000  # labels that are deleted at once: others wait for no more than that
INCOMPLETE = "(not complete)"  # who "deletes" the rows of a post that stores all or none
WAITING = "(to review)"  # who "deletes" what counts once a person has accepted it
# An upload's labels have ids of the moment it began, and may be stored as late as it may last.
LONGEST_UPLOAD = timedelta(minutes=15)
SWEPT = timedelta(days=2)  # uploads that began before are not looked at again

AT_ONCE = 100  # rows of one statement: more of them gain nothing

_COLUMNS = [field.column_name for field in Label._meta.sorted_fields]
_in_peewees_words: Any = peewee.__dict__["__exception_wrapper__"]


@dataclass(frozen=True)
class Feedback:
    """The prediction that a label is the truth of."""

    prediction: str
    version: int
    predicted_at: str
    answer: bytes


_OF_FEEDBACK = [one.name for one in fields(Feedback)]


@dataclass(frozen=True)
class Rows:
    """Labels to insert, by column: what each has for itself, and what all of them have alike."""

    own: dict[str, Sequence[Any]]
    alike: dict[str, Any]

    @property
    def ids(self) -> Sequence[str]:
        """Return the labels' ids."""
        return self.own["id"]

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
    feedback: Feedback | Sequence[Feedback | None] | None = None,
    reviews: Mapping[int, bytes] = MappingProxyType({}),
    is_complete: bool = True,
) -> Rows:
    """Return labels of one post as rows to insert.

    `feedback` is of all rows or has one for each; `reviews` has, by their positions, why some of
    them wait for a person.
    """
    at = clock.stamp()
    own: dict[str, Sequence[Any]] = {"id": label_ids, "value": values, "record": records}
    alike = {"dataset": dataset, "at": at, "source": source, "upload": upload}
    if isinstance(feedback, Feedback):
        alike |= asdict(feedback)
    elif feedback is not None:
        own |= {name: [getattr(one, name, None) for one in feedback] for name in _OF_FEEDBACK}
    if not is_complete:
        alike |= {"deleted": at, "deleted_by": INCOMPLETE}
    if reviews:
        places = range(len(label_ids))
        own["review"] = [reviews.get(place) for place in places]
        if is_complete:
            own["deleted"] = [at if place in reviews else None for place in places]
            own["deleted_by"] = [WAITING if place in reviews else None for place in places]
    return Rows(own, alike)


def insert(database: peewee.Database, rows: Rows) -> None:
    """Store rows within the caller's transaction; those that are there already stay as they are."""
    own = tuple(rows.own)
    alike = [rows.alike.get(name) for name in _COLUMNS if name not in rows.own]
    each = zip(*rows.own.values(), strict=True)
    cursor = database.cursor()
    with _in_peewees_words:
        if databases.path(database) is None:
            marks = ", ".join(["%s"] * len(_COLUMNS))
            cursor.executemany(_statement([marks], own), [(*one, *alike) for one in each])
            return
        while some := list(islice(each, AT_ONCE)):
            cursor.execute(_sqlites(len(some), own), [*alike, *chain.from_iterable(some)])


@cache
def _sqlites(count: int, own: tuple[str, ...]) -> str:
    """Return SQLite's statement for so many rows, in which what they have alike stands once.

    It takes two thirds of the time of a statement that is run for each row.
    """
    width = len(own)
    first = len(_COLUMNS) - width + 1
    alike = [f"?{at}" for at in range(1, first)]
    each = ([f"?{first + width * row + at}" for at in range(width)] for row in range(count))
    return _statement([", ".join([*marks, *alike]) for marks in each], own)


def _statement(rows: list[str], own: tuple[str, ...]) -> str:
    """Return an insert of rows whose own columns stand first."""
    ordered = [*own, *(name for name in _COLUMNS if name not in own)]
    names = ", ".join(f'"{name}"' for name in ordered)
    values = ", ".join(f"({marks})" for marks in rows)
    return f'INSERT INTO "label" ({names}) VALUES {values} ON CONFLICT DO NOTHING'  # noqa: S608


def complete(database: peewee.Database, dataset: str, upload: str, read: int) -> None:
    """Let a post's labels count from now on; `read` is how many rows it has."""
    at = clock.stamp()
    waits = {Label.at: at, Label.deleted: at, Label.deleted_by: WAITING}
    changes = {Label.at: at, Label.deleted: None, Label.deleted_by: None}
    for some in _incomplete(dataset, upload, read):
        Label.update(waits).where(*some, Label.review.is_null(False)).execute(database)
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


def kept(dataset: str) -> list[Any]:
    """Return the conditions of the labels that are not deleted: those that count, or may yet."""
    return [Label.dataset == dataset, Label.deleted.is_null() | (Label.deleted_by == WAITING)]


def waiting(dataset: str) -> list[Any]:
    """Return the conditions of the labels that wait for a person."""
    # The last one lets the index of what waits be used.
    return [Label.dataset == dataset, Label.deleted_by == WAITING, Label.review.is_null(False)]


def accepted(dataset: str) -> list[Any]:
    """Return the conditions of the labels that count since a person accepted them."""
    return [*live(dataset), Label.deleted_by.is_null(), Label.review.is_null(False)]


def gone(dataset: str) -> list[Any]:
    """Return the conditions of the labels that were deleted."""
    return [Label.dataset == dataset, Label.deleted_by.not_in([INCOMPLETE, WAITING])]


def of_key(name: str) -> list[Any]:
    """Return the conditions of the labels that a key posted, whatever it calls their source."""
    own = Label.upload.in_(Upload.select(Upload.id).where(Upload.caller == name))
    # The truth of a prediction has no post of its own, and no source but who told it.
    is_truth = Label.upload.not_in(Upload.select(Upload.id))
    return [own | (is_truth & (Label.source == name))]


def of_upload(database: peewee.Database, dataset: str, upload: str) -> list[Any]:
    """Return the conditions of the labels that a post brought, whose ids follow from its own."""
    conditions = [Label.upload == upload, Label.id > upload]
    read = Upload.select(Upload.read).where(Upload.id == upload, Upload.dataset == dataset)
    count = read.scalar(database)
    if count:  # without a row it is the truth of a prediction, which may have any later id
        conditions.append(Label.id <= ids.following(upload, 1, count - 1)[0])
    return conditions


def change(
    database: peewee.Database,
    dataset: str,
    label_id: str,
    changes: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any] | None:
    """Change a label as a function of it says, and nobody else meanwhile; return it as it is then.

    None where there is no such label.
    """
    with databases.exclusive(database):
        row = get(database, dataset, label_id)
        if row is not None and (new := changes(row)):
            one = [Label.dataset == dataset, Label.id == label_id]
            Label.update(new).where(*one).execute(database)
            row |= new
    return row


def change_all(
    database: peewee.Database,
    conditions: Sequence[Any],
    changes: Callable[[dict[str, Any]], dict[str, Any]],
    confirm: int | None,
) -> tuple[int, bool]:
    """Change the labels that meet the conditions, which then meet them no more, as a function says.

    Returns how many they are, and whether they are as many as `confirm` says and it was done: some
    at a time, those that were counted and none that came later. Whoever is stopped in the middle
    has changed some; the rest is counted anew.
    """
    count, last, newest = _figures(database, conditions)
    if count != confirm:
        return count, False
    counted = [*conditions, Label.id <= last, Label.at <= newest]
    done = 0
    while True:
        databases.renew(database)  # each piece has its own time
        with databases.exclusive(database):
            rows = page(database, counted, AT_ONCE, is_oldest_first=True)
            for row in rows:
                one = [Label.dataset == row["dataset"], Label.id == row["id"]]
                Label.update(changes(row)).where(*one).execute(database)
        done += len(rows)
        if len(rows) < AT_ONCE:
            return done, True


def has_live(database: peewee.Database, dataset: str) -> bool:
    """Tell whether a dataset has a label that counts."""
    return bool(page(database, live(dataset), 1))


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
    """Yield the labels that a training may use: of two for one prediction the later one.

    Each with its `key`: the name of whoever was let in to post it, whatever it calls its source.
    """
    later = Label.alias()
    overruled = later.select(later.prediction).where(
        later.dataset == dataset,
        later.prediction == Label.prediction,
        later.id > Label.id,
        later.deleted.is_null(),
    )
    alone = Label.prediction.is_null() | ~peewee.fn.EXISTS(overruled)
    for rows in pages(database, [*live(dataset), alone]):
        uploads = list({row["upload"] for row in rows})
        posts = Upload.select(Upload.id, Upload.caller).where(Upload.id.in_(uploads))
        callers = dict(posts.tuples().execute(database))
        for row in rows:
            # The truth of a prediction has no post of its own, and no source but who told it.
            yield {**row, "key": callers.get(row["upload"], row["source"])}


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
    return _in_pieces(database, [*gone(dataset), Label.deleted < before], Label.delete)


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
