"""Bootstrap intervals: how far chance alone could move a figure.

Figures are computed again on rows drawn with replacement; the interval is the percentile one. Rows
that belong together, such as those of one person, are drawn together (the cluster bootstrap): what
is odd about a person is so in all of these rows, and drawn one by one they would look like many
people.

Efron and Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall, 1993. Groups: Davison and
Hinkley, "Bootstrap Methods and their Application", Cambridge University Press, 1997. Shares:
Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
American Statistical Association 22, 1927.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from statistics import NormalDist

import numpy as np

from src.evaluation import measures, metrics
from src.evaluation.decision import LIKELIEST, Decision
from src.support.structs import Checked

LEAST = 30  # rows; with fewer an interval means nothing, since resampling makes them look certain
LEAST_GROUPS = 10  # of rows that are drawn together, likewise

Compute = Callable[[np.ndarray], Mapping[str, float | None]]


class Comparison(Checked, frozen=True):
    """Two models' metric on the same rows, and how much better ours is.

    `difference` is positive if ours is better, whether or not more of the metric is better; `low`
    and `high` are its interval. A figure that is undefined on these rows is None.
    """

    ours: float | None
    theirs: float | None
    difference: float | None
    low: float | None
    high: float | None
    is_better: bool  # by more than chance could explain


def interval(
    compute: Compute,
    count: int,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    shares: Collection[str] = (),
    rounds: int = 200,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Return the interval of each figure that `compute` returns for positions of `count` rows.

    `groups` are the numbers of the groups of rows that belong together, shape (count,). Figures
    named in `shares` are plain shares of the rows, whose intervals are at least as wide as
    Wilson's. A figure that is undefined in most rounds has no interval, and with fewer than LEAST
    rows, or LEAST_GROUPS groups, none has.
    """
    if count < LEAST or _are_few(groups):
        return {}
    drawn: dict[str, list[float | None]] = {}
    for rows in _draws(count, seed, rounds, groups):
        for name, value in compute(rows).items():
            drawn.setdefault(name, []).append(value)
    intervals = {name: _middle(values, rounds, level) for name, values in drawn.items()}
    whole = compute(np.arange(count)) if shares else {}
    for name in shares:
        value = whole.get(name)
        wilson = None if value is None else share(value, count, level)
        drawn_ends = None if groups is None else intervals.get(name)
        intervals[name] = wilson if drawn_ends is None else _wider(wilson, drawn_ends)
    return {name: ends for name, ends in intervals.items() if ends is not None}


def share(value: float, count: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share of `count` rows.

    Rows that are all correct stay so however they are resampled, though the next may be wrong.
    """
    spread = NormalDist().inv_cdf((1 + level) / 2) ** 2 / count
    middle = value + spread / 2
    reach = math.sqrt(spread * (value * (1 - value) + spread / 4))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return float(low), min(float(high), 1.0)  # rounding may exceed it


def compare(
    task: str,
    metric: str,
    truth: np.ndarray,
    ours: np.ndarray,
    theirs: np.ndarray,
    *,
    seed: int,
    rounds: int = 1000,
    level: float = 0.95,
    groups: np.ndarray | None = None,
    decisions: tuple[Decision, Decision] = (LIKELIEST, LIKELIEST),
) -> Comparison:
    """Compare the outputs of two models on the same rows, in pairs, each by its own decision.

    Hard rows are hard for both models. Drawn in pairs they cancel out of the difference, so far
    fewer rows are enough to tell it from chance. `groups` are as those of `interval`; of fewer than
    LEAST_GROUPS nobody can tell.
    """

    def measured(at: int, rows: np.ndarray) -> float | None:
        output, decision = (ours, theirs)[at][rows], decisions[at]
        return measures.measure(task, truth[rows], output, [metric], None, decision)[metric]

    def better(rows: np.ndarray) -> float | None:
        return _better(metric, measured(0, rows), measured(1, rows))

    every = np.arange(len(truth))
    draws = () if _are_few(groups) else _draws(len(truth), seed, rounds, groups)
    ends = _middle(map(better, draws), rounds, level)
    low, high = (None, None) if ends is None else ends
    return Comparison(
        ours=measures.rounded(measured(0, every)),
        theirs=measures.rounded(measured(1, every)),
        difference=measures.rounded(better(every)),
        low=measures.rounded(low),
        high=measures.rounded(high),
        is_better=low is not None and low > 0,
    )


def _better(metric: str, ours: float | None, theirs: float | None) -> float | None:
    if ours is None or theirs is None:
        return None
    return metrics.cost(metric, theirs) - metrics.cost(metric, ours)


def _are_few(groups: np.ndarray | None) -> bool:
    return groups is not None and len(np.unique(groups)) < LEAST_GROUPS


def _draws(
    count: int, seed: int, rounds: int, groups: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Yield `rounds` samples of `count` rows, with replacement; nothing if there are no rows.

    With groups a sample has as many of them as there are, each with all of its rows.
    """
    random = np.random.default_rng(seed)
    if groups is None:
        for _ in range(rounds if count else 0):
            yield random.integers(0, count, count)
        return
    order = np.argsort(groups, kind="stable")
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    for _ in range(rounds if count else 0):
        drawn = random.integers(0, len(starts), len(starts))
        ends = np.cumsum(sizes[drawn])
        # The place of each row within its group, from the place of the group.
        yield order[
            np.arange(ends[-1]) + np.repeat(starts[drawn] - ends + sizes[drawn], sizes[drawn])
        ]


def _wider(one: tuple[float, float] | None, other: tuple[float, float]) -> tuple[float, float]:
    return other if one is None else (min(one[0], other[0]), max(one[1], other[1]))


def _middle(
    values: Iterable[float | None], rounds: int, level: float
) -> tuple[float, float] | None:
    """Return the central interval; None if fewer than half of the rounds have a value."""
    defined = [value for value in values if value is not None and not math.isnan(value)]
    if not defined or len(defined) < rounds / 2:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
