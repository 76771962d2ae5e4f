"""Numbers as people write them: with thousands, a currency, a unit, a decimal comma."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from src.data.kinds import cell_formats
from src.data.kinds.number_format import ALIKE, MINUS, PLAIN, NumberFormat
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
    if not said:
        return _of(values)
    told = _of(values.without(said))
    if told is None:
        return None
    how, read, missing = told
    numbers = np.full(len(values.words), np.nan)
    numbers[~values.among(said)] = read
    return how, numbers, missing | said


def _frequent(values: Values) -> set[str]:
    """Name the few words without a digit that stand often among many different numbers."""
    often = values.words[values.counts >= OFTEN * values.present]
    said = {str(word) for word in often if len(word) <= LONGEST and not re.search(r"\d", word)}
    is_few = len(said) <= ODD and len(values.words) - len(said) >= MANY
    return said if is_few else set()


def _of(values: Values) -> tuple[NumberFormat, np.ndarray, set[str]] | None:
    if not values.present:
        return None
    numbers = values.numbers
    how = PLAIN
    is_plain = values.share(np.isfinite(numbers)) >= MOST
    unread = values.words[~np.isfinite(numbers)]
    is_signed = any(str(word).rstrip().endswith((")", *MINUS)) for word in unread)
    other = _format(values) if not is_plain or is_signed else None
    if other is None and not is_plain:
        return None
    # Where few are below 0, most are plain numbers.
    if other is not None and (not is_plain or other.negative != PLAIN.negative):
        how, numbers = other, _read(values.words, other)
    if values.share(np.isfinite(numbers)) < MOST:
        return None
    at = np.flatnonzero(~np.isfinite(numbers))
    odd = {str(word) for word in values.words[at]}
    missing = {word for word in odd if word.casefold() in WORDS or _is_often(values, word)}
    slips = int(values.counts[at].sum()) - int(values.counts[values.among(missing)].sum())
    if len(missing - WORDS) > ODD or slips > OFTEN * values.present:
        return None
    return how, numbers, missing


def unread(name: str, cells: int) -> str:
    """Say that so many cells of a column are no numbers."""
    if cells == 1:
        return f"1 cell of {name} is no number: its row is rejected"
    return f"{cells:,} cells of {name} are no numbers: their rows are rejected"


def _is_often(values: Values, word: str) -> bool:
    return len(word) <= LONGEST and values.share(values.words == word) >= OFTEN


def _format(values: Values) -> NumberFormat | None:
    """Find the one way in which most words are numbers, and not codes with a letter or two."""
    how = cell_formats.number_format(values.commonest(SAMPLE), MOST)
    if how is None or not (_PREFIX.fullmatch(how.prefix) and _SUFFIX.fullmatch(how.suffix)):
        return None
    return how


def _read(words: np.ndarray, how: NumberFormat) -> np.ndarray:
    """Read words as numbers; the usual spellings all at once, the others one by one."""
    texts = pa.array(words, pa.large_string())
    usual = _usual(how)
    is_usual = np.zeros(len(words), dtype=bool)
    read = np.full(len(words), np.nan)
    if usual is not None:
        is_usual = pc.match_substring_regex(texts, usual).to_numpy(zero_copy_only=False)
        digits = pc.replace_substring_regex(
            texts.filter(pa.array(is_usual)), rf"[^0-9\-{re.escape(how.decimal)}]", ""
        )
        digits = pc.replace_substring(digits, how.decimal, ".")
        read[is_usual] = pc.cast(digits, pa.float64()).to_numpy()
    others = pd.Series([how.plain(str(word)) for word in words[~is_usual]], dtype=object)
    read[~is_usual] = pd.to_numeric(others, errors="coerce")  # "e23" has digits, and is none
    return read


def _usual(how: NumberFormat) -> str | None:
    """Return what numbers without exponents are like; None where the affixes have signs of them."""
    affixes = how.prefix + how.suffix
    if set(affixes) & set(f"-+0123456789{how.decimal}"):
        return None
    prefix, suffix, decimal = map(re.escape, (how.prefix.strip(), how.suffix.strip(), how.decimal))
    signs = re.escape(ALIKE.get(how.thousands, how.thousands))
    grouped = rf"[0-9]{{1,3}}(?:[{signs}][0-9]{{3}})+|" if how.thousands else ""
    sign = rf"(?:-\s?(?:{prefix})?|(?:{prefix})?\s?-?)"
    number = rf"(?:{grouped}[0-9]+)(?:{decimal}[0-9]+)?"
    return rf"^{sign}\s?{number}\s?(?:{suffix})?$"
