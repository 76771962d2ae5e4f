"""PostgreSQL through psycopg 3, whose connections give up a server that says nothing."""

from __future__ import annotations

import os
from typing import Any

import peewee
import psycopg
from peewee import Psycopg3Adapter
from psycopg.errors import OperationalError

from src.support.errors import UserError

MARGIN = 1.0  # seconds beyond the server's own limits, which end what is only slow
LOOK = 0.1  # seconds between two looks at the clock; an answer is seen at once


class Connection(psycopg.Connection[Any]):
    """A connection that is closed where the server does not answer in time.

    A server that is stopped, or whose disk hangs, keeps its sockets open: the system goes on to
    acknowledge what it is sent, and no timeout of TCP ever ends.
    """

    patience: float | None = None  # seconds

    def wait(self, gen: Any, interval: float = LOOK, timeout: float | None = None) -> Any:
        """Wait for the server; raise OperationalError where it takes longer than `patience`."""
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except OperationalError as error:
            if error.sqlstate is None and not self.closed:
                self.close()  # an answer that comes later must not be taken for that of another
                what = f"the database did not answer within {self.patience:g} s"
                raise OperationalError(what) from error
            raise


class Adapter(Psycopg3Adapter):
    """Peewee's way to psycopg, with our connections."""

    def connect(self, db: Any, patience: float | None = None, **parameters: Any) -> Connection:
        """Connect to the database that a URL names."""
        connection: Connection = Connection.connect(db.database, **parameters)
        connection.patience = patience
        return connection


class Postgres(peewee.PostgresqlDatabase):
    """PostgreSQL whose connections have patience."""

    psycopg3_adapter = Adapter


def connect(
    url: str, *, wait: float, longest: float, is_synchronous: bool, is_shared: bool
) -> Postgres:
    """Return a database whose statements wait for a lock for at most `wait` seconds.

    The server ends each that lasts longer than `longest`; one that the server does not end either
    ends with its connection.
    """
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # whose words may be the password
        raise UserError(
            "DATABASE_URL cannot be read.",
            given="postgresql://...",
            choices=["postgresql://user:password@host/name"],
            fix="percent-encode special characters in the password: @ is %40",
        ) from None
    milliseconds = int(wait * 1000)
    options: dict[str, int | str] = {
        "lock_timeout": max(milliseconds, 1),  # 0 would wait without an end
        "statement_timeout": max(int(longest * 1000), 1),
    }
    if is_synchronous:  # else as the server is set, which by default is the same
        options["synchronous_commit"] = "on"
    return Postgres(
        url.replace("postgres://", "postgresql://", 1),
        thread_safe=not is_shared,
        prefer_psycopg3=True,
        connect_timeout=max(2, int(wait)),
        application_name=f"lapidary {os.getpid()}",
        options=" ".join(f"-c {name}={value}" for name, value in options.items()),
        # A server that is there and says nothing is given up as one that is away.
        tcp_user_timeout=milliseconds,
        keepalives_idle=max(1, int(wait)),
        keepalives_interval=1,
        keepalives_count=3,
        patience=longest + MARGIN,
    )
