from __future__ import annotations

import pytest

from app.trainings import pacing
from app.trainings.pacing import Share


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass as a test says."""
    found = [100.0]
    monkeypatch.setattr(pacing, "monotonic", lambda: found[0])
    return found


@pytest.mark.parametrize("is_bad", [False, True])
def test_it_rests_twenty_times_as_long_as_it_looked(now: list[float], is_bad: bool) -> None:
    it, looks = Share(), []

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
    it, looks = Share(), []

    def look() -> None:
        looks.append(now[0])
        now[0] += 0.02

    for at in (100.0, 100.5, 101.0):
        now[0] = at
        it.spend(look)
    assert looks == [100.0, 100.5, 101.0]
