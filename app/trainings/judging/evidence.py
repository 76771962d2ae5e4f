"""What is known of a fresh version beside the champion: on which rows, of whom, what it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import peewee

from app.registry.store import Registered
from app.trainings import result
from app.trainings.judging import changes, dependence
from app.trainings.judging.changes import Of, Records
from app.trainings.judging.dependence import Dependence
from app.trainings.judging.influence import Subject
from app.trainings.result import Contest
from app.trainings.retries import with_retries
from app.trainings.rows import authors, training_rows
from app.trainings.schema import AnswerChange, RowSource
from src.runs.comparison import Fresh

MOST_NAMED = 5  # whose rows a sentence counts, those with most to learn from


@dataclass(frozen=True)
class Evidence:
    """The contest with the champion, also without each key's rows, and the answers that change."""

    contest: Contest | None = None
    dependences: Sequence[Dependence] = ()
    changes: Sequence[AnswerChange] = ()
    sources: Sequence[RowSource] = ()

    def judges(self) -> str:
        """Say of whom the rows are on which it was compared; empty where all are the file's."""
        judged = [one for one in self.sources if one.judged]
        if all(one.key is None for one in judged):
            return ""
        said = [
            f"{one.judged} of {'the file' if one.key is None else f'the key {one.key!r}'}"
            for one in judged[:MOST_NAMED]
        ]
        if rest := sum(one.judged for one in judged[MOST_NAMED:]):
            said.append(f"{rest} of others")
        return f" ({', '.join(said)})"

    def document(self) -> dict[str, Any]:
        """Return it as plain values, as the result of a training has them."""
        comparison = None if self.contest is None else self.contest.document()
        if comparison is not None and self.dependences:
            comparison["without"] = msgspec.to_builtins([one.without for one in self.dependences])
        document: dict[str, Any] = {
            "comparison": comparison,
            "sources": msgspec.to_builtins(self.sources),
        }
        if self.changes:
            document["changes"] = msgspec.to_builtins(self.changes)
        return document


def find(
    database: peewee.Database,
    var: Path,
    subject: Subject,
    champion: Registered | None,
    version: Registered,
) -> Evidence:
    """Hold a fresh version beside the champion, if there is one that is another."""
    if champion is None:
        return Evidence(sources=_sources(subject, None))
    dataset, gathered, ready = subject.dataset, subject.gathered, subject.ready
    seed, fitted = subject.seed, subject.outcome.fitted
    fresh = Fresh(dataset, fitted.classes, fitted.output, subject.outcome.decision)
    rows = training_rows.judges(gathered, ready, dataset, seed)
    contest = result.contest(fresh, rows, champion, var, seed)
    some: dict[Of, Records] = {
        "file": changes.of_file(gathered, dataset, seed),
        "recent": with_retries(database, lambda: changes.of_traffic(database, champion)),
    }
    return Evidence(
        contest,
        dependence.find(contest, gathered, ready, dataset, seed),
        changes.find((champion, version), var, some),
        _sources(subject, contest),
    )


def _sources(subject: Subject, contest: Contest | None) -> list[RowSource]:
    """Count the rows of the file and of each key, those with most to learn from first."""
    gathered, ready = subject.gathered, subject.ready
    paired = None if contest is None else contest.paired
    parts = (
        ready.train.index.to_numpy(),
        ready.test.index.to_numpy(),
        np.array([], dtype=np.int64) if paired is None else paired.at,
    )
    train, test, judged = (Counter(gathered.keys_at(part).tolist()) for part in parts)
    named = dict.fromkeys([key for key, _ in train.most_common()])
    named |= dict.fromkeys([*test, *judged, *gathered.left_out])
    return [
        RowSource(
            key=None if key == authors.FILE else key,
            trusted=key in gathered.trusted,
            train=train[key],
            test=test[key],
            judged=judged[key],
            left_out=gathered.left_out.get(key, 0),
        )
        for key in named
    ]
