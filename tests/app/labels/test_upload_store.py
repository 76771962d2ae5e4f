from __future__ import annotations

import threading

import peewee
import pytest

from app.labels import upload_store
from app.store import clock, ids
from app.store import database as databases
from app.store.tables import Upload


def test_a_post_begins_with_nothing(database: peewee.Database) -> None:
    number = ids.new()
    row = upload_store.begin(database, number, "debts", "me", None)
    assert row == upload_store.get(database, "debts", number)
    assert (row["state"], row["read"], row["stored"], row["refused"]) == ("reading", 0, 0, 0)
    assert (row["digest"], row["answer"], row["at"]) == ("", None, row["touched"])


def test_a_post_with_a_key_is_found_again(database: peewee.Database) -> None:
    first = upload_store.begin(database, ids.new(), "debts", "me", "k")
    assert upload_store.begin(database, ids.new(), "stones", "me", "k") == first
    others = [("me", "l"), ("you", "k"), ("me", None), ("me", None)]
    for caller, key in others:
        number = ids.new()
        assert upload_store.begin(database, number, "debts", caller, key)["id"] == number
    assert Upload.select().count(database) == 1 + len(others)


def test_two_at_once_find_the_same_post(database: peewee.Database) -> None:
    found: list[str] = []
    barrier = threading.Barrier(6)

    def begin() -> None:
        barrier.wait()
        found.append(upload_store.begin(database, ids.new(), "debts", "me", "k")["id"])
        database.close()

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert Upload.select().count(database) == 1


def test_what_is_told_is_kept_with_its_time(database: peewee.Database) -> None:
    number, other = ids.new(), ids.new()
    for one in (number, other):
        begun = upload_store.begin(database, one, "debts", "me", None)
    upload_store.update(database, number, read=7, stored=5, refused=2, answer=b"{}")
    row = upload_store.get(database, "debts", number)
    assert row is not None
    assert (row["read"], row["stored"], row["refused"]) == (7, 5, 2)
    assert bytes(row["answer"]) == b"{}"
    assert row["at"] < row["touched"] <= clock.stamp()
    assert upload_store.get(database, "debts", other) == begun


def test_a_post_is_one_of_its_dataset(database: peewee.Database) -> None:
    number = ids.new()
    upload_store.begin(database, number, "debts", "me", None)
    assert upload_store.get(database, "stones", number) is None
    assert upload_store.get(database, "debts", ids.new()) is None


def test_a_post_that_is_held_waits_for_who_holds_it(
    database: peewee.Database, database_url: str
) -> None:
    number = ids.new()
    upload_store.begin(database, number, "debts", "me", "k")
    other = databases.connect(database_url, "process", 10.0)
    seen: list[int] = []
    held = threading.Event()

    def second() -> None:
        held.wait()
        with databases.writing(other):
            seen.append(upload_store.hold(other, number)["read"])
        other.close()

    thread = threading.Thread(target=second)
    thread.start()
    with databases.writing(database):
        assert upload_store.hold(database, number)["read"] == 0
        held.set()
        thread.join(0.2)
        assert seen == []
        upload_store.update(database, number, read=1)
    thread.join()
    assert seen == [1]


def test_a_post_is_not_held_for_ever(database: peewee.Database, database_url: str) -> None:
    number = ids.new()
    upload_store.begin(database, number, "debts", "me", "k")
    other = databases.connect(database_url, "process", 0.05)
    with databases.writing(database):
        upload_store.hold(database, number)
        with pytest.raises(databases.REFUSALS), databases.writing(other):
            upload_store.hold(other, number)
    other.close()
