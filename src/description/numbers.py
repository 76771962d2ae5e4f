"""Numbers as people write them: with thousands, a currency, a unit, a decimal comma."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd

from src.description.values import WORDS, Values
from src.support.structs import Checked

MOST = 0.8  # of the rows, from which on a column is one of numbers with words in it
OFTEN = 0.005  # of the rows, from which on such a word is no slip of a hand
ODD = 3  # words among numbers that may mean "missing"
LONGEST = 20  # characters of a word that means "missing"
SAMPLE = 2000  # different words that tell how numbers are written
_PARTS = re.compile(
    r"^(?P<sign>[+-]?)(?P<prefix>[^\w\s.,+-]{0,3}|[A-Z]{3})\s*(?P<inner>[+-]?)"
    r"(?P<digits>\d[\d., '\u00a0\u202f]*|[.,]\d+)(?P<suffix>\s?(?:[^\W\d_]|[%/²³°$€£¥\"'])*)$"
)
SPACES = " '\u00a0\u202f"


class Format(Checked, frozen=True):
    """How numbers are written; the signs are cut off, and the value stays as it is."""

    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""


PLAIN = Format()


def of(values: Values) -> tuple[Format, np.ndarray, set[str]] | None:
    """Read the words of a column as numbers; None if it is none of numbers.

    Returns how they are written, the number of each word (NaN for none), and the words among them
    that mean "missing".
    """
    if not values.present:
        return None
    plain = pd.to_numeric(pd.Series(values.words, dtype=object), errors="coerce")
    numbers = _finite(plain.to_numpy(dtype=np.float64))
    how = PLAIN
    if values.share(np.isfinite(numbers)) < MOST:
        other = _format(values)
        if other is None:
            return None
        how, numbers = other, _read(values.words, other)
    odd = {str(word) for word in values.words[~np.isfinite(numbers)]}
    if values.share(np.isfinite(numbers)) < MOST:
        return None
    missing = {word for word in odd if word.casefold() in WORDS or _is_often(values, word)}
    slips = float(values.counts[[word in odd - missing for word in values.words]].sum())
    if len(missing - WORDS) > ODD or slips > OFTEN * values.present:
        return None
    return how, numbers, missing


def _is_often(values: Values, word: str) -> bool:
    return len(word) <= LONGEST and values.share(values.words == word) >= OFTEN


def _finite(numbers: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _format(values: Values) -> Format | None:
    """Find the one way in which nearly all words are numbers."""
    words = values.commonest(SAMPLE)
    matches = [match for match in map(_PARTS.match, words) if match is not None]
    if len(matches) < MOST * len(words):
        return None
    prefix, with_prefix = Counter(match["prefix"] for match in matches).most_common(1)[0]
    suffix, with_suffix = Counter(match["suffix"] for match in matches).most_common(1)[0]
    if min(with_prefix, with_suffix) < MOST * len(words):
        return None
    decimal, thousands = _marks([match["digits"].strip() for match in matches])
    return Format(decimal, thousands, prefix, suffix.strip())


def _marks(digits: list[str]) -> tuple[str, str]:
    """Tell the decimal sign and that of the thousands."""
    space = next((mark for mark in SPACES if any(mark in one for one in digits)), "")
    both = [one for one in digits if "." in one and "," in one]
    last = Counter("." if one.rfind(".") > one.rfind(",") else "," for one in both)
    if last:
        decimal = last.most_common(1)[0][0]
        return decimal, "," if decimal == "." else "."
    for mark, other in ((",", "."), (".", ",")):
        marked = [one for one in digits if mark in one]
        if marked and not any(other in one for one in digits):
            are_groups = all(re.fullmatch(rf"\d{{1,3}}(\{mark}\d{{3}})+", one) for one in marked)
            if (are_groups and mark == ",") or any(one.count(mark) > 1 for one in marked):
                return other, mark
            return mark, space
    return ".", space


def _read(words: np.ndarray, how: Format) -> np.ndarray:
    return np.array([number(str(word), how) for word in words], dtype=np.float64)


def number(word: str, how: Format) -> float:
    """Read one number; NaN if it is none that is written so."""
    match = _PARTS.match(word)
    if match is None or match["prefix"] not in ("", how.prefix):
        return np.nan
    if match["suffix"].strip() not in ("", how.suffix):
        return np.nan
    digits = match["digits"].strip()
    for mark in (how.thousands, *SPACES):
        digits = digits.replace(mark, "") if mark else digits
    try:
        value = float(digits.replace(how.decimal, "."))
    except ValueError:
        return np.nan
    return -value if "-" in (match["sign"], match["inner"]) else value
