"""What a first look may say of its models in words: which is best, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from src.evaluation import folds, metrics

BASELINE = 0  # the complexity of a model that always answers the same


@dataclass(frozen=True)
class Candidate:
    """A model's scores on the folds, which all share, and its test figure with its interval.

    NaN is a figure that is not defined.
    """

    model: str
    complexity: int
    scores: list[float]
    tested: float
    low: float | None = None
    high: float | None = None
    members: dict[str, list[float]] = field(default_factory=dict)  # of a blend, with their scores

    @property
    def mean(self) -> float:
        """Mean of the folds' scores."""
        return sum(self.scores) / len(self.scores)


def best(metric: str, candidates: Sequence[Candidate]) -> Candidate:
    """Return the best by cross-validation; one whose metric is not defined is the last.

    A blend is it only where it is better than each of its members by more than chance.
    """
    names = {one.model for one in candidates}
    earned = [
        one
        for one in candidates
        if folds.earns_its_place(
            metric, one.scores, [own for name, own in one.members.items() if name in names]
        )
    ]
    return min(earned, key=lambda one: (math.isnan(one.mean), metrics.cost(metric, one.mean)))


def sentences(metric: str, candidates: Sequence[Candidate], target: str, rows: int) -> list[str]:
    """Say which model is best on how many test rows, and what chance explains as well."""
    first = best(metric, candidates)
    ends = ""
    if first.low is not None and first.high is not None:
        ends = f"; chance moves it between {first.low:.4g} and {first.high:.4g}"
    said = [f"The best is {first.model}: {metric} {first.tested:.6g} on {rows:,} test rows{ends}."]
    rest = [one for one in candidates if one.complexity != BASELINE]
    for one in candidates:
        if one.complexity == BASELINE:
            said += _beside_baseline(metric, first, one, target)
    equal = [
        one
        for one in rest
        if one is not first and not folds.is_better(metric, first.scores, one.scores)
    ]
    if equal and first in rest:
        said.append(_alike(first, equal))
    return said


def _beside_baseline(metric: str, first: Candidate, baseline: Candidate, target: str) -> list[str]:
    if first is baseline:
        return [
            f"No model is better than {first.model}, which always answers the same: these columns "
            f"say nothing of {target} that a model has learnt. Bring other columns, or more rows."
        ]
    if not folds.is_better(metric, first.scores, baseline.scores):
        return [
            f"It is not surely better than {baseline.model}, which always answers the same: "
            f"{metric} {first.mean:.4g} and {baseline.mean:.4g} in cross-validation, and chance "
            "explains the difference. Bring other columns, or more rows, before you rely on it."
        ]
    worst = first.low if metrics.METRICS[metric].greater_is_better else first.high
    if worst is not None and metrics.cost(metric, worst) >= metrics.cost(metric, baseline.tested):
        return [
            f"In cross-validation it is better than {baseline.model}, which always answers the "
            f"same; the test rows are too few to show it ({baseline.model} has "
            f"{baseline.tested:.4g})."
        ]
    return []


def _alike(first: Candidate, equal: Sequence[Candidate]) -> str:
    names = ", ".join(one.model for one in equal)
    simplest = min([first, *equal], key=lambda one: one.complexity)
    return (
        f"Cross-validation cannot tell {names} from it: chance explains the difference. The "
        f"simplest of them is {simplest.model}."
    )
