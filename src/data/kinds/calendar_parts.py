"""The parts of a date: computed alike from one number and from an array of them.

A moment is a number of days since 1970-01-01, with the time of the day as its fraction. The
calendar is the proleptic Gregorian one; days become dates by Hinnant, "chrono-compatible low-level
date algorithms", 2013 (civil_from_days), whose whole-number divisions hold for floats as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

EPOCH = 719_468  # days from 0000-03-01, where his years begin, to 1970-01-01
ERA, CENTURY, FOUR_YEARS, YEAR = 146_097, 36_524, 1_460, 365  # in days
MEAN_YEAR = 365.2425
SMALLEST = 86_400_000  # of these steps has a day: shares of a second that floats keep for centuries


def year(days: Any) -> Any:
    """Return the year."""
    years, _, month_of_year = _civil(days)
    return years + (month_of_year >= 10)


def month(days: Any) -> Any:
    """Return the month, 1 to 12."""
    month_of_year = _civil(days)[2]
    return month_of_year + 3 - 12 * (month_of_year >= 10)


def day(days: Any) -> Any:
    """Return the day of the month, 1 to 31."""
    _, day_of_year, month_of_year = _civil(days)
    return day_of_year - (153 * month_of_year + 2) // 5 + 1


def weekday(days: Any) -> Any:
    """Return the day of the week, 1 (Monday) to 7."""
    return (days // 1 + 3) % 7 + 1


def hour(days: Any) -> Any:
    """Return the hour with its fraction, 0 to less than 24."""
    # A fraction of a day is seldom exact: without rounding 10:00 would be 9.99999999.
    return (days * SMALLEST + 0.5) // 1 % SMALLEST / (SMALLEST / 24)


def cycles(days: Any, length: float) -> Any:
    """Return the angle of moments on a circle that closes after `length`."""
    return days % length * (2 * math.pi / length)


def _civil(days: Any) -> tuple[Any, Any, Any]:
    """Return the year that begins in March, the day in it from 0, and its month from 0."""
    since = days // 1 + EPOCH
    era = since // ERA
    of_era = since - era * ERA
    years = (of_era - of_era // FOUR_YEARS + of_era // CENTURY - of_era // (ERA - 1)) // YEAR
    day_of_year = of_era - (YEAR * years + years // 4 - years // 100)
    month_of_year = (5 * day_of_year + 2) // 153
    return years + era * 400, day_of_year, month_of_year


PLAIN = {"year": year, "month": month, "day": day, "weekday": weekday, "hour": hour}
# The lengths of cycles: in days, but the last, which is of times of the day in hours.
LENGTHS = {"year": MEAN_YEAR, "week": 7.0, "day": 1.0, "hours": 24.0}

# Of a number, and of an array.
ONE: dict[str, Any] = dict(PLAIN)
MANY: dict[str, Any] = dict(PLAIN)


def _cyclic(one: Any, many: Any, length: float) -> tuple[Any, Any]:
    return (lambda days: one(cycles(days, length)), lambda days: many(cycles(days, length)))


for _name, _length in LENGTHS.items():
    ONE[f"sin_{_name}"], MANY[f"sin_{_name}"] = _cyclic(math.sin, np.sin, _length)
    ONE[f"cos_{_name}"], MANY[f"cos_{_name}"] = _cyclic(math.cos, np.cos, _length)
