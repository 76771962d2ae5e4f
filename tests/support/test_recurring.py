from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from src.support import files, recurring

PATIENCE = 30.0  # seconds after which a test is given up


def test_it_rests_twenty_times_as_long_as_it_took() -> None:
    assert recurring.rest(0.0) == 0.0
    assert recurring.rest(0.5) == pytest.approx(10.0)


def test_an_error_is_new_once_and_again_after_another_one_or_none() -> None:
    errors = recurring.Errors()
    assert errors.is_new("conf/", "no YAML")
    assert not errors.is_new("conf/", "no YAML")
    assert errors.is_new("the gate", "no YAML"), "it is about something else"
    assert errors.is_new("conf/", "no file")
    assert errors == {"conf/": "no file", "the gate": "no YAML"}
    assert errors.is_new("conf/", "no YAML")
    del errors["conf/"]
    assert errors.is_new("conf/", "no YAML")


def test_a_duty_is_done_again_and_again_by_who_has_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    done, is_made = threading.Semaphore(0), threading.Event()

    def make() -> Callable[[], object]:
        is_made.set()
        return done.release

    folder.mkdir()
    other = os.open(folder / ".duty.lock", os.O_RDWR | os.O_CREAT)
    assert files.lock(other)
    recurring.start("duty", folder, 0.001, make)
    assert not is_made.wait(0.2), "another one has the lock"
    os.close(other)
    for _ in range(3):
        assert done.acquire(timeout=PATIENCE)
    late = os.open(folder / ".duty.lock", os.O_RDWR)
    assert not files.lock(late, is_waiting=False)
    os.close(late)


def test_the_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    done = threading.Event()
    recurring.start("duty", tmp_path / "var", 600.0, lambda: done.set)
    assert done.wait(PATIENCE)
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass as a test says."""
    found = [100.0]
    monkeypatch.setattr(recurring.time, "monotonic", lambda: found[0])
    return found


@pytest.mark.parametrize("is_bad", [False, True])
def test_it_rests_twenty_times_as_long_as_it_looked(now: list[float], is_bad: bool) -> None:
    it, looks = recurring.Share(), []

    def look() -> None:
        looks.append(now[0])
        now[0] += 2.0
        if is_bad:
            raise ZeroDivisionError

    def spend() -> None:
        try:
            it.spend(look)
        except ZeroDivisionError:
            assert is_bad

    for at in (100.0, 102.0, 141.9, 142.1, 150.0):
        now[0] = at
        spend()
    assert looks == [100.0, 142.1]


def test_a_short_look_is_followed_by_the_next_that_is_due(now: list[float]) -> None:
    it, looks = recurring.Share(), []

    def look() -> None:
        looks.append(now[0])
        now[0] += 0.02

    for at in (100.0, 100.5, 101.0):
        now[0] = at
        it.spend(look)
    assert looks == [100.0, 100.5, 101.0]
