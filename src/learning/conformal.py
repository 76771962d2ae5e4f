"""Cross-conformal prediction: intervals and sets that contain the truth as often as required.

Out-of-fold predictions, each by a model that did not see its row, show how far off the model is on
new rows. The limits are order statistics of these errors, corrected for finite samples.

Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence 74, 2015. Sets
of classes: Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers with Bounded Error
Levels", Journal of the American Statistical Association 114, 2019.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from src.data.features import Bounds
from src.evaluation.judged import Judged

PER_BIN = 300  # rows, about; fewer make rough limits
MOST_BINS = 20
SMALLEST = 1e-100  # instead of a prediction whose exponential underflowed to zero

Calibration = dict[str, Any]


def calibrate(
    task: str,
    rows: Judged,
    coverage: float,
    *,
    log: bool = False,
    bounds: Bounds | None = None,
) -> Calibration:
    """Find the limits that contain the share `coverage` of the true values; return plain values.

    `rows` have out-of-fold predictions or probabilities. With `log` the limits of a regression
    are factors. The limits stay within `bounds`, those of the target.
    """
    if task == "regression":
        return _regression(rows, coverage, log, bounds or Bounds())
    return _classes(rows, coverage)


def measure(calibration: Calibration, rows: Judged) -> dict[str, float]:
    """Return the share of true values within the limits, and the mean width (or set size)."""
    inside, width = inside_and_width(calibration, rows.truth, rows.output)
    return {
        "coverage": float(np.average(inside, weights=rows.weights)),
        "width": float(np.average(width, weights=rows.weights)),
    }


def inside_and_width(
    calibration: Calibration, truth: np.ndarray, output: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row whether its truth is within the limits, and their width (or set size)."""
    if "threshold" in calibration:
        held = members(calibration, output)
        return held[np.arange(len(truth)), truth], held.sum(axis=1)
    low, high = limits(calibration, output)
    return (low <= truth) & (truth <= high), high - low


def limits(calibration: Calibration, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits around predicted values; they always contain the prediction itself."""
    at = np.searchsorted(calibration["edges"], values, side="right")
    low, high = (np.asarray(calibration[side])[at] for side in ("low", "high"))
    low, high = (
        (values * low, values * high) if calibration["log"] else (values + low, values + high)
    )
    low, high = (np.clip(side, calibration["least"], calibration["most"]) for side in (low, high))
    return np.minimum(low, values), np.maximum(high, values)


def members(calibration: Calibration, probabilities: np.ndarray) -> np.ndarray:
    """Return which classes are in each row's set: bool of shape (rows, classes)."""
    held: np.ndarray = probabilities >= calibration["threshold"]
    held[np.arange(len(held)), probabilities.argmax(axis=1)] = True
    return held


def _regression(rows: Judged, coverage: float, log: bool, bounds: Bounds) -> Calibration:
    """Calibrate in bins of the predicted value, because errors grow with it."""
    truth, output = rows.truth, rows.output
    edges = _edges(output)
    residuals = truth - output
    if log:
        residuals = np.log(truth) - np.log(np.maximum(output, SMALLEST))
    of_bin = np.searchsorted(edges, output, side="right")
    bins = [of_bin == at for at in range(len(edges) + 1)]
    pairs = [_outer(residuals[here], _counts(rows, here), coverage) for here in bins]
    lows, highs = np.exp(pairs).T if log else np.array(pairs).T
    return {
        "coverage": coverage,
        "log": log,
        "edges": edges,
        "low": lows.tolist(),
        "high": highs.tolist(),
        "least": _tighter(max, bounds.min, bounds.above),
        "most": _tighter(min, bounds.max, bounds.below),
    }


def _edges(output: np.ndarray) -> list[float]:
    """Cut the predictions into bins of many rows; equal predictions stay together."""
    count = min(MOST_BINS, len(output) // PER_BIN)
    ordered = np.sort(output)
    edges: list[float] = []
    start = 0
    for share in range(1, count):
        edge = ordered[len(ordered) * share // count]
        here = int(np.searchsorted(ordered, edge))
        if min(here - start, len(ordered) - here) >= PER_BIN // 2:
            edges.append(float(edge))
            start = here
    return edges


def _counts(rows: Judged, here: np.ndarray) -> np.ndarray:
    """Return how many rows each of these stands for: one, or its share of all weights."""
    if rows.weights is None:
        return np.ones(int(here.sum()))
    weights = rows.weights[here]
    return weights * (len(weights) / weights.sum()) if weights.any() else np.ones(len(weights))


def _outer(residuals: np.ndarray, counts: np.ndarray, coverage: float) -> tuple[float, float]:
    """Return the residuals between which a new one falls with probability `coverage`.

    With too few rows for that, return the extremes, since no finite limits would be enough.
    """
    order = np.argsort(residuals, kind="stable")
    beyond = max(1, math.floor(_whole((len(residuals) + 1) * (1 - coverage) / 2)))
    low, high = (
        residuals[side[np.searchsorted(_sums(counts[side]), beyond)]]
        for side in (order, order[::-1])
    )
    return float(low), float(high)


def _classes(rows: Judged, coverage: float) -> Calibration:
    """Find the threshold that the true class's probability reaches in `coverage` of the rows."""
    count = len(rows.truth)
    of_truth = rows.output[np.arange(count), rows.truth]
    order = np.argsort(-of_truth, kind="stable")
    sums = _sums(_counts(rows, np.ones(count, dtype=bool))[order])
    within = int(np.searchsorted(sums, _whole((count + 1) * coverage)))
    return {"coverage": coverage, "threshold": float(of_truth[order[min(within, count - 1)]])}


def _sums(counts: np.ndarray) -> np.ndarray:
    return np.round(np.cumsum(counts), 9)


def _whole(rank: float) -> float:
    """Round off binary fractions: 1.9999999999999998 is meant to be 2."""
    return round(rank, 9)


def _tighter(choose: Any, *bounds: float | None) -> float | None:
    limits = [bound for bound in bounds if bound is not None]
    return float(choose(limits)) if limits else None
