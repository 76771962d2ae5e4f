"""From when to when: what every list can be asked."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from app import clock, ids
from app.problems import of
from src.checked import Checked
from src.errors import UserError

# Without control characters, which PostgreSQL's text does not all take.
Line = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]+$(?!\n)", max_length=200)]


class Since(Checked, frozen=True):
    """A time span; both ends may be open."""

    since: str | None = None
    until: str | None = None


def moments(asked: Since, column: Any) -> list[Any]:
    """Return the conditions on a column of ids; raise Problem 400 where a moment is none."""
    conditions = []
    if asked.since is not None:
        conditions.append(column >= first_id(asked.since, "since"))
    if asked.until is not None:
        conditions.append(column < first_id(asked.until, "until"))
    return conditions


def first_id(given: str, name: str) -> str:
    """Return the smallest id of a moment that was given; raise Problem 400 where it is none."""
    try:
        return ids.at(clock.parse(given, name).timestamp())
    except UserError as error:
        raise of(error, 400) from None
