"""Open the database that a URL names: SQLite through cysqlite, or PostgreSQL."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import cysqlite
import peewee
from playhouse.cysqlite_ext import CySqliteDatabase

from app.store.write_turn import WriteTurn
from src.support import extras
from src.support.errors import UserError

Durability = Literal["process", "power"]

# Before 3.51.3 (and the two mended branches) a WAL database could be corrupted by connections
# that write and checkpoint at once: https://sqlite.org/wal.html#walresetbug
MENDED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
STEPS = 100_000  # of SQLite's machine between two looks at the clock: a few milliseconds
SLOWEST = 10  # seconds that a read may take: an open one keeps the write-ahead log from shrinking
ADVISORY = 7_105_449  # any number that our processes agree on
# What a database says when it cannot be reached, is locked, read-only or full.
# What is fetched fails in the driver's own words, which Peewee does not turn into its own.
ERRORS = (peewee.PeeweeException, cysqlite.Error)
REFUSALS = (*ERRORS, OSError)


def connect(
    url: str,
    durability: Durability,
    wait: float,
    *,
    is_shared: bool = False,
    is_made: bool = True,
    slowest: float | None = None,
) -> peewee.Database:
    """Return a database with a connection per thread, or one that threads share under a lock.

    `wait` is how many seconds a busy database is waited for. With `is_made` a SQLite file that is
    not there is made. Connections that are not shared are closed after each use; with `slowest`,
    whatever they do then ends after so many seconds, and so does each statement on PostgreSQL.
    Raises UserError where the URL, the driver or its version will not do.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        file = Path("/" + unquote(parts.path).lstrip("/"))
        database = _sqlite(file, durability, wait, is_shared=is_shared, is_made=is_made)
        database.slowest = None if is_shared else slowest  # a shared one is never closed
        return database
    if parts.scheme in ("postgres", "postgresql"):
        longest = max(wait, SLOWEST if slowest is None else slowest)
        return _postgres(url, durability, wait, longest, is_shared=is_shared)
    raise UserError(
        "DATABASE_URL names an unsupported database.",
        given=f"{parts.scheme}://..." if parts.scheme else "(no scheme)",
        choices=["sqlite:///<absolute path>", "postgresql://user:password@host/name"],
    )


def path(database: peewee.Database) -> Path | None:
    """Return the file of a SQLite database; None for a server."""
    return Path(database.database) if isinstance(database, peewee.SqliteDatabase) else None


def renew(database: peewee.Database) -> None:
    """Let what is done from now on take as long as what was done before was allowed to."""
    if isinstance(database, Sqlite):
        database.renew()


@contextmanager
def unhurried(database: peewee.Database) -> Iterator[None]:
    """Let the statements of the transaction that is open take as long as they need."""
    if path(database) is not None:  # what writes to SQLite has no end of its own
        yield
        return
    connection = database.connection()
    patience, connection.patience = connection.patience, None
    try:
        database.execute_sql("SET LOCAL statement_timeout = 0")
        yield
    finally:
        connection.patience = patience


def is_sound(version: tuple[int, ...]) -> bool:
    """Tell whether a SQLite of this version keeps a database whole under several writers."""
    if version < (3, 7, 0) or version >= MENDED[0]:
        return version >= MENDED[0]
    return any(version[:2] == mended[:2] and version >= mended for mended in MENDED)


class Sqlite(CySqliteDatabase):
    """SQLite whose connections may be given an end."""

    slowest: float | None = None

    def _add_conn_hooks(self, conn: Any) -> None:
        super()._add_conn_hooks(conn)
        self._give_end(conn)

    def renew(self) -> None:
        """Give this thread's connection, if it has one, as long again as it had at first."""
        if not self.is_closed():
            self._give_end(self.connection())

    def _give_end(self, conn: Any) -> None:
        if self.slowest is not None:
            until = time.monotonic() + self.slowest
            conn.progress(lambda: time.monotonic() > until, STEPS)


def _sqlite(
    file: Path, durability: Durability, wait: float, *, is_shared: bool, is_made: bool
) -> Sqlite:
    if not is_sound(cysqlite.sqlite_version_info):
        raise UserError(
            "This SQLite can corrupt a database that several workers write to.",
            given=f"SQLite {cysqlite.sqlite_version}",
            choices=["3.51.3 or newer", "3.50.7", "3.44.6"],
            fix="pip install --upgrade cysqlite",
        )
    if file.parent == Path("/"):  # three slashes and a name: that is not what was meant
        raise UserError(
            "A SQLite database needs an absolute path.",
            given=f"sqlite://{file}",
            choices=["sqlite:////srv/lapidary/lapidary.db"],
        )
    if is_made:
        _make(file)
    pragmas: dict[str, int | str] = {
        # NORMAL survives a killed process; only FULL survives a power cut.
        "synchronous": "full" if durability == "power" else "normal",
        # Housekeeping does it beside the answering; this is for when it cannot keep up.
        "wal_autocheckpoint": 10_000,
    }
    if not is_shared:  # it stays with the file, and setting it can wait for others
        pragmas = {"journal_mode": "wal", **pragmas}
    if is_made:  # so does this; and setting it is a write, which waits for the disk
        pragmas = {"auto_vacuum": "incremental", **pragmas}
    return Sqlite(
        str(file),
        rank_functions=False,
        thread_safe=not is_shared,
        timeout=wait,
        pragmas=pragmas,
        flags=cysqlite.SQLITE_OPEN_READWRITE | (cysqlite.SQLITE_OPEN_CREATE if is_made else 0),
    )


def _make(file: Path) -> None:
    """Make a file that is not there for this user alone: it will have every request."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise UserError(
            "The database cannot be made.",
            given=f"{file} ({error.strerror})",
            fix="check the folder's permissions, or set LAPIDARY_VAR",
        ) from None


def _postgres(
    url: str, durability: Durability, wait: float, longest: float, *, is_shared: bool
) -> peewee.Database:
    try:
        import_module("psycopg")  # an extra
    except ImportError:
        what = "PostgreSQL, which DATABASE_URL names, needs a driver that is not installed."
        raise extras.absent("psycopg", what) from None
    from app.store import postgres

    is_synchronous = durability == "power"
    return postgres.connect(
        url, wait=wait, longest=longest, is_synchronous=is_synchronous, is_shared=is_shared
    )


def exclusive(database: peewee.Database) -> Any:
    """Begin a transaction that writes, as a context; one at a time over all processes.

    Raises one of REFUSALS where the database stays busy.
    """
    # A transaction that begins by reading cannot wait for another's write: SQLite fails at once.
    return writing(database) if path(database) is not None else _locked(database)


@contextmanager
def writing(database: peewee.Database) -> Iterator[None]:
    """Begin a transaction that writes rows which nobody else writes, as a context.

    Raises one of REFUSALS where the database stays busy.
    """
    file = path(database)
    if file is None:
        with database.atomic():
            yield
        return
    with WriteTurn.taken(file), database.atomic("IMMEDIATE"):
        yield


@contextmanager
def _locked(database: peewee.Database) -> Iterator[None]:
    with database.atomic():
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (ADVISORY,))
        yield
