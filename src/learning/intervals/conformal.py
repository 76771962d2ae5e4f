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
import pandas as pd

from src.data import groups
from src.data.schema import Dataset
from src.evaluation.judged import Judged
from src.learning.intervals import spread

PER_BIN = 300  # rows, about; fewer make rough limits
MOST_BINS = 20
LEAST_MISSED = 5  # rows of a class that its threshold leaves out; with fewer it is that of all
LEAST_HALF = 500  # rows that find factors, and that judge them
EVENER, WIDER = 0.8, 1.06  # what makes factors worth it
SMALLEST = 1e-100  # instead of a prediction whose exponential underflowed to zero

Calibration = dict[str, Any]


def calibrate(
    dataset: Dataset, rows: Judged, frame: pd.DataFrame, *, log: bool = False
) -> Calibration:
    """Find the limits that contain the promised share of the true values; return plain values.

    `rows` have out-of-fold predictions or probabilities, and `frame` their features. With `log` the
    limits of a regression are factors. They stay within the bounds of the target.
    """
    alike = pooled(dataset, rows, log=log)
    if dataset.task != "regression":
        return {**alike, "thresholds": _thresholds(rows, alike)}
    names = dataset.coverage_by or spread.features(dataset)
    if dataset.coverage_by or (names and _is_worth_it(dataset, rows, frame, names, alike)):
        return _stretched(rows, frame, names, alike)
    return alike


def pooled(dataset: Dataset, rows: Judged, *, log: bool = False) -> Calibration:
    """Calibrate all rows alike: by the predicted value alone, or by one threshold."""
    if dataset.task != "regression":
        counts = _counts(rows, np.ones(len(rows.truth), dtype=bool))
        threshold = _reached(rows.of_truth, counts, dataset.coverage)
        return {"coverage": dataset.coverage, "threshold": threshold}
    bounds = dataset.target
    calibration = {
        "coverage": dataset.coverage,
        "log": log,
        "edges": _edges(rows.output),  # because errors grow with the value
        "least": _tighter(max, bounds.min, bounds.above),
        "most": _tighter(min, bounds.max, bounds.below),
    }
    return _binned(rows, calibration, _residuals(rows, log=log))


def measure(
    calibration: Calibration, rows: Judged, frame: pd.DataFrame | None = None
) -> dict[str, float]:
    """Return the share of true values within the limits, and the mean width (or set size)."""
    inside, width = inside_and_width(calibration, rows, frame)
    return {
        "coverage": float(np.average(inside, weights=rows.weights)),
        "width": float(np.average(width, weights=rows.weights)),
    }


