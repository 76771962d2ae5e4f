"""Until when a key is valid: a time from now, such as 90d, or a date."""

from __future__ import annotations

import re
from datetime import timedelta

from app.store import clock
from src.support.errors import UserError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST = timedelta(days=36_500)
_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")
_EXAMPLES = ["30m", "12h", "90d", "4w"]


def span(text: str, name: str) -> timedelta:
    """Read a length of time such as 90d; raise UserError if it is none."""
    match = _SPAN.fullmatch(text)
    length = timedelta(**{UNITS[match[2]]: int(match[1])}) if match else None
    if length is None or length > MOST:
        raise UserError(f"'{name}' is not a length of time.", given=repr(text), choices=_EXAMPLES)
    return length


def end(text: str, name: str) -> str:
    """Return when a length of time from now ends, or a date or moment that is to come, as text.

    Raises UserError if it is neither.
    """
    if _SPAN.fullmatch(text):
        return clock.text(clock.now() + span(text, name))
    try:
        moment = clock.parse(text, name)
    except UserError as error:
        error.choices = [*_EXAMPLES, *(error.choices or [])]
        raise
    if moment <= clock.now():
        raise UserError(
            f"'{name}' is over already.",
            given=text,
            choices=[*_EXAMPLES, "a date to come, which begins at 00:00 UTC"],
        )
    return clock.text(moment)
