from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.labels import store as label_store
from app.labels import upload_store
from app.labels.store import Feedback
from app.store import clock, ids
from app.store import database as databases
from app.store.migrations import migrate
from app.store.tables import Label, Upload
from tests.app.hands import Hands


def add(database: peewee.Database, *values: str, dataset: str = "debts", **about: Any) -> list[str]:
    """Store labels with these values; return their ids."""
    numbers = about.pop("numbers", None) or [ids.new() for _ in values]
    records = [f'{{"at":{at}}}'.encode() for at in range(len(values))]
    given = {"source": "me", "upload": ids.new(), **about}
    with databases.writing(database):
        label_store.insert(database, label_store.rows(dataset, numbers, values, records, **given))
    return list(numbers)


def feedback(prediction: str) -> Feedback:
    return Feedback(prediction, 3, "2026-01-31T00:00:00.000000Z", b"{}")


def found(database: peewee.Database, *conditions: Any) -> list[str]:
    wanted = [*label_store.live("debts"), *conditions]
    return [row["id"] for page in label_store.pages(database, wanted) for row in page]


def test_a_label_is_stored_as_it_is(database: peewee.Database) -> None:
    before = clock.stamp()
    (number,) = add(database, "1", source="you", upload="u", feedback=feedback("p"))
    row = label_store.get(database, "debts", number)
    assert row is not None
    assert before <= row.pop("at") <= clock.stamp()
    assert {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()} == {
        "dataset": "debts",
        "id": number,
        "source": "you",
        "value": "1",
        "record": b'{"at":0}',
        "upload": "u",
        "prediction": "p",
        "version": 3,
        "predicted_at": "2026-01-31T00:00:00.000000Z",
        "answer": b"{}",
        "deleted": None,
        "deleted_by": None,
        "review": None,
    }
    assert label_store.get(database, "stones", number) is None


def test_what_is_there_already_stays_as_it_is(database: peewee.Database) -> None:
    numbers = add(database, "1", "2")
    label_store.delete(database, [Label.id == numbers[0]], "me", 1)
    other = ids.new()
    add(database, "3", "4", "5", numbers=[*numbers, other])
    add(database, "6", dataset="stones", numbers=numbers[:1])
    assert found(database) == [numbers[1], other]
    assert label_store.counts(database, "debts") == {"2": 1, "5": 1}
    assert label_store.counts(database, "stones") == {"6": 1}


def test_an_insert_is_of_the_callers_transaction(database: peewee.Database) -> None:
    rows = label_store.rows("debts", [ids.new()], ["1"], [b"{}"], source="me", upload="u")

    def fail() -> None:
        with databases.writing(database):
            label_store.insert(database, rows)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert Label.select().count(database) == 0


def test_a_database_refuses_in_peewees_words(database: peewee.Database, database_url: str) -> None:
    (number,) = add(database, "1")
    value: Any = None
    with pytest.raises(peewee.IntegrityError):
        add(database, value)
    other = databases.connect(database_url, "process", 0.05)
    with databases.exclusive(database):
        Label.delete().where(Label.id == number).execute(database)
        with pytest.raises(peewee.PeeweeException):
            add(other, "1", numbers=[number])
    other.close()


def test_what_is_incomplete_counts_when_it_is_complete(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_store, "PAGE", 2)
    upload = ids.new()
    numbers = ids.following(upload, 3)
    (other,) = add(database, "9", is_complete=False)
    add(database, "1", "1", "0", numbers=numbers, upload=upload, is_complete=False)
    assert found(database) == []
    assert label_store.get(database, "debts", numbers[0]) is None
    assert label_store.counts(database, "debts") == {}
    assert list(label_store.current(database, "debts")) == []
    moment = clock.stamp()
    label_store.complete(database, "debts", upload, 3)
    assert found(database) == numbers
    row = label_store.get(database, "debts", numbers[0])
    assert row is not None
    assert row["at"] >= moment, "they come when they count"
    assert label_store.get(database, "debts", other) is None


