from __future__ import annotations

import time

import peewee

from app.auth import ended_sessions
from app.auth.sessions import Session
from tests.app.hands import Hands


def session(number: str, seconds: float) -> Session:
    return Session("lpd_12345678", int(time.time() + seconds), number)


def test_a_session_that_was_ended_is_known(database: peewee.Database) -> None:
    assert ended_sessions.ended(database) == frozenset()
    for number in ("one", "other", "one"):
        ended_sessions.end(database, session(number, 60))
    assert ended_sessions.ended(database) == {"one", "other"}


def test_one_that_has_expired_is_forgotten(database: peewee.Database, hands: Hands) -> None:
    ended_sessions.end(database, session("short", 60))
    ended_sessions.end(database, session("long", 3600))
    hands.move(100_000)
    assert ended_sessions.ended(database) == {"long"}
    ended_sessions.end(database, session("new", 3600))
    assert database.execute_sql("SELECT count(*) FROM ended_session").fetchone()[0] == 2
