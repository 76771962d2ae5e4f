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

PER_BIN = 300  # rows, about; fewer make rough limits
MOST_BINS = 20
SMALLEST = 1e-100  # instead of a prediction whose exponential underflowed to zero

Calibration = dict[str, Any]


def calibrate(
    task: str,
    truth: np.ndarray,
    output: np.ndarray,
    coverage: float,
    *,
    log: bool = False,
    bounds: Bounds | None = None,
) -> Calibration:
    """Find the limits that contain the share `coverage` of the true values; return plain values.

    `output` holds out-of-fold predictions or probabilities. With `log` the limits of a regression
    are factors. The limits stay within `bounds`, those of the target.
    """
    if task == "regression":
        return _regression(truth, output, coverage, log, bounds or Bounds())
    return _classes(truth, output, coverage)


def measure(calibration: Calibration, truth: np.ndarray, output: np.ndarray) -> dict[str, float]:
    """Return the share of true values within the limits, and the mean width (or set size)."""
    if "threshold" in calibration:
        held = members(calibration, output)
        inside, width = held[np.arange(len(truth)), truth], held.sum(axis=1)
    else:
        low, high = limits(calibration, output)
        inside, width = (low <= truth) & (truth <= high), high - low
    return {"coverage": float(inside.mean()), "width": float(width.mean())}


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


def _regression(
    truth: np.ndarray, output: np.ndarray, coverage: float, log: bool, bounds: Bounds
) -> Calibration:
    """Calibrate in bins of the predicted value, because errors grow with it."""
    edges = _edges(output)
    residuals = truth - output
    if log:
        residuals = np.log(truth) - np.log(np.maximum(output, SMALLEST))
    of_bin = np.searchsorted(edges, output, side="right")
    pairs = [_outer(residuals[of_bin == at], coverage) for at in range(len(edges) + 1)]
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


def _outer(residuals: np.ndarray, coverage: float) -> tuple[float, float]:
    """Return the residuals between which a new one falls with probability `coverage`.

    With too few rows for that, return the extremes, since no finite limits would be enough.
    """
    ordered, count = np.sort(residuals), len(residuals)
    beyond = max(1, math.floor(_whole((count + 1) * (1 - coverage) / 2)))
    return float(ordered[beyond - 1]), float(ordered[count - beyond])


def _classes(truth: np.ndarray, output: np.ndarray, coverage: float) -> Calibration:
    """Find the threshold that the true class's probability reaches in `coverage` of the rows."""
    of_truth = np.sort(output[np.arange(len(truth)), truth])[::-1]
    within = min(len(truth), math.ceil(_whole((len(truth) + 1) * coverage)))
    return {"coverage": coverage, "threshold": float(of_truth[within - 1])}


def _whole(rank: float) -> float:
    """Round off binary fractions: 1.9999999999999998 is meant to be 2."""
    return round(rank, 9)


def _tighter(choose: Any, *bounds: float | None) -> float | None:
    limits = [bound for bound in bounds if bound is not None]
    return float(choose(limits)) if limits else None
