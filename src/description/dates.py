"""Dates and times as people write them: which format a column has."""

from __future__ import annotations

import re

import numpy as np

from src.data.kinds import cell_formats, instants
from src.description.values import WORDS, Values
from src.support.structs import Checked

SAMPLE = 1000  # different words that tell the format
_LIKE_ONE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
# Formats that read the same words in another order, the more likely one first.
_TWINS = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y", "%d/%m/%y": "%m/%d/%y"}


# Seconds since 1970 of 1990 and of 2100, between which a time is looked for.
_UNIX_RANGE = (631_152_000, 4_102_444_800)


class Moment(Checked, frozen=True):
    """A kind of moment: date, datetime or time; `format` is None of ISO.

    `is_unsure` says that the same words could be days before months or the other way round.
    """

    kind: str
    format: str | None = None
    is_unsure: bool = False


def of(values: Values) -> tuple[Moment, set[str]] | None:
    """Tell how moments are written, with words among them for "missing"; None if there are none."""
    common = values.commonest(SAMPLE)
    words = [word for word in common if re.search(r"\d", word)]
    others = set(common) - set(words)
    if not words or any(other.casefold() not in WORDS for other in others):
        return None
    if not all(_LIKE_ONE.search(word) and len(word) <= 40 for word in words[:20]):
        return None
    told = cell_formats.moment(words)
    return None if told is None else (_untwinned(words, *told), others)


def unix(values: Values) -> Moment | None:
    """Tell whether all words are whole seconds or milliseconds since 1970; None if they are not."""
    words = [str(word) for word in values.words]
    if not all(word.isascii() and word.isdigit() for word in words):
        return None
    low, high = _UNIX_RANGE
    for style, scale in instants.UNIX.items():
        if all(low <= int(word) / scale <= high for word in words):
            return Moment("datetime", style)
    return None


def _untwinned(words: list[str], kind: str, formats: list[str]) -> Moment:
    """Choose between days first and months first, and take midnights for dates."""
    if not formats:
        return Moment(kind)
    one = formats[0]
    day = next((first for first in _TWINS if one.startswith(first)), None)
    other = one if day is None else one.replace(day, _TWINS[day])
    is_unsure = other != one and other in formats
    if is_unsure and _order(words, other) > _order(words, one):
        one = other
    if kind == "datetime" and not any(instants.days(word, one) % 1 > 0 for word in words):
        kind = "date"
    return Moment(kind, one, is_unsure)


def _order(words: list[str], one: str) -> float:
    """Return how evenly days lie: the wrong order of day and month scatters them over a year."""
    days = np.sort([instants.days(word, one) for word in words])
    gaps = np.diff(days[np.isfinite(days)])
    return -float(np.std(gaps)) if len(gaps) else 0.0
