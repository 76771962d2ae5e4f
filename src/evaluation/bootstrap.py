"""Bootstrap intervals: how far chance alone could move a figure.

Figures are computed again on rows drawn with replacement; the interval is the percentile one.

Efron and Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall, 1993. Shares: Wilson,
"Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American
Statistical Association 22, 1927.
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
    shares: Collection[str] = (),
    rounds: int = 200,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Return the interval of each figure that `compute` returns for positions of `count` rows.

    Figures named in `shares` are plain shares of the rows. A figure that is undefined in most
    rounds has no interval, and with fewer than LEAST rows none has.
    """
    if count < LEAST:
        return {}
    drawn: dict[str, list[float | None]] = {}
    for rows in _draws(count, seed, rounds):
        for name, value in compute(rows).items():
            drawn.setdefault(name, []).append(value)
    intervals = {name: _middle(values, rounds, level) for name, values in drawn.items()}
    whole = compute(np.arange(count)) if shares else {}
    for name in shares:
        value = whole.get(name)
        intervals[name] = None if value is None else share(value, count, level)
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
    decisions: tuple[Decision, Decision] = (LIKELIEST, LIKELIEST),
) -> Comparison:
    """Compare the outputs of two models on the same rows, in pairs, each by its own decision.

    Hard rows are hard for both models. Drawn in pairs they cancel out of the difference, so far
    fewer rows are enough to tell it from chance.
    """

    def measured(at: int, rows: np.ndarray) -> float | None:
        output, decision = (ours, theirs)[at][rows], decisions[at]
        return measures.measure(task, truth[rows], output, [metric], None, decision)[metric]

    def better(rows: np.ndarray) -> float | None:
        return _better(metric, measured(0, rows), measured(1, rows))

    every = np.arange(len(truth))
    ends = _middle(map(better, _draws(len(truth), seed, rounds)), rounds, level)
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


def _draws(count: int, seed: int, rounds: int) -> Iterator[np.ndarray]:
    """Yield `rounds` samples of `count` rows, with replacement; nothing if there are no rows."""
    random = np.random.default_rng(seed)
    for _ in range(rounds if count else 0):
        yield random.integers(0, count, count)


def _middle(
    values: Iterable[float | None], rounds: int, level: float
) -> tuple[float, float] | None:
    """Return the central interval; None if fewer than half of the rounds have a value."""
    defined = [value for value in values if value is not None and not math.isnan(value)]
    if not defined or len(defined) < rounds / 2:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
