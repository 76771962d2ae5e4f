"""Dates and times as people write them: which format a column has."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from src.description.values import WORDS, Values
from src.support.structs import Checked

SAMPLE = 1000  # different words that tell the format
SURE = 0.98  # of these, the share that a format reads
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",
    "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y",
    "%b %d, %Y", "%B %d, %Y", "%b-%Y", "%b %Y", "%B %Y", "%a %b %d %Y",
)  # fmt: skip
_TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_JOINED = tuple(
    f"{day}{gap}{time}" for day in _DATES for gap in (" ", "T", ", ") for time in _TIMES
)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?P<time>[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_LIKE_ONE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
# Formats that read the same words in another order, the more likely one first.
_TWINS = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y", "%d/%m/%y": "%m/%d/%y"}


class Moment(Checked, frozen=True):
    """A kind of moment: date, datetime or time; `format` is None of ISO.

    `is_unsure` says that the same words could be days before months or the other way round.
    """

    kind: str
    format: str | None = None
    is_unsure: bool = False


def of(values: Values) -> tuple[Moment, set[str]] | None:
    """Tell how moments are written, with words among them for "missing"; None if there are none."""
    words = [word for word in values.commonest(SAMPLE) if re.search(r"\d", word)]
    others = {word for word in values.commonest(SAMPLE) if word not in set(words)}
    if not words or any(other.casefold() not in WORDS for other in others):
        return None
    if not all(_LIKE_ONE.search(word) and len(word) <= 40 for word in words[:20]):
        return None
    moment = _iso(words) or _formatted(words)
    return None if moment is None else (moment, others)


def _iso(words: list[str]) -> Moment | None:
    matches = [_ISO.fullmatch(word) for word in words]
    if sum(match is not None for match in matches) < SURE * len(words):
        return None
    has_time = any(
        match["time"] and not re.fullmatch(r"[T ]00:00(:00)?", match["time"])
        for match in matches
        if match is not None
    )
    all_times = all(match["time"] for match in matches if match is not None)
    return Moment("datetime" if has_time or all_times else "date")


def _formatted(words: list[str]) -> Moment | None:
    texts = pd.Series(words, dtype=object)
    for kind, formats in (("time", _TIMES), ("date", _DATES), ("datetime", _JOINED)):
        for one in formats:
            if not _reads(texts.head(20), one) or not _reads(texts, one):
                continue
            return _untwinned(texts, kind, one)
    return None


def _reads(texts: pd.Series, one: str) -> bool:
    read = pd.to_datetime(texts, format=one, errors="coerce")
    return bool(read.notna().mean() >= SURE)


def _untwinned(texts: pd.Series, kind: str, one: str) -> Moment:
    """Choose between days first and months first, and take midnights for dates."""
    day = next((first for first in _TWINS if one.startswith(first)), None)
    is_unsure = False
    if day is not None:
        other = one.replace(day, _TWINS[day])
        is_unsure = _reads(texts, other)
        if is_unsure and _order(texts, other) > _order(texts, one):
            one = other
    if kind == "datetime":
        read = pd.to_datetime(texts, format=one, errors="coerce").dropna()
        kind = "date" if bool((read == read.dt.normalize()).all()) else kind
    return Moment(kind, one, is_unsure)


def _order(texts: pd.Series, one: str) -> float:
    """Return how evenly days lie: the wrong order of day and month scatters them over a year."""
    days = pd.to_datetime(texts, format=one, errors="coerce").dropna().sort_values()
    gaps = np.diff(days.to_numpy().astype("int64"))
    return -float(np.std(gaps)) if len(gaps) else 0.0
