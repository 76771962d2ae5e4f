"""Create, hash, store, renew and look up API keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import peewee

from app.auth import quotas
from app.auth.quotas import Quota
from app.http.exchange import Caller
from app.store import clock
from app.store import database as databases
from app.store.redaction import KEY_PREFIX
from app.store.tables import FormerSecret, Key
from src.support.errors import UserError, unknown

USE = timedelta(minutes=5)  # how exactly the last use is stored: a write for each key and time
_BEGINNING = len(KEY_PREFIX) + 8  # characters that tell keys apart and give nothing away


@dataclass(frozen=True)
class StoredKey:
    """What is stored of a key, which is never the key itself."""

    name: str
    hash: str
    scopes: frozenset[str]
    datasets: frozenset[str] | None = None  # None for all
    until: str | None = None  # the moment of its end
    is_former: bool = False  # another secret has replaced it, and it is valid for a while
    used: str | None = None  # when last
    quotas: tuple[Quota, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Tell whether the key is valid no more."""
        return self.until is not None and self.until <= clock.stamp()

    @cached_property
    def caller(self) -> Caller:
        """Return who calls with the key."""
        return Caller(self.name, self.scopes, self.datasets)


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
    """Look up a key, which may have ended; return None if there is no such key."""
    stored = keys.get(beginning(key))
    # Hashed and compared in any case: the time it takes tells nothing about a key.
    matches = hmac.compare_digest(digest(key), stored.hash if stored else "0" * 64)
    return stored if matches else None


def create(
    database: peewee.Database,
    name: str,
    scopes: Sequence[str],
    *,
    datasets: Sequence[str] = (),
    expires: str | None = None,
    note: str | None = None,
    allowed: Sequence[Quota] = (),
) -> str:
    """Create a key, of all datasets unless some are named; return it, for the only time.

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
            datasets=",".join(datasets) or None,
            expires=expires,
            note=note,
            quotas=",".join(map(str, allowed)) or None,
        ).execute(database)
    return key


def rotate(database: peewee.Database, name: str, until: str, expires: str | None = None) -> str:
    """Give a key another secret, and return it whole; the one before is valid until a moment.

    Raises UserError if there is no such key, or if it has expired and gets no other end.
    """
    key, prefix, hashed = new_key()
    with databases.exclusive(database):
        row = Key.select().where(_valid(name)).first(database)
        if row is None:
            raise _unknown(database, name)
        if expires is None and row.expires is not None and row.expires <= clock.stamp():
            raise UserError(
                f"The key '{name}' has expired.", given=row.expires, fix="give --expires, too"
            )
        FormerSecret.insert(prefix=row.prefix, hash=row.hash, name=name, until=until).execute(
            database
        )
        Key.update(prefix=prefix, hash=hashed, expires=expires or row.expires).where(
            Key.name == name
        ).execute(database)
    return key


def revoke(database: peewee.Database, name: str) -> None:
    """Revoke a key, which is then refused within a second; raise UserError if it is unknown."""
    done = Key.update(revoked=clock.text(clock.now())).where(_valid(name)).execute(database)
    if not done:
        raise _unknown(database, name)


def listed(database: peewee.Database) -> list[dict[str, Any]]:
    """List all keys, the revoked ones too, without their hashes."""
    columns = [field for field in Key._meta.sorted_fields if field.name not in ("id", "hash")]
    return list(Key.select(*columns).order_by(Key.id).dicts().execute(database))


def former(database: peewee.Database) -> list[dict[str, Any]]:
    """List the secrets that others have replaced, without their hashes, the first to end first."""
    rows = FormerSecret.select(FormerSecret.name, FormerSecret.prefix, FormerSecret.until)
    return list(rows.order_by(FormerSecret.until).dicts().execute(database))


def unrevoked(database: peewee.Database) -> dict[str, StoredKey]:
    """Return the keys that were not revoked by prefix, those too that have ended."""
    rows = {row.name: row for row in Key.select().where(Key.revoked.is_null()).execute(database)}
    keys = {row.prefix: _stored(row, row.hash, row.expires) for row in rows.values()}
    for one in FormerSecret.select().execute(database):
        if (row := rows.get(one.name)) is not None:
            until = min(one.until, row.expires or one.until)
            keys[one.prefix] = _stored(row, one.hash, until, is_former=True)
    return keys


def note_use(
    database: peewee.Database, names: Collection[str], keys: Mapping[str, StoredKey]
) -> None:
    """Store that keys were used just now, unless some minutes ago that was stored already."""
    now = clock.now()
    before = clock.text(now - USE)
    stored = {key.name: key.used for key in keys.values()}
    due = [name for name in names if (stored.get(name) or "") < before]
    if not due:
        return
    is_due = (Key.used.is_null()) | (Key.used < before)  # another worker may have stored it
    with databases.writing(database):
        Key.update(used=clock.text(now)).where(Key.name.in_(due), is_due).execute(database)


def _stored(row: Key, hashed: str, until: str | None, *, is_former: bool = False) -> StoredKey:
    datasets = None if row.datasets is None else frozenset(row.datasets.split(","))
    scopes = frozenset(row.scopes.split(","))
    allowed = quotas.read_all(row.quotas.split(",")) if row.quotas else ()
    return StoredKey(row.name, hashed, scopes, datasets, until, is_former, row.used, allowed)


def _valid(name: str) -> Any:
    return (Key.name == name) & Key.revoked.is_null()


def _unknown(database: peewee.Database, name: str) -> UserError:
    names = [row["name"] for row in listed(database) if row["revoked"] is None]
    return unknown("key", name, names)
