"""How many answers a fresh version changes: of the file's rows, and of what was asked lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import peewee

from app.labels import uncertainty
from app.registry import comparison, loaded
from app.registry.store import Registered
from app.store.redaction import HIDDEN
from app.trainings.rows import authors
from app.trainings.rows.training_rows import TrainingRows
from app.trainings.schema import AnswerChange
from src.data import cleaning
from src.data.past import rows as past
from src.data.schema import Dataset
from src.learning import exporting
from src.support.errors import UserError

MOST_ROWS = 10_000  # of the file, drawn
NEWEST = 2000  # predictions of the champion
LONGEST = 2**31 - 1  # no record of the file is too long to be asked about
Records = list[dict[str, Any]]
Of = Literal["file", "recent"]
WORDS: dict[Of, str] = {"file": "the file's rows", "recent": "the records that were asked lately"}


def find(
    pair: tuple[Registered, Registered], var: Path, some: Mapping[Of, Records]
) -> list[AnswerChange]:
    """Ask the champion and a fresh version about the same records; empty where one cannot be asked.

    `pair` is the champion and the fresh one. Records that one of them does not take are left out.
    """
    try:
        champion, fresh = (
            loaded.load(one, var, most_records=1, longest_text=LONGEST) for one in pair
        )
    except UserError:
        return []
    changes = []
    for of, records in some.items():
        rows, changed = comparison.changed(champion, fresh, records)
        if rows:
            share = round(changed / rows, 6)
            changes.append(AnswerChange(of, rows, changed, share))
    return changes


def objection(changes: Sequence[AnswerChange], most: float) -> str:
    """Say what a person has to decide about: a greater share of answers than may change."""
    for one in changes:
        if one.changed > most * one.rows:
            share = f"{one.changed:,} of {one.rows:,} answers ({100 * one.share:.3g} %)"
            return f"it changes {share} on {WORDS[one.of]} (promote.most_changed: {most:g})"
    return ""


def of_file(gathered: TrainingRows, dataset: Dataset, seed: int) -> Records:
    """Return the file's rows as records, or some of them; without a file those of the training."""
    frame = gathered.frame[gathered.keys == authors.FILE]
    if gathered.beside is not None:
        frame = gathered.beside
    if frame.empty:
        frame = gathered.frame
    looks_back = bool(dataset.windows())
    if len(frame) > MOST_ROWS and not looks_back:
        frame = frame.sample(MOST_ROWS, random_state=seed)
    names = dataset.columns() if looks_back else list(dataset.features)
    typed, is_good = cleaning.typed(frame, names, dataset)
    rows = past.added(typed[is_good], dataset)
    if len(rows) > MOST_ROWS:  # only now, for a row's past are other rows
        rows = rows.sample(MOST_ROWS, random_state=seed)
    records = exporting.shown(exporting.records(rows, dataset), dataset)
    return [dict(zip(dataset.features, record, strict=True)) for record in records]


def of_traffic(database: peewee.Database, champion: Registered) -> Records:
    """Return the records of the champion's newest predictions that were stored whole."""
    name, number = champion.dataset, champion.number
    newest = uncertainty.newest_predictions(database, name, NEWEST, number)
    numbers = [one["id"] for one in newest]
    stored = uncertainty.records(database, numbers)
    decoded = [msgspec.json.decode(stored[one]) for one in numbers if one in stored]
    return [one for one in decoded if HIDDEN not in one.values()]
