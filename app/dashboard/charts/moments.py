"""Dates and times in a chart: ISO text -> milliseconds in UTC, which an axis places and writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import altair as alt

from src.data.kinds import instants

DAY = 86_400_000  # in milliseconds
HOUR = DAY // 24
CLOCK = "%H:%M"


Alike = tuple[str | int]  # one figure that stands for all of a column, as far as charts differ


def alike(values: Iterable[Any]) -> Alike:
    """Return a figure that a chart shows as it shows these: a number, a date or a time."""
    first = next((value for value in values if isinstance(value, str)), None)
    if first is None:
        return (0,)
    return ("00:00",) if _is_clock(first) else ("1970-01-01",)


def are(values: Iterable[Any]) -> bool:
    """Tell whether figures are dates or times: the API writes these as text, others as numbers."""
    return any(isinstance(value, str) for value in values)


def placed(value: Any) -> Any:
    """Return a figure as a chart has it: of a date or a time milliseconds since 1970."""
    if not isinstance(value, str):
        return value
    if _is_clock(value):
        hours, minutes, *seconds = map(float, value.split(":"))
        return round(HOUR * hours + HOUR / 60 * minutes + 1000 * sum(seconds))
    return round(instants.days(value) * DAY)


def kind(values: Iterable[Any]) -> Literal["T", "Q"]:
    """Return the type of a field that has these figures."""
    return "T" if are(values) else "Q"


def scale(values: Iterable[Any], **words: Any) -> alt.Scale:
    """Return a scale for figures; of dates and times the browser's time zone moves none.

    Time has no zero: Vega complains where a scale says whether it begins there.
    """
    if not are(values):
        return alt.Scale(**words)
    words = {name: one for name, one in words.items() if name != "zero"}
    return alt.Scale(**{**words, "type": "utc"})


def axis(values: Iterable[Any], ticks: int, **words: Any) -> alt.Axis:
    """Return an axis for figures; times of a day have no day on it."""
    clocks = any(isinstance(value, str) and _is_clock(value) for value in values)
    form = {"format": CLOCK} if clocks else {}
    return alt.Axis(tickCount=ticks, **{**words, **form})


def _is_clock(text: str) -> bool:
    return text[2:3] == ":"
