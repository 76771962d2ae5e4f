"""Filters of a list, as form values and as links."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

import falcon

from app.store import clock
from src.support.errors import UserError


def given(request: falcon.Request, names: Iterable[str]) -> dict[str, str]:
    """Return the chosen filters, without empty fields."""
    values = ((name, request.get_param(name)) for name in names)
    return {name: value for name, value in values if value}


def query(chosen: dict[str, str], **changes: str | None) -> str:
    """Encode filters as a query, with changes; None removes a filter."""
    changed: dict[str, str | None] = {**chosen, **changes}
    return urlencode({name: value for name, value in changed.items() if value is not None})


def moment(text: str | None) -> str:
    """Format a time in UTC for a field; static/moments.js converts it to local time."""
    try:
        return clock.parse(text or "", "").strftime("%Y-%m-%dT%H:%M")
    except UserError:
        return ""
