"""What every list can be asked: from when to when, and which page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from app.store import clock, ids
from src.support.structs import Checked

# Without control characters, which PostgreSQL's text does not all take.
Line = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]+$(?!\n)", max_length=200)]

Cursor = Annotated[str, Meta(pattern=ids.PATTERN)]
Limit = Annotated[int, Meta(ge=1, le=1000)]  # rows of a page
# A time as it is answered, and as it may be asked for.
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Moment = Annotated[
    str, Meta(extra_json_schema={"anyOf": [{"format": "date-time"}, {"format": "date"}]})
]


class TimeSpan(Checked, frozen=True):
    """A time span; both ends may be open."""

    since: Annotated[Moment | None, Meta(description="from this moment on")] = None
    until: Annotated[Moment | None, Meta(description="before this moment")] = None


@dataclass(frozen=True)
class Page:
    """Rows, and the cursor of those that follow; None where none do."""

    rows: list[dict[str, Any]]
    next: str | None

    @classmethod
    def read(cls, read: Callable[[int], list[dict[str, Any]]], limit: int) -> Page:
        """Read at most so many rows, and one more, to know whether any follow."""
        found = read(limit + 1)
        rows = found[:limit]
        return cls(rows, rows[-1]["id"] if len(found) > limit else None)


def moments(asked: TimeSpan, column: Any) -> list[Any]:
    """Return the conditions on a column of ids; raise UserError where a moment is none."""
    conditions = []
    if asked.since is not None:
        conditions.append(column >= first_id(asked.since, "since"))
    if asked.until is not None:
        conditions.append(column < first_id(asked.until, "until"))
    return conditions


def first_id(given: str, name: str) -> str:
    """Return the smallest id of a moment that was given; raise UserError where it is none."""
    return ids.at(clock.parse(given, name).timestamp())
