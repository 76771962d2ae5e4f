"""What of a column's description no longer holds for its cells, and the keys that mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from src.data import cleaning
from src.data.features import Boolean, Category, Integer, Number, Temporal
from src.data.kinds.number_format import PLAIN, NumberFormat
from src.data.schema import Dataset, Target
from src.description import dates, document, numbers, orders, types, values
from src.description.edits import Edits
from src.description.types import Column
from src.description.values import SIGNS, Values
from src.support.structs import Checked

OTHER_TYPE = 0.2  # of the cells, which a type does not take, from which on another one is proposed
SHOWN = 3  # cells in a sentence
LONGEST = 40  # characters of one
# Keys of a feature that hold whatever its type is.
OF_ANY = ("about", "column", "optional", "missing")
WIDENED = "where they are mistakes, leave it as it is and mend the data"


class Note(Checked, frozen=True):
    """A sentence on what no longer holds; `is_unsure` where a person has to decide."""

    says: str
    is_unsure: bool = False


@dataclass(frozen=True)
class Described:
    """A column as a dataset describes it, and its cells, without blanks around them."""

    name: str
    dataset: Dataset
    cells: pd.Series

    @property
    def kind(self) -> Any:
        """The feature or the target; None of a column that is neither."""
        if self.is_target:
            return self.dataset.target
        return self.dataset.features.get(self.name)

    @property
    def is_target(self) -> bool:
        """Tell whether it is predicted."""
        return self.name == self.dataset.target.name

    @property
    def path(self) -> list[str]:
        """The keys under which the YAML describes it."""
        return ["target"] if self.is_target else ["features", self.name]

    @property
    def is_number(self) -> bool:
        """Tell whether its cells are numbers, and no dates."""
        if self.is_target:
            return self.dataset.task == "regression"
        return isinstance(self.kind, Number | Integer) and not isinstance(self.kind, Temporal)

    @cached_property
    def values(self) -> Values:
        """The different cells; usual words and those of the YAML for missing are missing."""
        markers = set(self.dataset.markers(self.name)) - set(self.listed)
        return values.of(self.cells).without(markers)

    @cached_property
    def fresh(self) -> Column:
        """What the column is by its cells alone."""
        return types.of(self.name, self.values)

    @property
    def listed(self) -> list[str]:
        """List the values that the YAML allows; none where it allows any."""
        lists = self.kind if isinstance(self.kind, Category | Target) else None
        return (lists.listed() if lists is not None else None) or []

    @cached_property
    def typed(self) -> tuple[pd.Series, np.ndarray]:
        """The cells as the schema reads them, and which of them break no rule."""
        rows, ok = cleaning.typed(self.cells.to_frame(self.name), [self.name], self.dataset)
        return rows[self.name], ok

    @cached_property
    def is_missing(self) -> np.ndarray:
        """Tell which cells hold no value, by the YAML."""
        markers = set(self.dataset.markers(self.name)) - set(self.listed)
        return self.cells.isin(markers).to_numpy()

    @property
    def broken(self) -> pd.Series:
        """The cells that have a value, and break a rule."""
        return self.cells[~self.typed[1] & ~self.is_missing]


def mend(one: Described, edits: Edits) -> tuple[list[Note], list[str]]:
    """Propose what mends a column; return why, and the words that it has for missing.

    These words are for the caller to write, since a dataset may have them in common.
    """
    notes = list(_optional(one, edits))
    if one.kind is not None and not edits.has(one.path):
        broken = one.broken
        says = f"{one.name} is not in this file: {_cells(broken)} break its rules"
        return [*notes, *([Note(says, True)] if len(broken) else [])], []
    missing = _signs(one)
    if one.is_number:
        more, words = _numbers(one, edits)
        return [*notes, *more], [*missing, *words]
    if isinstance(one.kind, Temporal):
        more, words = _moments(one, edits)
        return [*notes, *more], [*missing, *words]
    if len(one.broken):
        notes += _words(one, edits, set(missing))
    return notes, missing


def _optional(one: Described, edits: Edits) -> Iterator[Note]:
    """Let a feature be missing where cells are."""
    if one.is_target:  # rows without it are skipped
        return
    count = int((~one.typed[1] & one.is_missing).sum())
    if not count:
        return
    says = f"{one.name} is missing in {count:,} of {len(one.cells):,} rows"
    if one.kind is None or one.kind.optional or not edits.has(one.path):
        yield Note(f"{says}, and every row needs it: they are rejected", True)
        return
    edits.put([*one.path, "optional"], True)
    yield Note(says)


def _signs(one: Described) -> list[str]:
    """List words that mean nothing but missing, and are no value by the YAML."""
    known = {*one.dataset.markers(one.name), *one.listed}
    words = [word for word in one.values.said_missing if word in SIGNS and word not in known]
    return [] if one.kind is None else words


def _numbers(one: Described, edits: Edits) -> tuple[list[Note], list[str]]:
    """Mend how numbers are written, whole ones, bounds; return words for missing, too."""
    notes: list[Note] = []
    words: list[str] = []
    kind = one.kind
    read = one.typed[0].to_numpy(dtype=np.float64)
    unread = one.cells[~np.isfinite(read) & ~one.is_missing & ~one.cells.isin(SIGNS).to_numpy()]
    if len(unread):
        told = numbers.of(one.values)
        if told is None:
            return list(_other_type(one, unread, edits)), []
        how, every, odd = told
        notes += _written(one, how, edits)
        words = sorted(odd - set(one.dataset.markers(one.name)))
        left = int(one.values.counts[~np.isfinite(every)].sum()) - sum(
            int(one.values.counts[one.values.words == word].sum()) for word in odd
        )
        if words:
            listed = ", ".join(map(repr, words))
            says = f"{listed} among the numbers of {one.name} is taken for missing"
            notes.append(Note(says, True))
        if left:
            says = f"{left:,} cells of {one.name} are no numbers: their rows are rejected"
            notes.append(Note(says, True))
        read = every[one.values.codes[one.values.codes >= 0]]
    read = read[np.isfinite(read)]
    if isinstance(kind, Integer) and (np.floor(read) != read).any():
        broken = one.cells[one.typed[0].to_numpy(dtype=np.float64) % 1 != 0]
        edits.put([*one.path, "type"], "number")
        notes.append(Note(f"{one.name} is no whole number any more: {_cells(broken)}"))
    return [*notes, *_limits(one, read, edits)], words


def _written(one: Described, how: NumberFormat, edits: Edits) -> Iterator[Note]:
    """Write down how numbers are written, where the YAML says otherwise."""
    now = one.dataset.written(one.name)
    keys = {}
    for key in ("decimal", "thousands", "prefix", "suffix"):
        new, old = getattr(how, key), getattr(now, key)
        # A sign may be left out in a cell, and so may thousands, unless they are a decimal now.
        is_spare = new == getattr(PLAIN, key) and key != "decimal" and old != how.decimal
        if new != old and not is_spare:
            keys[key] = new
    for key, value in keys.items():
        edits.put([*one.path, key], value)
    if keys:
        example = one.values.commonest(1)[0]
        yield Note(f"the numbers of {one.name} are written otherwise, as {_shown(example)}")


def _limits(one: Described, read: np.ndarray, edits: Edits) -> Iterator[Note]:
    """Widen bounds to what is there, with room; none is ever narrowed."""
    kind = one.kind
    for key in ("min", "above", "max", "below"):
        limit = getattr(kind, key)
        if limit is None or not len(read):
            continue
        alone = msgspec.structs.replace(kind, **_only(key, limit))
        out = read[cleaning.outside(read, alone)]
        if not len(out):
            continue
        is_low = key in ("min", "above")
        extreme = float(out.min() if is_low else out.max())
        new_key = "min" if is_low else "max"
        far = kind.text(extreme) if isinstance(kind, Temporal) else f"{extreme:.15g}"
        what = "1 cell" if len(out) == 1 else f"{len(out):,} cells"
        says = f"{one.name}: {what} not {alone.words()}, up to {far}; {WIDENED}"
        if new_key != key and getattr(kind, new_key) is not None:
            says += f" (both {key} and {new_key} are set: widen them by hand)"
        else:
            edits.rename([*one.path, key], new_key, _room(kind, extreme, limit))
        yield Note(says, True)


def _only(key: str, limit: float) -> dict[str, float | None]:
    return {other: limit if other == key else None for other in ("min", "above", "max", "below")}


def _room(kind: Any, extreme: float, limit: float) -> Any:
    """Return a bound that holds the farthest cell, with room where it is a number."""
    if isinstance(kind, Temporal):
        return kind.text(extreme)
    if extreme == limit:
        return document.number(limit)
    if extreme > limit and kind.unit == "%" and extreme <= 100:
        return 100
    far = types.rounded(types.ROOM * abs(extreme))
    if extreme < limit:
        return document.number(-far) if extreme < 0 else 0
    return document.number(far) if extreme > 0 else 0


def _moments(one: Described, edits: Edits) -> tuple[list[Note], list[str]]:
    """Mend the format of dates and times, and their bounds."""
    read = one.typed[0].to_numpy(dtype=np.float64)
    unread = one.cells[~np.isfinite(read) & ~one.is_missing & ~one.cells.isin(SIGNS).to_numpy()]
    notes: list[Note] = []
    words: list[str] = []
    if len(unread):
        told = dates.of(one.values)
        if told is None or told[0].format == one.kind.format:
            notes += _other_type(one, unread, edits)
        else:
            moment, missing = told
            words = sorted(missing - set(one.dataset.markers(one.name)))
            edits.put([*one.path, "format"], moment.format)
            says = f"{one.name} is written otherwise, as {_shown(unread.iloc[0])}"
            if moment.is_unsure:
                says += "; days and months could be the other way round"
            notes.append(Note(says, moment.is_unsure))
    return [*notes, *_limits(one, read[np.isfinite(read)], edits)], words


def _words(one: Described, edits: Edits, missing: set[str]) -> Iterator[Note]:
    """Mend categories, booleans and classes that have other words than are listed."""
    broken = one.broken[~one.broken.isin(missing)]
    if broken.empty:
        return
    if isinstance(one.kind, Boolean):
        yield from _other_type(one, broken, edits)
    elif one.listed and not (one.is_target and one.dataset.task == "binary"):
        yield from _values(one, broken, edits)
    else:
        yield Note(f"{_cells(broken)} of {one.name} not as the YAML has it", True)


def _values(one: Described, broken: pd.Series, edits: Edits) -> Iterator[Note]:
    """Add values that are not listed; those that are spelt like another one are told."""
    alike = {orders.plain(word): word for word in one.listed}
    counts = broken.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    new = [str(word) for word in counts.index if orders.plain(str(word)) not in alike]
    for word in counts.index:
        other = alike.get(orders.plain(str(word)))
        if other is not None:
            says = f"{_shown(word)} of {one.name} ({counts[word]:,}) is '{other}' spelt otherwise?"
            yield Note(f"{says} Its rows are rejected", True)
    if not new:
        return
    shown = ", ".join(f"{_shown(word)} ({counts[word]:,})" for word in new[:SHOWN])
    shown += f" and {len(new) - SHOWN:,} others" if len(new) > SHOWN else ""
    if len(new) > types.MANY and not one.is_target:
        edits.put([*one.path, "others"], True)
        yield Note(f"{one.name} has {len(new):,} values that are not listed: {shown}", True)
        return
    key = "order" if getattr(one.kind, "order", None) else "values"
    ordered = orders.of(one.name, [*one.listed, *new]) if key == "order" else None
    is_kept = ordered is not None and [word for word in ordered if word in one.listed] == one.listed
    if is_kept and ordered is not None:
        edits.put([*one.path, key], [document.scalar(word) for word in ordered])
        yield Note(f"{one.name} has other values: {shown}")
        return
    edits.extend([*one.path, key], [document.scalar(word) for word in new])
    more = "; their place in the order is for you to choose" if key == "order" else ""
    yield Note(f"{one.name} has values that are not listed: {shown}{more}", key == "order")


def _other_type(one: Described, broken: pd.Series, edits: Edits) -> Iterator[Note]:
    """Propose another type where many cells are none of the one that the YAML says."""
    says = f"{_cells(broken)} of {one.name} no {type(one.kind).__name__.lower()}"
    present = int((~one.is_missing).sum())
    kind = one.fresh.kind
    is_same = one.kind.__struct_config__.tag == kind
    if (
        one.is_target
        or is_same
        or kind in ("constant", "empty")
        or (len(broken) < OTHER_TYPE * present)
    ):
        yield Note(f"{says}: their rows are rejected", True)
        return
    plain: dict[str, Any] = msgspec.to_builtins(one.kind)
    kept = {key: plain[key] for key in OF_ANY if plain.get(key) not in (None, "", False)}
    new = {key: value for key, value in document.feature(one.fresh).items() if key not in kept}
    edits.recast(one.path, kept, new)
    yield Note(f"{says}: it is {new['type']} now", True)


def written_alike(columns: list[Described]) -> NumberFormat | None:
    """Return how all columns of numbers are written now, where it is one way that is new to all."""
    ways = set()
    for one in columns:
        told = numbers.of(one.values)
        if told is None:
            return None
        how = told[0]
        if how == PLAIN and one.fresh.kind == "integer":  # whole ones are written so everywhere
            continue
        ways.add(NumberFormat(how.decimal, how.thousands))
    return ways.pop() if len(ways) == 1 else None


def _cells(cells: pd.Series) -> str:
    shown = ", ".join(_shown(cell) for cell in cells.drop_duplicates()[:SHOWN])
    return f"1 cell ({shown}) is" if len(cells) == 1 else f"{len(cells):,} cells ({shown}) are"


def _shown(cell: object) -> str:
    return repr(str(cell)[:LONGEST])
