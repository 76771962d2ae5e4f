"""A moment as a text says it, a number or an ISO date; read without pandas."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from src.support.errors import UserError

ALLOWED = ["a number", "2024-05", "2024-05-31", "2024-W22", "2024-05-31T12:30:00Z"]
EPOCH, DAY = datetime(1970, 1, 1), timedelta(days=1)
# Formats for numbers, which strptime has not: how many of them make a second since 1970, UTC.
UNIX = {"unix": 1, "unix_ms": 1000}
_MONTH = re.compile(r"\d{4}-\d{2}")


def is_one(text: str) -> bool:
    """Tell whether a text is a number or an ISO date."""
    return math.isfinite(_number(text)) or math.isfinite(seconds(text))


def seconds(text: str) -> float:
    """Return an ISO date or time as seconds since 1970, NaN if it is none.

    What names no time zone is taken as UTC.
    """
    try:
        moment = datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float:
    """Read a number as pandas.to_numeric does; Python would also take 1_000."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def days(text: str, style: str | None = None, zone: str = "UTC") -> float:
    """Return a date or time as days since 1970-01-01 by a time zone's clock; NaN if it is none.

    `style` is a format of strptime or one of UNIX, ISO 8601 without one. What has an offset is
    converted to the zone.
    """
    moment = _moment(text.strip(), style)
    if moment is None:
        return math.nan
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone_of(zone)).replace(tzinfo=None)
    return (moment - EPOCH) / DAY


def hours(text: str, style: str | None = None) -> float:
    """Return a time of the day in hours, NaN if the text is none."""
    text = text.strip()
    try:
        one = datetime.strptime(text, style).time() if style else time.fromisoformat(text)
    except ValueError:
        return math.nan
    return one.hour + one.minute / 60 + (one.second + one.microsecond / 1e6) / 3600


def iso(value: float, *, has_time: bool) -> str:
    """Write days since 1970-01-01 as an ISO date, or date and time to the millisecond."""
    try:
        moment = EPOCH + timedelta(milliseconds=round(value * 86_400_000))
    except (OverflowError, ValueError):  # before the year 1, after 9999, or infinite
        return str(value)
    if not has_time:
        return moment.date().isoformat()
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def clock(value: float) -> str:
    """Write hours as a time of the day, to the second or the millisecond where it has any."""
    seconds, rest = divmod(round(value * 3_600_000) % 86_400_000, 1000)
    one = time(seconds // 3600, seconds // 60 % 60, seconds % 60, rest * 1000)
    step = "milliseconds" if rest else "seconds" if one.second else "minutes"
    return one.isoformat(timespec=step)


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name, such as Europe/Berlin; raise UserError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            "Unknown time zone.", given=name, choices=["UTC", "Europe/Berlin", "America/New_York"]
        ) from None


def _moment(text: str, style: str | None) -> datetime | None:
    try:
        if style in UNIX:
            return datetime.fromtimestamp(_number(text) / UNIX[style], UTC)
        if style is not None:
            return datetime.strptime(text, style)
        return datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
    except (ValueError, OverflowError, OSError):  # of numbers: far from now, or none
        return None
