"""How a column of text is written: the fewest keys of the YAML under which its cells are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import product

NEARLY = 0.98  # of the cells that keys must make readable
MOST = 2000  # different cells that are tried
PARTS = re.compile(r"(?P<prefix>[^\d+\-.,]*)(?P<core>[+-]?\d(?:.*\d)?)(?P<suffix>\D*)", re.DOTALL)
# Of equally many keys the first ones are taken: 1,322 is thirteen hundred, and 1,32 a fraction.
THOUSANDS, DECIMALS = (",", ".", " ", "\u00a0", "\u202f", "'", "’", None), (".", ",")  # noqa: RUF001
BOOLEANS = ({"yes", "no"}, {"true", "false"}, {"y", "n"}, {"t", "f"}, {"on", "off"}, {"1", "0"})
DAYS = (
    "%Y-%m-%d",
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
    "%Y%m%d",
)
TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
PLAIN = re.compile(r"[\w$€£¥]+")


def keys_of(cells: Sequence[str]) -> str | None:
    """Return the fewest keys, as YAML, that make nearly all cells readable; None where none do.

    `cells` are different texts without space around them, and none of them missing.
    """
    some = cells[:MOST]
    if not some:
        return None
    return numbers(some) or ("type: boolean" if are_booleans(some) else None) or moments(some)


def numbers(cells: Sequence[str]) -> str | None:
    """Return the keys of numbers, such as `prefix: $, thousands: ','`; None where none do."""
    parts = [match for match in map(PARTS.fullmatch, cells) if match]
    least = NEARLY * len(cells)
    if len(parts) < least:
        return None
    affixes = {
        name: _usual(match[name].strip() for match in parts) for name in ("prefix", "suffix")
    }
    cores = [
        match["core"]
        for match in parts
        if all(match[name].strip() in ("", affix) for name, affix in affixes.items())
    ]
    best: tuple[int, int, dict[str, str]] | None = None
    for thousands, decimal in product(THOUSANDS, DECIMALS):
        if thousands == decimal:
            continue
        pattern = _number(thousands, decimal)
        count = sum(1 for core in cores if pattern.fullmatch(core))
        keys = {name: affix for name, affix in affixes.items() if affix}
        keys |= {"thousands": thousands} if thousands else {}
        keys |= {"decimal": decimal} if decimal != "." else {}
        if count >= least and (best is None or (len(keys), -count) < best[:2]):
            best = (len(keys), -count, keys)
    return None if best is None else _yaml(best[2])


def _usual(affixes: Iterator[str]) -> str:
    counts = Counter(affix for affix in affixes if affix)
    return counts.most_common(1)[0][0] if counts else ""


def _number(thousands: str | None, decimal: str) -> re.Pattern[str]:
    fraction = rf"(?:{re.escape(decimal)}\d+)?"
    if thousands is None:
        return re.compile(rf"[+-]?\d+{fraction}")
    return re.compile(rf"[+-]?(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+){fraction}")


def are_booleans(cells: Collection[str]) -> bool:
    """Tell whether all words say yes or no, both of them, in whatever spelling."""
    words = {cell.casefold() for cell in cells}
    pairs = [pair for pair in BOOLEANS if pair & words]
    return bool(words) and words <= set().union(*BOOLEANS) and any(pair <= words for pair in pairs)


def moments(cells: Sequence[str]) -> str | None:
    """Return the keys of dates, times of a day, or both, such as `type: date, format: ...`."""
    if _are_read(cells, None):
        is_day = all(len(cell) == len("2024-01-31") for cell in cells)
        return "type: date" if is_day else "type: datetime"
    formats = {
        "date": DAYS,
        "time": TIMES,
        "datetime": [f"{day} {time}" for day, time in product(DAYS, TIMES)],
    }
    for kind, some in formats.items():
        fitting = [one for one in some if _are_read(cells, one)]
        if fitting:
            keys = _yaml({"type": kind, "format": fitting[0]})
            return f"{keys} (or {fitting[1]!r})" if len(fitting) > 1 else keys
    return None


def _are_read(cells: Sequence[str], form: str | None) -> bool:
    allowed = len(cells) - NEARLY * len(cells)
    for cell in cells:
        try:
            datetime.fromisoformat(cell) if form is None else datetime.strptime(cell, form)
        except ValueError:
            allowed -= 1
            if allowed < 0:
                return False
    return True


def _yaml(keys: dict[str, str]) -> str:
    quoted = {name: _quoted(value) for name, value in keys.items()}
    return ", ".join(f"{name}: {value}" for name, value in quoted.items())


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return value if PLAIN.fullmatch(value) else f"'{doubled}'"
