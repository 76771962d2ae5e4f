"""Whether a verdict hangs on the word of one key: the contest again, without the rows of each.

A version that learnt from the labels of a key is the better one on labels of that key, right or
wrong. So it must not be worse by more than noise on all that is not the key's: the file's rows, and
those of others. Where a key's labels are most of what it learnt from, it must be better there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import UNSET

from app.trainings.result import Contest
from app.trainings.rows.training_rows import TrainingRows
from app.trainings.schema import ComparisonWithout
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.evaluation import bootstrap
from src.evaluation.bootstrap import LEAST

MOST_KEYS = 20  # that are left out, each for itself: those with the most rows that judge
MASS = 0.5  # of the rows that train: a key that has more is most of what was learnt


@dataclass(frozen=True)
class Dependence:
    """What is left of a verdict without one key, and why it cannot stand; empty where it can."""

    without: ComparisonWithout
    objection: str


def find(
    contest: Contest, gathered: TrainingRows, ready: Prepared, dataset: Dataset, seed: int
) -> list[Dependence]:
    """Hold the contest again without the rows of each key whose word is bounded.

    Empty where there is no such key, or no contest.
    """
    if contest.paired is None:
        return []
    learnt = Counter(gathered.keys[ready.train.index.to_numpy()].tolist())
    judged = gathered.keys_at(contest.paired.at)
    counts = Counter(judged.tolist())
    mass = {key for key, count in learnt.items() if count > MASS * learnt.total()}
    named = [key for key, _ in counts.most_common() if key in gathered.bounded][:MOST_KEYS]
    named += [key for key in mass & gathered.bounded if key not in named]
    dependences = []
    for key in named:
        if learnt.keys() | counts.keys() <= {key}:
            continue  # there is nobody else whose word could count
        without = _without(contest, key, judged != key, dataset, seed)
        words = _objection(contest, without, is_mass=key in mass)
        dependences.append(Dependence(without, words))
    return dependences


def objection(dependences: Sequence[Dependence]) -> str:
    """Say why the verdict cannot stand; empty where it can."""
    return next((one.objection for one in dependences if one.objection), "")


def _without(
    contest: Contest, key: str, is_kept: np.ndarray, dataset: Dataset, seed: int
) -> ComparisonWithout:
    paired, rows = contest.paired, int(is_kept.sum())
    assert paired is not None
    if rows < LEAST:
        note = f"only {rows} of the rows that judge are not its own, and {LEAST} are needed"
        return ComparisonWithout(key, rows, note=note)
    parts = (one[is_kept] for one in (paired.truth, paired.ours, paired.theirs))
    words = (dataset.task, contest.metric, *parts)
    result = bootstrap.compare(*words, seed=seed, decisions=paired.decisions)
    if result.difference is None:
        note = f"{contest.metric} is not defined on the {rows} rows that are not its own"
        return ComparisonWithout(key, rows, note=note)
    return ComparisonWithout(
        key, rows, result.ours, result.theirs, result.difference, result.low, result.high
    )


def _objection(contest: Contest, without: ComparisonWithout, *, is_mass: bool) -> str:
    said = f"without the labels of the key '{without.key}'"
    if without.note is not UNSET:
        return f"{said} it cannot be judged: {without.note}"
    figures = (
        f"{contest.metric} {without.this:.6g} against {without.that:.6g} of version "
        f"{contest.champion} on the {without.rows} rows that are not that key's"
    )
    if isinstance(without.high, float) and without.high < 0:
        return f"{said} it is worse by more than noise: {figures}"
    if is_mass and not (isinstance(without.low, float) and without.low > 0):
        return f"{said}, which are most of what it learnt from, it is not better: {figures}"
    return ""
