"""How a column of text is written: the fewest keys of the YAML under which its cells are read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

from src.data.kinds import instants
from src.data.kinds.number_format import NONE, DecimalSign, Negative, NumberFormat, ThousandsSign
from src.data.kinds.words import spellings

NEARLY = 0.98  # of the cells that keys must make readable
MOST = 2000  # different cells that are tried
AFFIXES = re.compile(r"(?P<prefix>[^\d+\-.,]*)[+-]?[.,]?\d(?:.*\d)?(?P<suffix>\D*)", re.DOTALL)
_BRACKETS = re.compile(r"[^\d()]*\([^()]*\d[^()]*\)[^\d()]*")  # (1,234) and $(5)
# 1,234- and 5-EUR, but no 5-pack and 2-room.
_AFTER = re.compile(r"(?<=\d)\s?[-\u2212](?=\s*([^\w\s]|[A-Z]{3})?$)")
# Of formats that read the same cells, the more likely one first.
DAYS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
    "%d-%b-%Y", "%d-%b-%y", "%b-%Y", "%b %Y", "%B %Y", "%a %b %d %Y", "%Y-%m-%d",
)  # fmt: skip
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
GAPS = (" ", "T", ", ")
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
    how = number_format(cells)
    return None if how is None else _yaml(_keys(how))


def number_format(cells: Sequence[str], nearly: float = NEARLY) -> NumberFormat | None:
    """Return the one way of the fewest keys in which nearly all cells are numbers, if there is."""
    some = cells[:MOST]
    negative = _negative(some)
    unsigned = [_AFTER.sub("", cell) for cell in some] if negative == "after" else some
    if negative == "brackets":
        unsigned = [re.sub(r"[()]", "", cell) for cell in some]
    parts = [match for match in map(AFFIXES.fullmatch, unsigned) if match]
    affixes = {name: _usual(match[name].strip() for match in parts) for name in AFFIXES.groupindex}
    best: tuple[int, int, NumberFormat] | None = None
    # Of equally many keys the first ones are taken: 1,322 is thirteen hundred, 1,32 a fraction.
    signs = product([*filter(None, get_args(ThousandsSign)), ""], get_args(DecimalSign))
    for thousands, decimal in signs:
        if thousands == decimal:
            continue
        how = NumberFormat(decimal, thousands, affixes["prefix"], affixes["suffix"], negative)
        count = _count(how, some, nearly)
        rank = (len(_keys(how)), -count)
        if count >= nearly * len(some) and (best is None or rank < best[:2]):
            best = (*rank, how)
    return None if best is None else best[2]


def _negative(cells: Sequence[str]) -> Negative:
    """Tell how numbers below 0 are written; of none but them that is not known."""
    for way, sign in (("brackets", _BRACKETS.fullmatch), ("after", _AFTER.search)):
        if 0 < sum(sign(cell) is not None for cell in cells) < len(cells):
            return way  # type: ignore[return-value]
    return "before"


def _keys(how: NumberFormat) -> dict[str, str]:
    """Return the keys that the YAML needs for numbers that are written so."""
    names = ("prefix", "suffix", "negative", "thousands", "decimal")
    return {
        name: getattr(how, name)
        for name in names
        if getattr(how, name) != getattr(NumberFormat(), name)
    }


def _usual(affixes: Iterator[str]) -> str:
    counts = Counter(affix for affix in affixes if affix)
    return counts.most_common(1)[0][0] if counts else ""


def are_booleans(cells: Sequence[str]) -> bool:
    """Tell whether all words say true or false, both of them, in whatever spelling."""
    meanings = {spellings().get(cell) for cell in cells[:MOST]}
    return len(meanings) == 2 and None not in meanings


def moments(cells: Sequence[str]) -> str | None:
    """Return the keys of dates, times of a day, or both, such as `type: date, format: ...`."""
    kind, formats = moment(cells) or ("", [])
    if not formats:
        return f"type: {kind}" if kind else None
    keys = _yaml({"type": kind, "format": formats[0]})
    return f"{keys} (or {formats[1]!r})" if len(formats) > 1 else keys


def _count(how: NumberFormat, cells: Sequence[str], nearly: float) -> int:
    """Count the cells that are numbers; stop where they cannot be enough any more."""
    left, count = (1 - nearly) * len(cells), 0
    for cell in cells:
        if how.plain(cell) != NONE:
            count += 1
            continue
        left -= 1
        if left < 0:
            return 0
    return count


def moment(cells: Sequence[str]) -> tuple[str, list[str]] | None:
    """Return what moments are, and all formats that read nearly all of them: none, where ISO does.

    They are a date, a datetime or a time; None where they are no moments.
    """
    some = cells[:MOST]
    if _are_read(some, "date", None):
        is_day = all(len(cell) <= len("2024-01-31") for cell in some)
        return ("date" if is_day else "datetime"), []
    if _are_read(some, "time", None):
        return "time", []
    joined = [f"{day}{gap}{time}" for day, gap, time in product(DAYS, GAPS, TIMES)]
    for kind, every in (("date", DAYS), ("time", TIMES), ("datetime", joined)):
        possible = [style for style in every if _may_read(some, style)]
        formats = [style for style in possible if _are_read(some, kind, style)]
        if formats:
            return kind, formats
    return None


def _may_read(cells: Sequence[str], style: str) -> bool:
    """Tell whether any cell has the signs of a format: to make a pattern of each takes seconds."""
    signs = set(re.sub(r"%[a-zA-Z]|\s", "", style))
    return any(signs.issubset(cell) for cell in cells)


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
