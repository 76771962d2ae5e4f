"""Times as text: ISO 8601 in UTC, which sorts chronologically."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from src.support.errors import UserError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
nanoseconds = time.time_ns  # since then; the one clock that moments and stamps are read from
_second = (0, "")


def now() -> datetime:
    """Return the current time in UTC."""
    return EPOCH + timedelta(microseconds=nanoseconds() // 1000)


def stamp() -> str:
    """Return the current time as text, quickly, since every request needs it."""
    global _second
    seconds, rest = divmod(nanoseconds(), 1_000_000_000)
    second, words = _second
    if second != seconds:
        words = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        _second = (seconds, words)
    return f"{words}.{rest // 1000:06d}Z"


def text(moment: datetime) -> str:
    """Format a time with microseconds, always with the same length."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def minute(text: str) -> str:
    """Return the minute of a stored time, as 2026-01-31T12:00."""
    return text[:16]


def parse(text: str, name: str) -> datetime:
    """Parse a time, in UTC unless it has a zone; raise UserError if it is not valid.

    The plus of a zone arrives in a query as a blank, where the client did not write it as %2B.
    """
    try:
        moment = _moment(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(
            f"'{name}' is not a time.",
            code="invalid_time",
            given=text[:100],
            choices=["ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z"],
        ) from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat("+".join(text.rsplit(" ", 1)))
