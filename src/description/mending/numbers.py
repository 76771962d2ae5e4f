"""How numbers are written now, whole ones, and words for missing among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from src.data.features import Integer
from src.data.kinds.number_format import PLAIN, NumberFormat
from src.description import numbers
from src.description.edits import Edits
from src.description.mending import bounds, other_type
from src.description.mending.described import Described, Note, cells_are, shown
from src.description.values import SIGNS


def mend(one: Described, edits: Edits) -> tuple[list[Note], list[str]]:
    """Mend how numbers are written, whole ones, bounds; return words for missing, too."""
    notes: list[Note] = []
    words: list[str] = []
    kind = one.kind
    read = one.typed[0].to_numpy(dtype=np.float64)
    unread = one.cells[~np.isfinite(read) & ~one.is_missing & ~one.cells.isin(SIGNS).to_numpy()]
    if len(unread):
        told = numbers.of(one.values)
        if told is None:
            return list(other_type.mend(one, unread, edits)), []
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
            notes.append(Note(numbers.unread(one.name, left), True))
        read = every[one.values.codes[one.values.codes >= 0]]
    read = read[np.isfinite(read)]
    if isinstance(kind, Integer) and (np.floor(read) != read).any():
        broken = one.cells[one.typed[0].to_numpy(dtype=np.float64) % 1 != 0]
        edits.put([*one.path, "type"], "number")
        notes.append(Note(f"{one.name} is no whole number any more: {cells_are(broken)}"))
    return [*notes, *bounds.mend(one, read, edits)], words


def _written(one: Described, how: NumberFormat, edits: Edits) -> Iterator[Note]:
    """Write down how numbers are written, where the YAML says otherwise."""
    now = one.dataset.written(one.name)
    keys = {}
    for key in ("decimal", "thousands", "prefix", "suffix", "negative"):
        new, old = getattr(how, key), getattr(now, key)
        # A sign may be left out in a cell, and so may thousands, unless they are a decimal now.
        is_spare = new == getattr(PLAIN, key) and key != "decimal" and old != how.decimal
        if new != old and not is_spare:
            keys[key] = new
    for key, value in keys.items():
        edits.put([*one.path, key], value)
    if keys:
        example = one.values.commonest(1)[0]
        yield Note(f"the numbers of {one.name} are written otherwise, as {shown(example)}")


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
