"""What of a column's description no longer holds for its cells, and the keys that mend it."""

from __future__ import annotations

from collections.abc import Iterator

from src.data.features import Temporal
from src.description.edits import Edits
from src.description.mending import moments, numbers, words
from src.description.mending.described import Described, Note, cells_are
from src.description.values import SIGNS


def mend(one: Described, edits: Edits) -> tuple[list[Note], list[str]]:
    """Propose what mends a column; return why, and the words that it has for missing.

    These words are for the caller to write, since a dataset may have them in common.
    """
    notes = list(_optional(one, edits))
    if one.kind is not None and not edits.has(one.path):
        broken = one.broken
        says = f"{one.name} is not in this file: {cells_are(broken)} break its rules"
        return [*notes, *([Note(says, True)] if len(broken) else [])], []
    missing = _signs(one)
    if one.is_number:
        more, found = numbers.mend(one, edits)
        return [*notes, *more], [*missing, *found]
    if isinstance(one.kind, Temporal):
        more, found = moments.mend(one, edits)
        return [*notes, *more], [*missing, *found]
    if len(one.broken):
        notes += words.mend(one, edits, set(missing))
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
    found = [word for word in one.values.said_missing if word in SIGNS and word not in known]
    return [] if one.kind is None else found
