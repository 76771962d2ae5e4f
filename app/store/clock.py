"""Times as text: ISO 8601 in UTC, which sorts as it passes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from src.support.errors import UserError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
nanoseconds = time.time_ns  # since then; the one clock that moments and stamps are read from
_second = (0, "")


def now() -> datetime:
    """Return this moment in UTC."""
    return EPOCH + timedelta(microseconds=nanoseconds() // 1000)


def stamp() -> str:
    """Return this moment as text; quickly, for every request has one."""
    global _second
    seconds, rest = divmod(nanoseconds(), 1_000_000_000)
    known, words = _second
    if known != seconds:
        words = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        _second = (seconds, words)
    return f"{words}.{rest // 1000:06d}Z"


def text(moment: datetime) -> str:
    """Write a moment with microseconds, always equally long."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(given: str, name: str) -> datetime:
    """Read a moment; without a zone it is UTC. Raises UserError where it is not one."""
    try:
        moment = datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(
            f"'{name}' is not a time.",
            code="invalid_time",
            given=given[:100],
            choices=["ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z"],
        ) from None
