"""Another type for a column whose cells are none of the one that its YAML says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pandas as pd

from src.description import document
from src.description.edits import Edits
from src.description.mending.described import Described, Note, cells_are

SHARE = 0.2  # of the cells that a type does not take, from which on another one is proposed
# Keys of a feature that hold whatever its type is.
OF_ANY = ("about", "column", "optional", "missing")


def mend(one: Described, broken: pd.Series, edits: Edits) -> Iterator[Note]:
    """Propose another type where many cells are none of the one that the YAML says."""
    says = f"{cells_are(broken)} of {one.name} no {type(one.kind).__name__.lower()}"
    present = int((~one.is_missing).sum())
    kind = one.fresh.kind
    is_same = one.kind.__struct_config__.tag == kind
    if one.is_target or is_same or kind in ("constant", "empty") or (len(broken) < SHARE * present):
        yield Note(f"{says}: their rows are rejected", True)
        return
    plain: dict[str, Any] = msgspec.to_builtins(one.kind)
    kept = {key: plain[key] for key in OF_ANY if plain.get(key) not in (None, "", False)}
    new = {key: value for key, value in document.feature(one.fresh).items() if key not in kept}
    edits.recast(one.path, kept, new)
    yield Note(f"{says}: it is {new['type']} now", True)
