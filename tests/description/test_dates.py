from __future__ import annotations

import pytest

from src.description import dates
from src.description.dates import Moment
from tests.description import tables

DAYS = range(1, 29)


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ([f"2024-01-{day:02}" for day in DAYS], Moment("date")),
        ([f"2024-01-{day:02}T0{day % 9}:30:00Z" for day in DAYS], Moment("datetime")),
        ([f"{day:02}.03.2024" for day in DAYS], Moment("date", "%d.%m.%Y")),
        ([f"3/{day}/2024 0:00:00" for day in DAYS], Moment("date", "%m/%d/%Y %H:%M:%S")),
        (["3/1/2024 0:00:00", "13/3/2024 0:00:00"] * 30, Moment("date", "%d/%m/%Y %H:%M:%S")),
        ([f"{day % 24:02}:15" for day in DAYS], Moment("time")),
        ([f"{month}-2018" for month in ("Jan", "Feb", "Mar")], Moment("date", "%b-%Y")),
    ],
)
def test_moments_are_told_by_their_format(words: list[str], moment: Moment) -> None:
    told = dates.of(tables.of(words))
    assert told is not None
    assert told[0] == moment


def test_days_and_months_that_may_be_swapped_are_said_to_be() -> None:
    told = dates.of(
        tables.of([f"{day:02}/{month:02}/2024" for day in (1, 2, 3) for month in (4, 5)])
    )
    assert told is not None
    assert told[0].is_unsure


@pytest.mark.parametrize("words", [["1.5", "2.5"], ["A-1", "B-2"], ["10.0.0.1", "10.0.0.2"]])
def test_other_words_with_digits_are_no_moments(words: list[str]) -> None:
    assert dates.of(tables.of(words)) is None
