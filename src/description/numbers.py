"""Numbers as people write them: with thousands, a currency, a unit, a decimal comma."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from src.data.kinds import cell_formats
from src.data.kinds.number_format import NONE, PLAIN, NumberFormat
from src.description.values import WORDS, Values

MOST = 0.8  # of the rows, from which on a column is one of numbers with words in it
OFTEN = 0.005  # of the rows, from which on such a word is no slip of a hand
ODD = 3  # words among numbers that may mean "missing"
MANY = 20  # different numbers, beside which so few words are no answers, however often they stand
LONGEST = 20  # characters of a word that means "missing"
SAMPLE = 2000  # different words that tell how numbers are written
# What stands before and after amounts; other words make them codes, such as Q12.
_PREFIX = re.compile(r"[^\w\s]{0,3}|[A-Z]{3}")
_SUFFIX = re.compile(r"(?:[^\W\d_]|[%/²³°$€£¥\"'])*")


def of(values: Values) -> tuple[NumberFormat, np.ndarray, set[str]] | None:
    """Read the words of a column as numbers; None if it is none of numbers.

    Returns how they are written, the number of each word (NaN for none), and the words among them
    that mean "missing".
    """
    said = _frequent(values)
    told = _of(values.without(said))
    if told is None:
        return None
    how, read, missing = told
    numbers = np.full(len(values.words), np.nan)
    numbers[[word not in said for word in values.words]] = read
    return how, numbers, missing | said


def _frequent(values: Values) -> set[str]:
    """Name the few words without a digit that stand often among many different numbers."""
    words = [str(word) for word in values.words]
    said = {word for word in words if not re.search(r"\d", word) and _is_often(values, word)}
    is_few = len(said) <= ODD and len(words) - len(said) >= MANY
    return said if is_few else set()


def _of(values: Values) -> tuple[NumberFormat, np.ndarray, set[str]] | None:
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
    """Find the one way in which most words are numbers, and not codes with a letter or two."""
    how = cell_formats.number_format(values.commonest(SAMPLE), MOST)
    if how is None or not (_PREFIX.fullmatch(how.prefix) and _SUFFIX.fullmatch(how.suffix)):
        return None
    return how


def _read(words: np.ndarray, how: NumberFormat) -> np.ndarray:
    plain = [how.plain(str(word)) for word in words]
    return np.array([np.nan if one == NONE else float(one) for one in plain], dtype=np.float64)
