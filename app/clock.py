"""Times as text: ISO 8601 in UTC, which sorts as it passes."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from src.errors import UserError


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


_second = (0, "")


def stamp() -> str:
    """Return this moment as text; quickly, for every request has one."""
    global _second
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    known, words = _second
    if known != seconds:
        words = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        _second = (seconds, words)
    return f"{words}.{nanoseconds // 1000:06d}Z"


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
            given=given[:100],
            choices=["ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z"],
        ) from None
