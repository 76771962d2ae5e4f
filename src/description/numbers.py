"""Numbers as people write them: with thousands, a currency, a unit, a decimal comma."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd

from src.data.kinds.number_format import ALIKE, NONE, PLAIN, NumberFormat
from src.description.values import WORDS, Values

MOST = 0.8  # of the rows, from which on a column is one of numbers with words in it
OFTEN = 0.005  # of the rows, from which on such a word is no slip of a hand
ODD = 3  # words among numbers that may mean "missing"
LONGEST = 20  # characters of a word that means "missing"
SAMPLE = 2000  # different words that tell how numbers are written
_PARTS = re.compile(
    r"^(?P<sign>[+-]?)(?P<prefix>[^\w\s.,+-]{0,3}|[A-Z]{3})\s*(?P<inner>[+-]?)"
    rf"(?P<digits>\d[\d.,{''.join(ALIKE.values())}]*|[.,]\d+)"
    r"(?P<suffix>\s?(?:[^\W\d_]|[%/²³°$€£¥\"'])*)$"
)


def of(values: Values) -> tuple[NumberFormat, np.ndarray, set[str]] | None:
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


def _format(values: Values) -> NumberFormat | None:
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
    return NumberFormat(decimal, thousands, prefix, suffix.strip())


def _marks(digits: list[str]) -> tuple[str, str]:
    """Tell the decimal sign and that of the thousands."""
    text = "".join(digits)
    space = next((mark for mark, alike in ALIKE.items() if any(one in text for one in alike)), "")
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


def _read(words: np.ndarray, how: NumberFormat) -> np.ndarray:
    plain = [how.plain(str(word)) for word in words]
    return np.array([np.nan if one == NONE else float(one) for one in plain], dtype=np.float64)
