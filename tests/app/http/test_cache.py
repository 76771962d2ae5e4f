"""What is counted rarely, by one thread at a time."""

from __future__ import annotations

import threading
from typing import Any

import peewee
import pytest

from app.http import cache, problems
from app.http.cache import SlowCount
from src.support.errors import UserError


class Counting:
    """Count how often it was counted; fail where told to."""

    def __init__(self) -> None:
        self.done = 0
        self.fails = False

    def __call__(self) -> dict[str, Any]:
        self.done += 1
        if self.fails:
            raise peewee.OperationalError("it took too long")
        return {"done": self.done}


def at_once(_: float) -> float:
    return 0.0


def later(_: float) -> float:
    return 1e9


def test_a_count_is_kept_for_its_pause_and_for_what_it_is_of() -> None:
    count, kept = Counting(), SlowCount()
    assert [kept.get(count, later, "a")["done"] for _ in range(3)] == [1, 1, 1]
    assert kept.get(count, at_once, "b")["done"] == 2
    assert kept.get(count, at_once, "b")["done"] == 3


def test_who_comes_meanwhile_gets_the_last_one() -> None:
    kept, count = SlowCount(), Counting()
    kept.get(count, at_once, 1)
    is_begun, may_end = threading.Event(), threading.Event()

    def slow() -> dict[str, Any]:
        is_begun.set()
        assert may_end.wait(30)
        return {"done": "slowly"}

    thread = threading.Thread(target=kept.get, args=(slow, later, 2))
    thread.start()
    assert is_begun.wait(30)
    assert kept.get(count, at_once, 2) == {"done": 1}
    may_end.set()
    thread.join(30)
    assert kept.get(count, at_once, 2) == {"done": "slowly"}


def test_what_failed_is_not_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    count, kept = Counting(), SlowCount()
    count.fails = True
    with pytest.raises(peewee.OperationalError):
        kept.get(count, at_once, 1)
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            kept.get(count, at_once, 1)
        assert (problems.status(caught.value), count.done) == (503, 1)
    count.fails = False
    now = cache.time.monotonic() + cache.RESPITE + 1
    monkeypatch.setattr(cache.time, "monotonic", lambda: now)
    assert kept.get(count, at_once, 1) == {"done": 2}


def test_where_it_fails_the_last_one_stands() -> None:
    count, kept = Counting(), SlowCount()
    kept.get(count, at_once, 1)
    count.fails = True
    assert [kept.get(count, at_once, 1)["done"] for _ in range(3)] == [1, 1, 1]
    assert count.done == 2
