"""The type of one column: what its cells are, within which bounds, in which order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np

from src.data.kinds import cell_formats
from src.data.kinds.number_format import PLAIN, NumberFormat
from src.description import dates, names, numbers, orders
from src.description.values import DEFAULT, Values
from src.support.structs import Checked

LEARNT = ("number", "integer", "category", "text", "date", "datetime", "time", "boolean")
LEFT_OUT = ("id", "index", "constant", "empty", "nameless")
UNIQUE = 0.95  # different values by rows, from which on a column names its rows
CONSTANT = 0.99  # of the rows that have the only value
LONG = 9  # digits, from which on whole numbers are no measurement
FEW_CODES = 60  # different numbers under a name of codes
MOST_SHOWN = 10  # people of a column of their names, which are classes
SHOWN = 6  # values in a comment
MANY = 100  # values of a category, from which on the rare ones share a level
WORDS_OF_TEXT = 4.0  # of a cell, on average
REPEATED = 0.2  # different cells by rows, up to which sentences are a choice from a list
NEAR = 0.01  # of the median: a smaller number may well be zero another time
ROOM = 1.5  # times the greatest number, that a bound leaves
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_CODES = re.compile(r"[A-Z]{2}")  # of countries: NA is Namibia
_LETTER = re.compile(r"[^\W\d_]")
NOBODY = {"None", "null", "NULL", "N/A"}  # are missing, unless they are somebody or something


class Column(Checked, frozen=True):
    """A column of the source: its type, the keys beside it, and what to say of it.

    `kind` is one of LEARNT and LEFT_OUT; of those that are left out `says` is why. `is_positive`
    tells that all numbers are above zero, and none of them near it. `missing` are
    its words for missing where they are not the usual ones alone, `faults` counts cells that break
    the type, `unsure` is what a person should look at.
    """

    name: str
    kind: str
    says: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_positive: bool = False
    unit: str = ""
    order: list[str] = []
    how: NumberFormat = PLAIN
    format: str | None = None
    is_optional: bool = False
    missing: list[str] = []
    unsure: str = ""
    different: int = 0
    faults: int = 0

    @property
    def own_name(self) -> str:
        """Return the name without what no name may have: line breaks."""
        return " ".join(self.name.split())

    @property
    def is_learnt(self) -> bool:
        """Tell whether a model may take it."""
        return self.kind in LEARNT


def of(name: str, values: Values, *, is_nameless: bool = False) -> Column:
    """Tell what a column is."""
    few = _nothing(name, values, is_nameless=is_nameless)
    return few or _moment(name, values) or _number(name, values) or _words(name, values)


def _nothing(name: str, values: Values, *, is_nameless: bool) -> Column | None:
    if not values.present:
        return Column(name, "empty", f"all {values.rows:,} cells are empty")
    if len(values.words) == 1 and values.present >= CONSTANT * values.rows:
        return Column(name, "constant", f"always {str(values.words[0])[:40]!r}")
    # An index may have no name at all: R and pandas write one so.
    if (is_nameless or names.is_index(name)) and _is_unique(values):
        kind = "nameless" if is_nameless else "index"
        return Column(name, kind, "the index that a tool wrote: another value in each row")
    if is_nameless:
        says = f"no name in the header, and {values.present:,} cells with a value"
        return Column(name, "nameless", says)
    return None


def _is_unique(values: Values) -> bool:
    return len(values.words) >= max(2, 0.999 * values.present)


def _moment(name: str, values: Values) -> Column | None:
    numbered = dates.unix(values) if names.is_moment(name) else None
    if numbered is not None:
        says = f"{name} was taken for seconds since 1970 ({numbered.format}), in UTC"
        return _column(name, numbered.kind, values, format=numbered.format, unsure=says)
    told = dates.of(values)
    if told is None:
        return None
    moment, missing = told
    column = _column(name, moment.kind, values.without(missing), format=moment.format)
    if not moment.is_unsure:
        return column
    says = f"days and months of {name} could be the other way round: {moment.format} was taken"
    return _with(column, unsure=says)


def _number(name: str, values: Values) -> Column | None:
    told = numbers.of(values)
    if told is None:
        return None
    how, read, odd = told
    kept = values.without(odd)
    faults = int(values.counts[~np.isfinite(read)].sum()) - (values.present - kept.present)
    read = read[np.isfinite(read)]
    whole = bool((read == np.floor(read)).all())
    if whole and how == PLAIN:
        code = _coded(name, kept, read)
        if code is not None:
            return code
    column = _column(
        name,
        "integer" if whole else "number",
        kept,
        how=how,
        faults=faults,
        unit=names.of_sign(how.prefix or how.suffix) or names.unit(name),
    )
    column = _with(column, **_bounds(name, read, column.unit))
    if odd:
        listed = ", ".join(map(repr, sorted(odd)))
        return _with(column, unsure=f"{listed} among the numbers of {name} was taken for missing")
    if faults:
        says = numbers.unread(name, faults)
        return _with(column, unsure=says)
    return column


def _coded(name: str, values: Values, read: np.ndarray) -> Column | None:
    """Take whole numbers for codes or ids where their spelling or their name says so."""
    lengths = {len(word) for word in values.words[:1000]}
    is_padded = any(word[:1] == "0" and word[1:2].isdigit() for word in values.words)
    is_long = bool(np.abs(read).max() >= 10**LONG)
    of_rows = len(values.words) >= UNIQUE * values.present and values.present >= 10
    if of_rows and (names.counts_rows(name) or is_padded or (is_long and len(lengths) <= 3)):
        return _id(name, values)
    if of_rows and _counts(read) and (names.counts_rows(name) or names.is_index(name)):
        return _id(name, values)
    is_key = names.is_id(name) and (names.belongs(name) or len(values.words) > FEW_CODES)
    if is_key or (names.is_id(name) and _is_rounded(values.words)):
        return _column(name, "id", values, says=_different(values))
    if is_padded and len(lengths) <= 2:
        return _column(name, "category", values, says="codes: zeros lead them")
    if names.is_code(name) or names.is_id(name):
        unsure = f"{name} looks like codes and is a category; type: integer makes it a number"
        return _column(name, "category", values, says=_shown(values), unsure=unsure)
    return None


def _is_rounded(words: Iterable[str]) -> bool:
    return any("e+" in word.casefold() for word in words)


def _counts(read: np.ndarray) -> bool:
    return bool(read.max() - read.min() < 2 * len(read))


def _id(name: str, values: Values) -> Column:
    says = f"another value in nearly each row ({len(values.words):,} of {values.present:,})"
    return _column(name, "id", values, says=says)


def _different(values: Values) -> str:
    return f"an id: {len(values.words):,} different values in {values.present:,} rows"


def _words(name: str, values: Values) -> Column:
    words = [str(word) for word in values.words]
    if cell_formats.are_booleans(words):
        return _column(name, "boolean", values)
    length = _mean_words(values)
    is_unique = len(words) >= UNIQUE * values.present and values.present >= 10
    if is_unique and not any(map(_LETTER.search, words[:1000])):  # phone numbers, cards in groups
        return _id(name, values)
    if is_unique and (length < WORDS_OF_TEXT / 2 or (length < 8 and names.is_name(name))):
        return _id(name, values)
    if names.is_person(name) and len(words) > MOST_SHOWN:
        return _column(name, "id", values, says=f"names of people, {len(words):,} different ones")
    if _is_text(values, length):
        return _column(name, "text", values, says=f"{length:.0f} words on average")
    order = orders.of(name, words) if len(words) <= FEW_CODES else None
    if order is not None:
        return _column(name, "category", values, order=order)
    return _category(name, values)


def _category(name: str, values: Values) -> Column:
    coded = _with_codes(values)
    if coded is not None:
        unsure = f"NA in {name} was taken for a code, as its other values are, and not for missing"
        return _with(
            _column(name, "category", coded, says=_shown(coded)), missing=[""], unsure=unsure
        )
    column = _column(name, "category", values, says=_shown(values))
    nobody = sorted(NOBODY & set(values.missing))
    if not nobody:
        return column
    listed = ", ".join(map(repr, nobody))
    return _with(
        column,
        unsure=f"in {name}, {listed} was taken for missing; if it is a value there, "
        "write missing: [''] beside it",
    )


def _with_codes(values: Values) -> Values | None:
    """Take NA for a value again among codes of two letters; None if it is none."""
    is_code = all(_CODES.fullmatch(str(word)) for word in values.words)
    if "NA" not in values.missing or len(values.words) < 2 or not is_code:
        return None
    count = values.missing["NA"]
    left = {word: count for word, count in values.missing.items() if word != "NA"}
    codes = (
        np.where(values.codes < 0, len(values.words), values.codes) if not left else values.codes
    )
    words = np.append(values.words, "NA")
    return Values(words, np.append(values.counts, count), codes, left)


def _mean_words(values: Values) -> float:
    step = max(1, len(values.words) // 2000)
    counted = [
        (len(str(word).split()), count)
        for word, count in zip(values.words[::step], values.counts[::step], strict=True)
    ]
    total = sum(count for _, count in counted)
    return sum(words * count for words, count in counted) / total if total else 0.0


def _is_text(values: Values, length: float) -> bool:
    different = len(values.words)
    if length >= WORDS_OF_TEXT:
        return different > max(20, REPEATED * values.present) or different > 1000
    return length >= WORDS_OF_TEXT / 2 and different >= UNIQUE * values.present > 10


def _shown(values: Values) -> str:
    count = len(values.words)
    if count <= SHOWN:
        return ", ".join(
            word if len(word) <= 30 else f"{word[:29]}…" for word in sorted(map(str, values.words))
        )
    return f"{count:,} different values"


def _column(name: str, kind: str, cells: Values, **keys: object) -> Column:
    said = cells.said_missing
    own: dict[str, object] = {
        "is_optional": cells.is_optional,
        "missing": said if set(said) - set(DEFAULT) else [],
        "different": len(cells.words),
    }
    return Column(name, kind, **{**own, **keys})  # type: ignore[arg-type]


def _with(column: Column, **keys: object) -> Column:
    values = {field: getattr(column, field) for field in column.__struct_fields__}
    return Column(**{**values, **keys})


def _bounds(name: str, read: np.ndarray, unit: str) -> dict[str, float | None]:
    """Bound numbers with room: what is not among these rows may still be true."""
    low, high = float(read.min()), float(read.max())
    if unit == "%" and low >= 0 and high <= 100:
        return {"minimum": 0.0, "maximum": 100.0}
    if names.is_year(name) and low >= 1000 and high <= 2500:
        return {
            "minimum": 100 * math.floor((low - 50) / 100),
            "maximum": 100 * math.ceil((high + 50) / 100),
        }
    cycle = names.cycle(name)
    if cycle is not None and cycle[0] <= low and high <= cycle[1]:
        return {"minimum": cycle[0], "maximum": cycle[1]}
    most = rounded(ROOM * max(abs(low), abs(high)))
    if (low, high) == (0.0, 1.0) and len(read) == 2:
        return {"minimum": 0.0, "maximum": 1.0}
    if low == high == 0:
        return {"minimum": 0.0}
    if low >= 0 and not names.is_signed(name):
        is_positive = low > NEAR * float(np.median(read))
        return {"minimum": 0.0, "maximum": most, "is_positive": is_positive}
    return {"minimum": -most, "maximum": most}


def rounded(value: float) -> float:
    """Round up to one of few steps times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    step = next(one for one in STEPS if value <= one * power * (1 + 1e-9))
    return float(f"{step * power:.6g}")
