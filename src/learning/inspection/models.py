"""What a trained model's own figures say against it.

Coverage: Vovk, "Conditional validity of inductive conformal predictors", Machine Learning 92, 2013
(the coverage that calibrated limits reach is Beta distributed). Spread of a metric: Kott, "The
Delete-a-Group Jackknife", Journal of Official Statistics 17, 2001.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from src.data.findings import Finding
from src.evaluation import measures, metrics
from src.evaluation.decision import LIKELIEST, Decision
from src.evaluation.judged import Judged
from src.learning.sampling import Sampling

SURE = 0.001  # the chance of saying something of a sound model: many are trained
BLOCKS = 20  # of rows that are left out in turn to see how far a figure moves
LEAST_UNITS = 10  # rows or groups, with which that can be seen


@dataclass(frozen=True)
class Measure:
    """A metric of a task, and how a class is chosen where the metric is of chosen classes."""

    task: str
    metric: str
    decision: Decision = LIKELIEST

    def of(self, rows: Judged) -> float | None:
        """Compute it; None where it is not defined on these rows."""
        if not len(rows.truth):
            return None
        value = measures.measure(
            self.task, rows.truth, rows.output, [self.metric], rows.weights, self.decision
        )[self.metric]
        return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Part:
    """Judged rows and how they hang together: those of cross-validation, or the held-out ones."""

    rows: Judged
    sampling: Sampling

    @property
    def units(self) -> float:
        """Count the rows, as many as their weights leave, or their groups if there are any."""
        count = len(self.rows.truth)
        if self.sampling.groups is not None:
            count = len(np.unique(self.sampling.groups))
        weights = self.rows.weights
        if weights is None or not weights.any():
            return count
        return count * float(weights.sum() ** 2 / (len(weights) * np.square(weights).sum()))

    def blocks(self, seed: int) -> np.ndarray | None:
        """Put rows into blocks of whole groups, along the time if there is one; None of too few."""
        group = self.sampling.groups
        unit = np.arange(len(self.rows.truth)) if group is None else _numbered(group)
        count = int(unit.max(initial=-1)) + 1
        if count < LEAST_UNITS:
            return None
        if self.sampling.moments is None:
            place = np.random.default_rng(seed).permutation(count)
        else:
            first = np.full(count, np.inf)
            np.minimum.at(first, unit, self.sampling.moments)
            place = np.argsort(np.argsort(first, kind="stable"), kind="stable")
        return (place * min(BLOCKS, count) // count)[unit]


def coverage(promised: float, measured: float, validated: Part, held_out: Part) -> list[Finding]:
    """Find ranges that hold the truth less often than promised, by more than chance explains.

    Chance has a part in the rows that calibrate and in those that judge; rows of one group miss
    together, so that it is groups which count.
    """
    from scipy.stats import betabinom

    known, judging = validated.units, max(1, round(held_out.units))
    inside = round(measured * judging)
    alpha, beta = promised * (known + 1), (1 - promised) * (known + 1)
    if betabinom.cdf(inside, judging, alpha, beta) >= SURE:
        return []
    noun = "rows" if held_out.sampling.groups is None else "groups"
    return [
        Finding(
            "coverage",
            "coverage_low",
            f"ranges that promise to hold {promised:.1%} of the truths held {measured:.1%}, on "
            f"{judging:,} held-out {noun} less than chance explains",
            "count on the measured share, or promise less (coverage); if later rows or some groups "
            "differ, name them in group or split by time, so that calibration meets them too",
            [],
            {"promised": promised, "measured": round(measured, 4), noun: judging},
        )
    ]


def gap(
    measure: Measure,
    scores: list[float],
    validated: Part,
    held_out: Part,
    seed: int,
) -> list[Finding]:
    """Find a held-out figure that no fold came near, and that chance does not bring there."""
    test, metric = measure.of(held_out.rows), measure.metric
    if test is None or min(scores) <= test <= max(scores):
        return []
    spreads = [_spread(measure, part, seed) for part in (validated, held_out)]
    if None in spreads:
        return []
    from scipy.stats import t

    mean = float(np.mean(scores))
    chance = float(t.ppf(1 - SURE / 2, BLOCKS - 1)) * math.hypot(*spreads)  # type: ignore[arg-type]
    if abs(test - mean) <= chance:
        return []
    is_worse = metrics.cost(metric, test) > metrics.cost(metric, mean)
    return [
        Finding(
            "gap",
            "figures_apart",
            f"{metric} is {test:.4g} on the held-out rows and {mean:.4g} in cross-validation, "
            f"further apart than chance explains ({chance:.2g})",
            _WORSE if is_worse else _BETTER,
            [],
            {"held_out": _short(test), "cross_validated": _short(mean), "chance": _short(chance)},
        )
    ]


_WORSE = (
    "trust the held-out figure; name what rows have in common in group (or key), split by time if "
    "rows to come are later, or search with fewer trials"
)
_BETTER = (
    "trust the cross-validated figure; the held-out rows are easier or are known: see that no "
    "column decides the split, and that rows that belong together stand on one side"
)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _spread(measure: Measure, part: Part, seed: int) -> float | None:
    """Return the standard error of a metric; None if it is not defined on parts of the rows."""
    blocks = part.blocks(seed)
    if blocks is None:
        return None
    rows, count = part.rows, int(blocks.max()) + 1
    values = []
    for block in range(count):
        kept = blocks != block
        weights = None if rows.weights is None else rows.weights[kept]
        if weights is not None and not weights.any():
            return None
        value = measure.of(Judged(rows.truth[kept], rows.output[kept], weights))
        if value is None:
            return None
        values.append(value)
    return float(np.std(values) * math.sqrt(count - 1))


def _numbered(group: np.ndarray) -> np.ndarray:
    """Give groups numbers from 0."""
    numbers: np.ndarray = np.unique(group, return_inverse=True)[1]
    return numbers
