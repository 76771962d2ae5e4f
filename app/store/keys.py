"""API keys as they are stored."""

from __future__ import annotations

from typing import Any

import peewee

from app import clock, security
from app.security import StoredKey
from app.store import database as databases
from app.store.tables import Key
from src.errors import UserError, unknown


def create(database: peewee.Database, name: str, scopes: list[str]) -> str:
    """Make a key and return it: the only time that it is seen.

    Raises UserError where the name is taken.
    """
    key, prefix, digest = security.new_key()
    with databases.exclusive(database):
        if Key.select().where(Key.name == name).count(database):
            raise UserError(
                f"There is a key '{name}' already.",
                fix=f"take another name, or: python -m app.keys revoke name={name}",
            )
        Key.insert(
            name=name,
            prefix=prefix,
            hash=digest,
            scopes=",".join(scopes),
            at=clock.text(clock.now()),
        ).execute(database)
    return key


def revoke(database: peewee.Database, name: str) -> None:
    """End a key; it is refused everywhere within a second. Raises UserError without such a key."""
    valid_keys = (Key.name == name) & Key.revoked.is_null()
    done = Key.update(revoked=clock.text(clock.now())).where(valid_keys).execute(database)
    if not done:
        names = [row["name"] for row in listed(database) if row["revoked"] is None]
        raise unknown("key", name, names)


def listed(database: peewee.Database) -> list[dict[str, Any]]:
    """List all keys, the revoked ones too, without their hashes."""
    rows = Key.select(Key.name, Key.prefix, Key.scopes, Key.at, Key.revoked).order_by(Key.id)
    return list(rows.dicts().execute(database))


def valid(database: peewee.Database) -> dict[str, StoredKey]:
    """Return the keys that are accepted, by prefix."""
    rows = Key.select().where(Key.revoked.is_null()).execute(database)
    return {
        row.prefix: StoredKey(row.name, row.hash, frozenset(row.scopes.split(","))) for row in rows
    }
