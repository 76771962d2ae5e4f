"""Choose the bins of dates and times: their edges are midnights, Mondays, firsts of months."""

from __future__ import annotations

import math

import numpy as np

from src.data.features import Date, Temporal, Time
from src.data.profile import bins
from src.data.profile.bins import Bins

HOUR = 60  # all in minutes
DAY = 24 * HOUR
WEEK = 7 * DAY
MONDAY = 4  # the first one since 1970-01-01, a Thursday, in days
MONTH = DAY * 365.2425 / 12
OF_CLOCK = (1, 5, 15, 30, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR)
OF_DAY = (1, 5, 15, 30, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
MONTHS = (1, 2, 3, 6, *(12 * digit * 10**power for power in range(4) for digit in (1, 2, 5)))
FIRST, LAST = -719_162.0, 2_932_896.999  # days of the years 1 to 9999, which ISO text has
ROOM = 1.5  # by which more bins a calendar's step may make than were wanted
SINCE = 1970 * 12  # months, so that decades begin with a 0


def cut(values: np.ndarray, feature: Temporal, *, most: int = bins.MOST) -> Bins | None:
    """Choose bins for the numbers of a date or a time, without NaN; None if there are none."""
    if not len(values):
        return None
    low, high = bins.span(values)
    wanted = ROOM * bins.number_of_bins(values, low, high, most)
    width = (high - low) / wanted if high > low else 0.0
    if isinstance(feature, Time):
        minutes = _step(OF_CLOCK, width * HOUR) or OF_CLOCK[-1]
        return Bins(_multiples(low, high, minutes / HOUR), is_log=False)
    days = (DAY,) if isinstance(feature, Date) else (*OF_DAY, DAY)
    step = _step(days, width * DAY)
    if step is not None:
        return Bins(_multiples(low, high, step / DAY), is_log=False)
    if width * DAY <= WEEK:
        return Bins(_multiples(low - MONDAY, high - MONDAY, WEEK / DAY) + MONDAY, is_log=False)
    months = next((one for one in MONTHS if one * MONTH >= width * DAY), MONTHS[-1])
    return Bins(_firsts(low, high, months), is_log=False)


def _step(steps: tuple[int, ...], width: float) -> int | None:
    """Return the first step, in minutes, that is as wide; None if none is."""
    return next((one for one in steps if one >= width), None)


def _multiples(low: float, high: float, step: float) -> np.ndarray:
    first = math.floor(low / step)
    last = max(first, math.ceil(high / step) - 1)
    return np.arange(first, last + 2) * step


def _firsts(low: float, high: float, months: int) -> np.ndarray:
    """Return the firsts of each so many months, as days since 1970-01-01."""
    first, last = (_month(day) // months for day in (low, high))
    starts = np.arange(first, last + 2) * months - SINCE
    days = starts.astype("datetime64[M]").astype("datetime64[D]").astype(np.float64)
    return np.clip(days, FIRST, LAST)


def _month(day: float) -> int:
    date = np.datetime64(math.floor(day), "D")
    return int(date.astype("datetime64[M]").astype(np.int64)) + SINCE
