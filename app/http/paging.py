"""Time spans and pages, which all lists share."""

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
Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # of a row, from 1 on
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
    """The rows of a page, and the cursor of the next page; None if it is the last."""

    rows: list[dict[str, Any]]
    next: Any  # an id, as the rows have it

    @classmethod
    def read(cls, read: Callable[[int], list[dict[str, Any]]], limit: int) -> Page:
        """Read a page of `limit` rows, and one more to know whether any follow."""
        fetched = read(limit + 1)
        rows = fetched[:limit]
        return cls(rows, rows[-1]["id"] if len(fetched) > limit else None)


def moments(span: TimeSpan, column: Any) -> list[Any]:
    """Return the conditions on a column of ids; raise UserError for an invalid time."""
    conditions = []
    if span.since is not None:
        conditions.append(column >= first_id(span.since, "since"))
    if span.until is not None:
        conditions.append(column < first_id(span.until, "until"))
    return conditions


def first_id(text: str, name: str) -> str:
    """Return the smallest id of a time; raise UserError if it is not valid."""
    return ids.at(clock.parse(text, name).timestamp())
