from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from src.data.past.steps import Step, find

EPOCH = datetime(1970, 1, 1)


def days(*moments: datetime) -> np.ndarray:
    return np.array([(one - EPOCH) / timedelta(days=1) for one in moments])


def every(step: timedelta, count: int, start: datetime = datetime(2024, 1, 1)) -> np.ndarray:
    return days(*(start + at * step for at in range(count)))


def months(count: int, by: int = 1) -> np.ndarray:
    return days(*(datetime(2020 + at * by // 12, at * by % 12 + 1, 1) for at in range(count)))


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (every(timedelta(hours=1), 50), "1 hour"),
        (every(timedelta(minutes=15), 50), "15 minutes"),
        (every(timedelta(days=1), 50), "1 day"),
        (every(timedelta(days=28), 50), "4 weeks"),
        (every(timedelta(milliseconds=250), 50), "250 milliseconds"),
        (months(40), "1 month"),
        (months(40, 3), "3 months"),
        (months(40, 12), "12 months"),
    ],
)
def test_the_step_of_times_is_found(when: np.ndarray, words: str) -> None:
    step, share = find([when], are_days=True)
    assert step is not None
    assert step.words() == words
    assert share == 1
    assert Step.of(step.plain()) == step


def test_neighbours_are_one_step_apart() -> None:
    for when in (every(timedelta(milliseconds=250), 400), months(100), months(30, 12)):
        step, _ = find([when], are_days=True)
        assert step is not None
        assert np.allclose(np.diff(step.positions(when)), 1, atol=1e-3)


def test_a_number_has_a_step_too_and_no_months() -> None:
    step, _ = find([np.arange(1990.0, 2020)], are_days=False)
    assert step == Step("number", 1.0)
    step, _ = find([np.arange(40) * 0.1], are_days=False)
    assert step is not None
    assert step.words() == "0.1"
    assert find([months(40)], are_days=False)[0] is None


def test_gaps_do_not_change_the_step() -> None:
    when = every(timedelta(hours=1), 300)
    step, _ = find([np.delete(when, [5, 6, 7, 50, 120])], are_days=True)
    assert step is not None
    assert step.words() == "1 hour"


def test_series_may_begin_at_other_times() -> None:
    step, share = find(
        [
            every(timedelta(hours=1), 50),
            every(timedelta(hours=1), 50, datetime(2024, 3, 1, 0, 30)),
            every(timedelta(hours=1), 1),
        ],
        are_days=True,
    )
    assert (step and step.words(), share) == ("1 hour", 1)


def test_what_has_no_step_is_told_with_its_share() -> None:
    draw = np.random.default_rng(1)
    step, share = find([np.sort(draw.uniform(0, 9, 200))], are_days=True)
    assert step is None
    assert share < 0.5
    assert find([np.array([3.0])], are_days=True) == (None, 0.0)
    assert find([], are_days=True) == (None, 0.0)


def test_a_position_is_said_as_a_moment() -> None:
    assert Step("months", 3.0).moment((2024 * 12 + 3) / 3, str) == "2024-04"
    assert Step("days", 0.5).moment(3, lambda day: f"day {day}") == "day 1.5"
    assert (date(2024, 4, 1) - date(1970, 1, 1)).days == 19814
    assert Step("months", 1.0).positions(np.array([19814.0])).tolist() == [2024 * 12 + 3]
