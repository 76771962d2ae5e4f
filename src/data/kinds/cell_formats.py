"""How a column of text is written: the fewest keys of the YAML under which its cells are read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

from src.data.kinds import instants
from src.data.kinds.number_format import NONE, DecimalSign, NumberFormat, ThousandsSign
from src.data.kinds.words import spellings

NEARLY = 0.98  # of the cells that keys must make readable
MOST = 2000  # different cells that are tried
AFFIXES = re.compile(r"(?P<prefix>[^\d+\-.,]*)[+-]?[.,]?\d(?:.*\d)?(?P<suffix>\D*)", re.DOTALL)
DAYS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
)
TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
PLAIN = re.compile(r"[\w$€£¥]+")


def keys_of(cells: Sequence[str]) -> str | None:
    """Return the fewest keys, as YAML, that make nearly all cells readable; None where none do.

    `cells` are different texts without space around them, and none of them missing.
    """
    if not cells:
        return None
    return numbers(cells) or ("type: boolean" if are_booleans(cells) else None) or moments(cells)


def numbers(cells: Sequence[str]) -> str | None:
    """Return the keys of numbers, such as `prefix: $, thousands: ','`; None where none do."""
    some = cells[:MOST]
    parts = [match for match in map(AFFIXES.fullmatch, some) if match]
    affixes = {name: _usual(match[name].strip() for match in parts) for name in AFFIXES.groupindex}
    best: tuple[int, int, dict[str, str]] | None = None
    # Of equally many keys the first ones are taken: 1,322 is thirteen hundred, 1,32 a fraction.
    signs = product([*filter(None, get_args(ThousandsSign)), ""], get_args(DecimalSign))
    for thousands, decimal in signs:
        if thousands == decimal:
            continue
        written = NumberFormat(decimal, thousands, affixes["prefix"], affixes["suffix"])
        count = sum(written.plain(cell) != NONE for cell in some)
        keys = {
            **affixes,
            "thousands": thousands,
            "decimal": "" if decimal == NumberFormat().decimal else decimal,
        }
        keys = {name: sign for name, sign in keys.items() if sign}
        if count >= NEARLY * len(some) and (best is None or (len(keys), -count) < best[:2]):
            best = (len(keys), -count, keys)
    return None if best is None else _yaml(best[2])


def _usual(affixes: Iterator[str]) -> str:
    counts = Counter(affix for affix in affixes if affix)
    return counts.most_common(1)[0][0] if counts else ""


def are_booleans(cells: Sequence[str]) -> bool:
    """Tell whether all words say true or false, both of them, in whatever spelling."""
    meanings = {spellings().get(cell) for cell in cells[:MOST]}
    return len(meanings) == 2 and None not in meanings


def moments(cells: Sequence[str]) -> str | None:
    """Return the keys of dates, times of a day, or both, such as `type: date, format: ...`."""
    some = cells[:MOST]
    if _are_read(some, "date", None):
        is_day = all(len(cell) <= len("2024-01-31") for cell in some)
        return "type: date" if is_day else "type: datetime"
    if _are_read(some, "time", None):
        return "type: time"
    formats = {
        "date": DAYS,
        "time": TIMES,
        "datetime": [f"{day} {time}" for day, time in product(DAYS, TIMES)],
    }
    for kind, every in formats.items():
        fitting = [style for style in every if _are_read(some, kind, style)]
        if fitting:
            keys = _yaml({"type": kind, "format": fitting[0]})
            return f"{keys} (or {fitting[1]!r})" if len(fitting) > 1 else keys
    return None


def _are_read(cells: Sequence[str], kind: str, style: str | None) -> bool:
    """Tell whether nearly all cells are such moments; with any format ISO is read as well."""
    read = instants.hours if kind == "time" else instants.days
    left = len(cells) * (1 - NEARLY)
    for cell in cells:
        left -= math.isnan(read(cell, style)) and math.isnan(read(cell, None))
        if left < 0:
            return False
    return bool(cells)


def _yaml(keys: dict[str, str]) -> str:
    return ", ".join(f"{name}: {_quoted(value)}" for name, value in keys.items())


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return value if PLAIN.fullmatch(value) else f"'{doubled}'"
