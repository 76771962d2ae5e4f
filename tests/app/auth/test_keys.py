from __future__ import annotations

import hashlib

import peewee
import pytest

from app.auth import keys
from app.store.tables import Key
from src.support.errors import UserError


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
    ((prefix, stored),) = keys.valid(database).items()
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
    assert [stored.name for stored in keys.valid(database).values()] == ["batch"]
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
