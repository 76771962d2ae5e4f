"""Words of categories, booleans and classes that a YAML does not list."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from src.data.features import Boolean
from src.description import document, orders, types
from src.description.edits import Edits
from src.description.mending import other_type
from src.description.mending.described import SHOWN, Described, Note, cells_are, shown


def mend(one: Described, edits: Edits, missing: set[str]) -> Iterator[Note]:
    """Mend categories, booleans and classes that have other words than are listed."""
    broken = one.broken[~one.broken.isin(missing)]
    if broken.empty:
        return
    if isinstance(one.kind, Boolean):
        yield from other_type.mend(one, broken, edits)
    elif one.listed and not (one.is_target and one.dataset.task == "binary"):
        yield from _values(one, broken, edits)
    else:
        yield Note(f"{cells_are(broken)} of {one.name} not as the YAML has it", True)


def _values(one: Described, broken: pd.Series, edits: Edits) -> Iterator[Note]:
    """Add values that are not listed; those that are spelt like another one are told."""
    alike = {orders.plain(word): word for word in one.listed}
    counts = broken.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    new = [str(word) for word in counts.index if orders.plain(str(word)) not in alike]
    for word in counts.index:
        other = alike.get(orders.plain(str(word)))
        if other is not None:
            says = f"{shown(word)} of {one.name} ({counts[word]:,}) is '{other}' spelt otherwise?"
            yield Note(f"{says} Its rows are rejected", True)
    if not new:
        return
    some = ", ".join(f"{shown(word)} ({counts[word]:,})" for word in new[:SHOWN])
    some += f" and {len(new) - SHOWN:,} others" if len(new) > SHOWN else ""
    if len(new) > types.MANY and not one.is_target:
        edits.put([*one.path, "others"], True)
        yield Note(f"{one.name} has {len(new):,} values that are not listed: {some}", True)
        return
    key = "order" if getattr(one.kind, "order", None) else "values"
    ordered = orders.of(one.name, [*one.listed, *new]) if key == "order" else None
    is_kept = ordered is not None and [word for word in ordered if word in one.listed] == one.listed
    if is_kept and ordered is not None:
        edits.put([*one.path, key], [document.scalar(word) for word in ordered])
        yield Note(f"{one.name} has other values: {some}")
        return
    edits.extend([*one.path, key], [document.scalar(word) for word in new])
    more = "; their place in the order is for you to choose" if key == "order" else ""
    yield Note(f"{one.name} has values that are not listed: {some}{more}", key == "order")
