"""How dates and times are written now."""

from __future__ import annotations

import numpy as np

from src.description import dates
from src.description.edits import Edits
from src.description.mending import bounds, other_type
from src.description.mending.described import Described, Note, shown
from src.description.values import SIGNS


def mend(one: Described, edits: Edits) -> tuple[list[Note], list[str]]:
    """Mend the format of dates and times, and their bounds."""
    read = one.typed[0].to_numpy(dtype=np.float64)
    unread = one.cells[~np.isfinite(read) & ~one.is_missing & ~one.cells.isin(SIGNS).to_numpy()]
    notes: list[Note] = []
    words: list[str] = []
    if len(unread):
        told = dates.of(one.values)
        if told is None or told[0].format == one.kind.format:
            notes += other_type.mend(one, unread, edits)
        else:
            moment, missing = told
            words = sorted(missing - set(one.dataset.markers(one.name)))
            edits.put([*one.path, "format"], moment.format)
            says = f"{one.name} is written otherwise, as {shown(unread.iloc[0])}"
            if moment.is_unsure:
                says += "; days and months could be the other way round"
            notes.append(Note(says, moment.is_unsure))
    return [*notes, *bounds.mend(one, read[np.isfinite(read)], edits)], words