def test_what_is_withdrawn_is_gone_and_nothing_else(database: peewee.Database) -> None:
    upload = ids.new()
    numbers = ids.following(upload, 3)
    add(database, "1", "1", numbers=numbers[:2], upload=upload, is_complete=False)
    add(database, "1", numbers=numbers[2:], upload=upload)
    (other,) = add(database, "1", is_complete=False)
    label_store.withdraw(database, "debts", upload, 3)
    left = Label.select(Label.id).order_by(Label.id).tuples().execute(database)
    assert [number for (number,) in left] == sorted([numbers[2], other])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., datetime]:
    def go(**words: float) -> datetime:
        moment = clock.now() + timedelta(**words)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    return go


def begun(database: peewee.Database, read: int = 3, **about: Any) -> tuple[str, list[str]]:
    """Store a post of all or none that is on its way, with its labels."""
    upload = ids.new()
    numbers = ids.following(upload, read)
    upload_store.begin(database, upload, "debts", "me", about.get("key"))
    add(database, *["1"] * read, numbers=numbers, upload=upload, is_complete=False)
    upload_store.update(database, upload, read=read, digest="d", **about)
    return upload, numbers


def test_what_was_given_up_is_swept_and_may_begin_anew(
    database: peewee.Database, later: Callable[..., datetime]
) -> None:
    upload, _ = begun(database)
    add(database, "1")
    assert label_store.sweep(database) == 0
    later(minutes=29)
    assert label_store.sweep(database) == 0
    later(minutes=2)
    fresh, _ = begun(database)
    Upload.update(touched=clock.text(clock.now())).where(Upload.id == fresh).execute(database)
    assert label_store.sweep(database) == 1
    assert Label.select().where(Label.upload == upload).count(database) == 0
    assert Label.select().count(database) == 1 + 3
    row = upload_store.get(database, "debts", upload)
    assert row is not None
    assert (row["state"], row["read"], row["digest"]) == ("reading", 0, "")
    assert label_store.sweep(database) == 0


@pytest.mark.parametrize("about", [{"state": "done"}, {"stored": 3}, {"refused": 3}])
def test_what_was_not_given_up_is_not_swept(
    database: peewee.Database, later: Callable[..., datetime], about: dict[str, Any]
) -> None:
    begun(database, **about)
    later(hours=1)
    assert label_store.sweep(database) == 0
    assert Label.select().count(database) == 3


