"""Bounds of numbers and of moments that hold for the cells that are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from src.data import cleaning
from src.data.features import Temporal
from src.description import document, types
from src.description.edits import Edits
from src.description.mending.described import Described, Note

WIDENED = "where they are mistakes, leave it as it is and mend the data"


def mend(one: Described, read: np.ndarray, edits: Edits) -> Iterator[Note]:
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
