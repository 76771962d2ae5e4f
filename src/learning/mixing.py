"""Find the weights of a mean of models on predictions of rows that they have not seen.

Breiman, "Stacked Regressions", Machine Learning 24, 1996: with weights of 0 and above the mean is,
on rows enough, no worse than its best member.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from src.evaluation.judged import Judged

SMALL = 0.02  # a weight that is less is none: a member costs time in every answer
LEAST = 1e-12  # of a probability whose logarithm is taken
SMOOTH = 0.01  # of the target's spread, within which an absolute error is taken for a square
ABSOLUTE = ("mae", "medae", "mape")

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


def weights(metric: str, outputs: Sequence[np.ndarray], rows: Judged) -> list[float]:
    """Return weights that add up to 1, the best on these rows by a loss near to the metric.

    `outputs` are the members' answers to the rows; `rows` has their truth and their own weights.
    """
    count = len(outputs)
    counts = np.ones(len(rows.truth)) if rows.weights is None else np.asarray(rows.weights)
    loss = _loss(metric, np.stack(outputs), rows.truth, counts / counts.sum())
    found = minimize(
        loss,
        np.full(count, 1 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
    )
    best = np.asarray(found.x) if np.isfinite(found.x).all() else np.full(count, 1 / count)
    kept = np.where(best < SMALL, 0.0, best)
    return [float(one) for one in kept / kept.sum()]


def equal(count: int) -> list[float]:
    """Return equal weights."""
    return [1 / count] * count


def _loss(metric: str, outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray) -> Loss:
    """Return the loss of weights and its gradient: of a class the logarithm of its probability."""
    if outputs.ndim == 3:
        chances = np.maximum(outputs[:, np.arange(len(truth)), truth], LEAST)

        def logarithmic(w: np.ndarray) -> tuple[float, np.ndarray]:
            mean = np.maximum(w @ chances, LEAST)
            return float(-(counts * np.log(mean)).sum()), -(chances @ (counts / mean))

        return logarithmic
    # Of the target's spread, so that steps and tolerance mean the same in any unit.
    spread = float(np.std(truth)) or 1.0
    errors = (outputs - truth) / spread
    room = SMOOTH if metric in ABSOLUTE else np.inf

    def of_errors(w: np.ndarray) -> tuple[float, np.ndarray]:
        gap = w @ errors
        if room == np.inf:
            return float((counts * gap**2).sum()), 2 * (errors @ (counts * gap))
        size = np.sqrt(gap**2 + room**2)
        return float((counts * size).sum()), errors @ (counts * gap / size)

    return of_errors
