"""Filters of a list: forms of the query's own names, and links that keep what was chosen."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

import falcon

from app.store import clock
from src.support.errors import UserError


def given(request: falcon.Request, names: Iterable[str]) -> dict[str, str]:
    """Return what was chosen; a field that was left empty is no filter."""
    found = ((name, request.get_param(name)) for name in names)
    return {name: value for name, value in found if value}


def query(chosen: dict[str, str], **changes: str | None) -> str:
    """Write filters as a query, with some changed or, where they are None, left out."""
    changed: dict[str, str | None] = {**chosen, **changes}
    return urlencode({name: value for name, value in changed.items() if value is not None})


def moment(text: str | None) -> str:
    """Write a moment in UTC as a field takes it; static/moments.js makes it the reader's time."""
    try:
        return clock.parse(text or "", "").strftime("%Y-%m-%dT%H:%M")
    except UserError:
        return ""