def inside_and_width(
    calibration: Calibration, rows: Judged, frame: pd.DataFrame | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row whether its truth is within the limits, and their width (or set size)."""
    if "threshold" in calibration:
        held = members(calibration, rows.output)
        return held[np.arange(len(held)), rows.truth], held.sum(axis=1)
    low, high = limits(calibration, rows.output, frame)
    return (low <= rows.truth) & (rows.truth <= high), high - low


def limits(
    calibration: Calibration, values: np.ndarray, frame: pd.DataFrame | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits around predicted values; they always contain the prediction itself.

    Where features stretch the limits, `frame` has those of the rows.
    """
    at = np.searchsorted(calibration["edges"], values, side="right")
    low, high = (np.asarray(calibration[side])[at] for side in ("low", "high"))
    if factors := calibration.get("spread"):
        assert frame is not None
        scale = spread.scales(factors, frame)
        low, high = (low**scale, high**scale) if calibration["log"] else (low * scale, high * scale)
    low, high = (
        (values * low, values * high) if calibration["log"] else (values + low, values + high)
    )
    low, high = (np.clip(side, calibration["least"], calibration["most"]) for side in (low, high))
    return np.minimum(low, values), np.maximum(high, values)


def members(calibration: Calibration, probabilities: np.ndarray) -> np.ndarray:
    """Return which classes are in each row's set: bool of shape (rows, classes)."""
    threshold = calibration.get("thresholds") or calibration["threshold"]
    held: np.ndarray = probabilities >= np.asarray(threshold)
    held[np.arange(len(held)), probabilities.argmax(axis=1)] = True
    return held


def _residuals(rows: Judged, *, log: bool) -> np.ndarray:
    if log:
        return np.log(rows.truth) - np.log(np.maximum(rows.output, SMALLEST))
    return rows.truth - rows.output


def _binned(rows: Judged, calibration: Calibration, residuals: np.ndarray) -> Calibration:
    """Return the calibration with the limits of each bin of the predicted value."""
    edges, coverage = calibration["edges"], calibration["coverage"]
    of_bin = np.searchsorted(edges, rows.output, side="right")
    bins = [of_bin == at for at in range(len(edges) + 1)]
    pairs = [_outer(residuals[here], _counts(rows, here), coverage) for here in bins]
    lows, highs = np.exp(pairs).T if calibration["log"] else np.array(pairs).T
    return {**calibration, "low": lows.tolist(), "high": highs.tolist()}


def _stretched(
    rows: Judged, frame: pd.DataFrame, names: list[str], alike: Calibration
) -> Calibration:
    """Return the calibration with a factor for each value of these features."""
    residuals = _residuals(rows, log=alike["log"])
    of_bin = np.searchsorted(alike["edges"], rows.output, side="right")
    ends = np.array([alike["low"], alike["high"]])
    low, high = (np.log(ends) if alike["log"] else ends)[:, of_bin]
    # A limit on the wrong side of the prediction, where errors have one sign only, is as good as 0.
    least = np.abs(residuals).mean() * 1e-3 or 1.0
    way = np.where(residuals > 0, np.maximum(high, least), np.maximum(-low, least))
    factors = spread.fit(frame, names, np.abs(residuals) / way, alike["coverage"])
    scaled = residuals / spread.scales(factors, frame)
    return _binned(rows, {**alike, "spread": factors}, scaled)


def _is_worth_it(
    dataset: Dataset, rows: Judged, frame: pd.DataFrame, names: list[str], alike: Calibration
) -> bool:
    """Tell whether factors make coverage more even on rows that they were not found on.

    Half of the rows find the factors, the other half judges: by how far the values' coverage falls
    short of the promise in all, at a width that is hardly more.
    """
    half = _half(frame, dataset)
    if min(half.sum(), (~half).sum()) < LEAST_HALF:
        return False
    found, judged = rows.take(half), rows.take(~half)
    base = _binned(found, alike, _residuals(found, log=alike["log"]))
    shortfalls, widths = [], []
    for one in (base, _stretched(found, frame[half], names, base)):
        inside, width = inside_and_width(one, judged, frame[~half])
        shortfalls.append(spread.shortfall(frame[~half], names, inside, alike["coverage"]))
        widths.append(float(np.average(width, weights=judged.weights)))
    return shortfalls[1] < EVENER * shortfalls[0] and widths[1] <= WIDER * widths[0]


def _half(frame: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """Draw half of the rows, or of the groups, each of which takes all its rows with it."""
    group = groups.codes(frame, dataset)
    unit = np.arange(len(frame)) if group is None else group
    count = int(unit.max(initial=-1)) + 1
    drawn = np.random.default_rng(0).permutation(count) < count // 2
    half: np.ndarray = drawn[unit]
    return half


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


def _thresholds(rows: Judged, alike: Calibration) -> list[float]:
    """Find a threshold for each class of enough rows, so that the rare are held as often as others.

    The true class's probability reaches it in the promised share of the class's rows.
    """
    found = []
    for at in range(rows.output.shape[1]):
        here = rows.truth == at
        if here.sum() * (1 - alike["coverage"]) < LEAST_MISSED:
            found.append(alike["threshold"])
        else:
            found.append(_reached(rows.of_truth[here], _counts(rows, here), alike["coverage"]))
    return found


def _reached(values: np.ndarray, counts: np.ndarray, coverage: float) -> float:
    """Return what `coverage` of the values reach, the next one included."""
    order = np.argsort(-values, kind="stable")
    within = np.searchsorted(_sums(counts[order]), _whole((len(values) + 1) * coverage))
    return float(values[order[min(int(within), len(values) - 1)]])


def _sums(counts: np.ndarray) -> np.ndarray:
    return np.round(np.cumsum(counts), 9)


def _whole(rank: float) -> float:
    """Round off binary fractions: 1.9999999999999998 is meant to be 2."""
    return round(rank, 9)


def _tighter(choose: Any, *bounds: float | None) -> float | None:
    limits = [bound for bound in bounds if bound is not None]
    return float(choose(limits)) if limits else None
