"""Create, hash, store and look up API keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import peewee

from app.store import clock
from app.store import database as databases
from app.store.redaction import KEY_PREFIX
from app.store.tables import Key
from src.support.errors import UserError, unknown

_BEGINNING = len(KEY_PREFIX) + 8  # characters that tell keys apart and give nothing away


@dataclass(frozen=True)
class StoredKey:
    """What is stored of a key, which is never the key itself."""

    name: str
    hash: str
    scopes: frozenset[str]


def new_key() -> tuple[str, str, str]:
    """Generate a key; return it with its prefix and its hash."""
    key = f"{KEY_PREFIX}{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"
    return key, beginning(key), digest(key)


def digest(key: str) -> str:
    """Hash a key; it is random and long, so a slow hash would add no protection."""
    return hashlib.sha256(key.encode()).hexdigest()


def beginning(key: str) -> str:
    """Return the prefix by which a key is looked up."""
    return key[:_BEGINNING]


def find(key: str, keys: Mapping[str, StoredKey]) -> StoredKey | None:
    """Look up a key; return None if it is not valid."""
    stored = keys.get(beginning(key))
    # Hashed and compared in any case: the time it takes tells nothing about a key.
    matches = hmac.compare_digest(digest(key), stored.hash if stored else "0" * 64)
    return stored if matches else None


def create(database: peewee.Database, name: str, scopes: list[str]) -> str:
    """Create a key and return it, for the only time.

    Raises UserError if the name is taken.
    """
    key, prefix, hashed = new_key()
    with databases.exclusive(database):
        if Key.select().where(Key.name == name).count(database):
            raise UserError(
                f"The key '{name}' already exists.",
                fix=f"take another name, or: python -m app keys revoke --name {name}",
            )
        Key.insert(
            name=name,
            prefix=prefix,
            hash=hashed,
            scopes=",".join(scopes),
            at=clock.text(clock.now()),
        ).execute(database)
    return key


def revoke(database: peewee.Database, name: str) -> None:
    """Revoke a key, which is then refused within a second; raise UserError if it is unknown."""
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
    """Return the valid keys by prefix."""
    rows = Key.select().where(Key.revoked.is_null()).execute(database)
    return {
        row.prefix: StoredKey(row.name, row.hash, frozenset(row.scopes.split(","))) for row in rows
    }