def test_pages_hold_all_in_order(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = add(database, *"1010101")
    add(database, "1", dataset="stones")
    monkeypatch.setattr(label_store, "PAGE", 3)
    sizes = [len(page) for page in label_store.pages(database, label_store.live("debts"))]
    assert sizes == [3, 3, 1]
    assert found(database) == numbers
    assert found(database, Label.value == "1") == numbers[::2]
    assert [len(page) for page in label_store.pages(database, label_store.live("notes"))] == [0]
    newest = label_store.page(database, label_store.live("debts"), 2)
    assert [row["id"] for row in newest] == numbers[:-3:-1]
    beyond = label_store.page(database, label_store.live("debts"), 2, numbers[2])
    assert [row["id"] for row in beyond] == numbers[1::-1]


def test_of_two_labels_for_one_prediction_the_later_one_is_current(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_store, "PAGE", 2)
    (plain,) = add(database, "1")
    (first,) = add(database, "1", feedback=feedback("p"))
    (other,) = add(database, "1", feedback=feedback("q"))
    (second,) = add(database, "0", feedback=feedback("p"))
    add(database, "0", feedback=feedback("q"), dataset="stones")

    def current() -> list[str]:
        return [row["id"] for row in label_store.current(database, "debts")]

    assert current() == [plain, other, second]
    label_store.delete(database, [Label.id == second], "me", 1)
    assert current() == [plain, first, other]


def test_a_label_is_the_word_of_whoever_posted_it(database: peewee.Database) -> None:
    """Whatever it calls its source; the truth of a prediction has no post of its own."""
    uploads = [ids.new() for _ in range(2)]
    for upload, caller in zip(uploads, ("bank", "mallory"), strict=True):
        upload_store.begin(database, upload, "debts", caller, None)
        add(database, "1", upload=upload, source="bank")
    add(database, "0", source="till", feedback=feedback("p"))
    keys = [row["key"] for row in label_store.current(database, "debts")]
    assert keys == ["bank", "mallory", "till"]


def test_labels_go_only_where_they_are_as_many_as_is_confirmed(database: peewee.Database) -> None:
    numbers = add(database, "1", "1", "0")
    ones = [*label_store.live("debts"), Label.value == "1"]
    for confirm in (None, 1, 3):
        assert label_store.delete(database, ones, "me", confirm) == (2, False)
    assert found(database) == numbers
    assert label_store.delete(database, ones, "me", 2) == (2, True)
    assert found(database) == numbers[2:]
    row = label_store.get(database, "debts", numbers[0])
    assert row is not None
    assert row["deleted_by"] == "me"
    assert row["at"] < row["deleted"] <= clock.stamp()


@pytest.fixture(params=["at once", "in pieces"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few labels be deleted as many are, too."""
    if request.param == "in pieces":
        monkeypatch.setattr(label_store, "PIECE", 2)


@pytest.mark.usefixtures("pieces")
def test_no_more_go_than_were_counted(
    database: peewee.Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored between the count and the deletion is not deleted, wherever it stands."""
    (early,) = ids.following(ids.new(), 1)  # of an upload that has begun
    add(database, *"11111")
    other = databases.connect(database_url, "process", 5.0)
    threads: list[threading.Thread] = []
    update = Label.update

    def store() -> None:
        _, new = add(other, "1", "1", numbers=[early, ids.new()])
        # By another machine, whose clock is behind.
        update(at="2026-01-01T00:00:00.000000Z").where(Label.id == new).execute(other)
        other.close()

    def after_another(*words: Any) -> Any:
        if not threads:
            threads.append(threading.Thread(target=store))
            threads[0].start()
            threads[0].join(0.2)
        return update(*words)

    monkeypatch.setattr(Label, "update", after_another)
    assert label_store.delete(database, label_store.live("debts"), "me", 5) == (5, True)
    threads[0].join()
    assert len(found(database)) == 2


@pytest.mark.usefixtures("pieces")
def test_all_that_are_confirmed_have_one_stamp(database: peewee.Database) -> None:
    numbers = add(database, *"1101011")
    others = add(database, "1", dataset="stones")
    ones = [*label_store.live("debts"), Label.value == "1"]
    assert label_store.delete(database, ones, "me", 4) == (5, False)
    assert label_store.delete(database, ones, "me", 5) == (5, True)
    assert found(database) == [numbers[2], numbers[4]]
    assert label_store.delete(database, ones, "you", 5) == (0, False)
    rows = Label.select(Label.deleted, Label.deleted_by).where(Label.id.in_(numbers))
    stamps = set(rows.where(Label.value == "1").tuples().execute(database))
    assert [by for _, by in stamps] == ["me"]
    assert label_store.get(database, "stones", others[0])["deleted"] is None


def held(monkeypatch: pytest.MonkeyPatch, within: Callable[[], object]) -> list[int]:
    """Note how many labels are deleted while others wait; do something before each time."""
    found: list[int] = []
    exclusive = databases.exclusive

    @contextmanager
    def counting(database: peewee.Database) -> Iterator[None]:
        gone = Label.select().where(~Label.deleted.is_null())
        before = gone.count(database)
        within()
        with exclusive(database):
            yield
            found.append(gone.count(database) - before)

    monkeypatch.setattr(databases, "exclusive", counting)
    return found


def test_others_write_between_the_pieces_of_many(
    database: peewee.Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_store, "PIECE", 2)
    add(database, *"11111")
    with closing(databases.connect(database_url, "process", 0.05)) as other:
        pieces = held(monkeypatch, lambda: add(other, "0", dataset="stones"))
        assert label_store.delete(database, label_store.live("debts"), "me", 5) == (5, True)
    assert pieces == [2, 2, 1]
    assert label_store.counts(database, "stones") == {"0": 3}


def test_whoever_is_stopped_in_the_middle_is_told_how_many_are_left(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_store, "PIECE", 2)
    add(database, *"11111")
    left = iter([True, False])

    def fail() -> None:
        if not next(left):
            raise peewee.OperationalError("away")

    with monkeypatch.context() as patch:
        held(patch, fail)
        with pytest.raises(peewee.OperationalError):
            label_store.delete(database, label_store.live("debts"), "me", 5)
    assert label_store.delete(database, label_store.live("debts"), "me", 5) == (3, False)
    assert label_store.delete(database, label_store.live("debts"), "me", 3) == (3, True)
    assert found(database) == []


def test_each_piece_has_its_own_time(
    tmp_path: Path, sqlite: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_store, "PIECE", 1)
    monkeypatch.setattr(databases, "STEPS", 1)
    add(sqlite, *"1111")
    url, now = f"sqlite:///{tmp_path / 'lapidary.db'}", [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pass_by() -> None:
        now[0] += 3.0

    with closing(databases.connect(url, "process", 1.0, slowest=4.0)) as slow:
        held(monkeypatch, pass_by)
        assert label_store.delete(slow, label_store.live("debts"), "me", 4) == (4, True)


@pytest.mark.parametrize(
    "bounds",
    [
        [],
        [Label.id > ids.at(0)],
        [Label.id < ids.at(4e9)],
        [Label.id > ids.at(0), Label.id < ids.at(4e9), Label.source == "me"],
    ],
)
def test_twice_as_many_take_twice_as_long(
    sqlite: peewee.Database, monkeypatch: pytest.MonkeyPatch, bounds: list[Any]
) -> None:
    """A piece is not looked for among those that were done or are to come."""
    monkeypatch.setattr(label_store, "PIECE", 10)
    steps: list[int] = []

    def step() -> Any:
        steps[-1] += 1

    for count in (500, 1000):
        add(sqlite, *["1"] * count)
        steps.append(0)
        sqlite.connection().progress(step, 1)
        wanted = [*label_store.live("debts"), *bounds]
        assert label_store.delete(sqlite, wanted, "me", count) == (count, True)
        sqlite.connection().progress(None, 0)
        label_store.purge(sqlite, "debts", "9")
    assert steps[1] < 2.5 * steps[0]


@pytest.mark.parametrize(("count", "words"), [(0, "0 labels"), (1, "1 label"), (2, "2 labels")])
def test_labels_are_counted_in_words(count: int, words: str) -> None:
    assert label_store.counted(count) == words


@pytest.mark.usefixtures("pieces")
def test_tombstones_are_purged(database: peewee.Database, hands: Hands) -> None:
    numbers = add(database, "1", "1", "1")
    others = add(database, "1", dataset="stones")
    add(database, "1", is_complete=False)
    label_store.delete(database, [Label.id == numbers[0]], "me", 1)
    label_store.delete(database, [Label.id == others[0]], "me", 1)
    hands.move()
    moment = clock.stamp()
    hands.move()
    label_store.delete(database, [Label.id == numbers[1]], "me", 1)
    assert label_store.purge(database, "debts", moment) == 1
    assert label_store.get(database, "debts", numbers[0]) is None
    assert label_store.get(database, "debts", numbers[1]) is not None
    assert label_store.get(database, "stones", others[0]) is not None
    assert label_store.purge(database, "debts", "9") == 1
    assert Label.select().count(database) == 3


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[peewee.Database]:
    url = f"sqlite:///{tmp_path / 'lapidary.db'}"
    with closing(databases.connect(url, "process", 1.0)) as database:
        migrate(database)
        yield database


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (Label.prediction == "p", "label_prediction"),
        (Label.source == "s", "label_source"),
        (Label.value == "1", "label_value"),
    ],
)
def test_what_labels_are_looked_for_by_is_found_by_an_index(
    sqlite: peewee.Database, condition: Any, index: str
) -> None:
    """SQLite would take the primary key for as good as an index that begins as it does."""
    query = Label.select().where(*label_store.live("debts"), condition).order_by(Label.id.desc())
    sql, parameters = query.limit(1).bind(sqlite).sql()
    plan = str(sqlite.execute_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall())
    assert index in plan


def test_of_each_prediction_the_last_truth_is_found_by_an_index(
    sqlite: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    run = sqlite.execute_sql

    def note(sql: str, *words: Any) -> Any:
        said.append(str(run(f"EXPLAIN QUERY PLAN {sql}", *words).fetchall()))
        return run(sql, *words)

    monkeypatch.setattr(sqlite, "execute_sql", note)
    assert list(label_store.current(sqlite, "debts")) == []
    assert "label_prediction" in said[0]
