from __future__ import annotations

import hashlib
from datetime import timedelta

import peewee
import pytest

from app.auth import keys
from app.store import clock
from app.store.tables import Key
from src.support.errors import UserError
from tests.app.hands import Hands

MINUTE = 60_000  # milliseconds


def test_a_key_is_long_random_and_known_by_its_beginning() -> None:
    key, prefix, hashed = keys.new_key()
    assert key.startswith(prefix)
    assert prefix.startswith("lpd_")
    assert key != keys.new_key()[0]
    assert len(key) - len(prefix) >= 40
    assert hashlib.sha256(key.encode()).hexdigest() == hashed


def test_a_key_is_found_whole_and_no_other() -> None:
    key, prefix, hashed = keys.new_key()
    stored = {prefix: keys.StoredKey("web", hashed, frozenset())}
    assert keys.find(key, stored) is stored[prefix]
    for other in (key[:-1], f"{prefix}_{'x' * 43}", keys.new_key()[0], "", "0" * 64):
        assert keys.find(other, stored) is None


def test_a_key_is_valid_and_only_its_hash_is_kept(database: peewee.Database) -> None:
    key = keys.create(database, "web", ["predict", "label"])
    ((prefix, stored),) = keys.unrevoked(database).items()
    assert key.startswith(prefix)
    assert stored.name == "web"
    assert stored.hash == keys.digest(key)
    assert stored.scopes == {"predict", "label"}
    row = Key.select().dicts().get(database)
    assert key not in str(row)
    assert key[len(prefix) :] not in str(row)


def test_a_revoked_key_is_valid_no_more_and_stays_listed(database: peewee.Database) -> None:
    keys.create(database, "web", ["predict"])
    keys.create(database, "batch", ["predict"])
    keys.revoke(database, "web")
    assert [stored.name for stored in keys.unrevoked(database).values()] == ["batch"]
    listed = keys.listed(database)
    assert [(row["name"], row["revoked"] is None) for row in listed] == [
        ("web", False),
        ("batch", True),
    ]
    assert all("hash" not in row for row in listed)


def test_a_name_is_taken_once_even_after_it_was_revoked(database: peewee.Database) -> None:
    """The log names callers: two keys of one name could not be told apart there."""
    keys.create(database, "web", ["predict"])
    with pytest.raises(UserError, match="'web' already"):
        keys.create(database, "web", ["admin"])
    keys.revoke(database, "web")
    with pytest.raises(UserError, match="'web' already"):
        keys.create(database, "web", ["admin"])


def test_what_cannot_be_revoked_is_named_with_what_can(database: peewee.Database) -> None:
    keys.create(database, "web", ["predict"])
    keys.create(database, "old", ["predict"])
    keys.revoke(database, "old")
    for name in ("wbe", "old"):
        with pytest.raises(UserError, match=name) as caught:
            keys.revoke(database, name)
        assert caught.value.choices == ["web"]


def test_a_key_may_be_for_some_datasets_and_end(database: peewee.Database, hands: Hands) -> None:
    end = clock.text(clock.now() + timedelta(minutes=1))
    keys.create(database, "web", ["predict"], datasets=["a", "b"], expires=end, note="of Ada")
    keys.create(database, "all", ["predict"])
    restricted, free = keys.unrevoked(database).values()
    assert (restricted.datasets, restricted.until) == ({"a", "b"}, end)
    assert (free.datasets, free.until) == (None, None)
    assert not restricted.has_ended
    hands.move(MINUTE)
    assert restricted.has_ended
    assert not free.has_ended
    assert [row["note"] for row in keys.listed(database)] == ["of Ada", None]


def test_a_renewed_key_has_two_secrets_for_a_while(database: peewee.Database, hands: Hands) -> None:
    old = keys.create(database, "web", ["label"], datasets=["a"])
    grace = clock.text(clock.now() + timedelta(minutes=1))
    new = keys.rotate(database, "web", grace)
    newer = keys.rotate(database, "web", clock.text(clock.now() + timedelta(minutes=2)))

    def valid() -> list[str]:
        stored = keys.unrevoked(database)
        known = {key: keys.find(key, stored) for key in (old, new, newer)}
        assert all(one and one.caller == known[newer].caller for one in known.values())
        return [key for key, one in known.items() if not one.has_ended]

    assert valid() == [old, new, newer]
    hands.move(MINUTE)
    assert valid() == [new, newer]
    hands.move(MINUTE)
    assert valid() == [newer]
    assert keys.former(database)[0]["until"] == grace
    keys.revoke(database, "web")
    assert keys.unrevoked(database) == {}


def test_a_secret_does_not_outlive_its_key(database: peewee.Database, hands: Hands) -> None:
    end = clock.text(clock.now() + timedelta(minutes=1))
    old = keys.create(database, "web", ["predict"], expires=end)
    later = clock.text(clock.now() + timedelta(minutes=9))
    keys.rotate(database, "web", later)
    stored = keys.find(old, keys.unrevoked(database))
    assert (stored.until, stored.is_former) == (end, True)
    hands.move(MINUTE)
    with pytest.raises(UserError, match="has expired"):
        keys.rotate(database, "web", later)
    keys.rotate(database, "web", later, later)
    assert {one.until for one in keys.unrevoked(database).values()} == {later}


def test_only_a_key_that_is_not_revoked_is_renewed(database: peewee.Database) -> None:
    keys.create(database, "web", ["predict"])
    keys.revoke(database, "web")
    for name in ("web", "nobody"):
        with pytest.raises(UserError, match=name):
            keys.rotate(database, name, clock.stamp())
    assert keys.former(database) == []


def test_the_last_use_is_stored_once_in_some_minutes(
    database: peewee.Database, hands: Hands
) -> None:
    keys.create(database, "web", ["predict"])
    keys.create(database, "idle", ["predict"])

    def use(*names: str) -> list[str | None]:
        keys.note_use(database, names, keys.unrevoked(database))
        return [row["used"] for row in keys.listed(database)]

    first = clock.stamp()
    assert use("web") == [first, None]
    hands.move(4 * MINUTE)
    assert use("web") == [first, None], "not again so soon"
    hands.move(2 * MINUTE)
    assert use() == [first, None]
    assert use("web", "gone") == [clock.stamp(), None]


def test_a_use_that_another_worker_stored_is_not_stored_again(
    database: peewee.Database, hands: Hands
) -> None:
    keys.create(database, "web", ["predict"])
    before = keys.unrevoked(database)
    keys.note_use(database, ["web"], before)
    first = clock.stamp()
    hands.move(MINUTE)
    keys.note_use(database, ["web"], before)
    assert [row["used"] for row in keys.listed(database)] == [first]
