"""Example records that nobody ever sent: made from a dataset's YAML and from what is usual in it.

A number is about the median of the rows, rounded, a date the first of a month, a time a full hour;
a category is its commonest level. Of a column whose levels are learnt that is so only where each
level has many rows, for one that a few rows have may name them. A text is a sentence of ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from app.records.fields import Field, FieldError
from app.records.records import Records
from app.store.redaction import NOTHING_HIDDEN, Redaction
from src.data.features import (
    Bounds,
    Category,
    Feature,
    Id,
    Integer,
    Number,
    Temporal,
    Time,
    outward,
)
from src.data.kinds import calendar_parts
from src.data.schema import Dataset

SOME = 5  # examples
DIGITS = 3  # of a number: a median is the cell of a row, what is left of it is not
MANY = 10  # rows for each level of a category, on average, for its commonest one to be shown
WORD = "example"
# Neutral, and different in their words: a model of texts goes by them.
TEXTS = (
    "This sentence stands for a text of your own.",
    "An example of some words, written for this page.",
    "Nobody has sent this: it shows where a text belongs.",
    "Put the whole text here, as long as it is.",
    "A short text is one, too.",
)
MONTH = 30.0  # days
HOURS = 24.0
MILLENNIUM = 10_957.0  # 2000-01-01, in days since 1970
STEPS = (0, 1, -1, 2, -2)  # months or hours, by which examples differ
FACTORS = (1.0, 0.9, 1.1, 0.8, 1.2)  # of a number, so that examples differ


def made(
    records: Records,
    dataset: Dataset,
    typical: Mapping[str, Any],
    learnt: Mapping[str, Any] | None,
    redaction: Redaction = NOTHING_HIDDEN,
) -> list[dict[str, Any]]:
    """Return one to SOME different records that can be posted, the most usual one first.

    `typical` and `learnt` are those of a bundle; what rows have in hidden columns takes no part.
    """
    found: list[dict[str, Any]] = []
    for at in range(SOME):
        record = {}
        for name, feature in dataset.features.items():
            usual = None if redaction.hides(name) else _usual(name, feature, typical, learnt)
            value = _taken(records.by_name[name], _candidates(feature, usual, at))
            if value is not None:
                record[name] = value
        if record not in found:
            found.append(record)
    return found


def within(bounds: Bounds) -> Iterator[float]:
    """Yield numbers of which one lies within the bounds, if a short one does; the middle first."""
    low = max(one for one in (bounds.min, bounds.above, -math.inf) if one is not None)
    high = min(one for one in (bounds.max, bounds.below, math.inf) if one is not None)
    if math.isfinite(low) and math.isfinite(high):
        middle = low / 2 + high / 2
        yield from (middle, math.floor(middle), math.ceil(middle), low, high)
    elif math.isfinite(low):
        yield from (math.floor(low) + 1.0, low, math.nextafter(low, math.inf))
    elif math.isfinite(high):
        yield from (math.ceil(high) - 1.0, high, math.nextafter(high, -math.inf))
    else:
        yield 0.0


def _usual(
    name: str, feature: Feature, typical: Mapping[str, Any], learnt: Mapping[str, Any] | None
) -> Any:
    """Return a column's typical value; None where it could be that of a few rows."""
    value = typical.get(name)
    if value is None or not isinstance(feature, Category) or feature.listed() is not None:
        return value
    levels = (learnt or {}).get("levels", {}).get(name)
    is_shared = levels and (learnt or {}).get("rows", 0) >= MANY * len(levels)
    return value if is_shared else None


def _candidates(feature: Feature, usual: Any, at: int) -> Iterator[Any]:
    """Yield what may stand in a column of the example at a place, the best first."""
    if isinstance(feature, Temporal):
        yield from map(feature.text, _moments(feature, usual, at))
    elif isinstance(feature, Number | Integer):
        yield from _numbers(feature, usual, at)
    elif isinstance(feature, Category):
        listed, convert = feature.listed(), outward(feature)
        if listed is not None:
            first = listed.index(usual) if usual in listed else 0
            value = listed[(first + at) % len(listed)]
            yield value if convert is None else convert(value)
        else:
            yield from [WORD] if usual is None else [usual, WORD]
    elif isinstance(feature, Id):
        yield from (f"{WORD}-{at + 1}", str(at + 1))
    else:
        yield from (TEXTS[at % len(TEXTS)], WORD)
    yield from ("e", 0)  # where a text may have one letter, or the words count as missing


def _numbers(feature: Number | Integer, usual: float | None, at: int) -> Iterator[float]:
    is_whole = isinstance(feature, Integer)
    factor = FACTORS[at % len(FACTORS)]
    if usual is not None and math.isfinite(usual):
        for value in (usual * factor, usual):
            short = float(f"{value:.{DIGITS}g}")
            yield round(short) if is_whole else short
    for value in within(feature):
        yield int(value) if is_whole and float(value).is_integer() else value


def _moments(feature: Temporal, usual: float | None, at: int) -> Iterator[float]:
    """Yield numbers of moments: a first of a month near the usual day, or a full hour near it."""
    step = 1.0 if isinstance(feature, Time) else MONTH
    if usual is not None and math.isfinite(usual):
        near = usual + STEPS[at % len(STEPS)] * step
        for value in (near, usual):
            yield value // 1 % HOURS if isinstance(feature, Time) else _first(value)
    for value in within(feature):
        # Where nothing bounds it, 1970-01-01 would look like a mistake.
        yield value if value or isinstance(feature, Time) else MILLENNIUM


def _first(day: float) -> float:
    """Return the first of a day's month, which is none of a row's own."""
    return day // 1 - calendar_parts.day(day) + 1


def _taken(field: Field, values: Iterator[Any]) -> Any:
    """Return the first value that a field takes; None where it takes none of them."""
    for value in values:
        try:
            if field.check(value) is not None:
                return value
        except FieldError:
            continue
    return None
