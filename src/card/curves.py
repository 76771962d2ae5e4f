"""Curves of probabilities: who is told apart at which price, and whether they mean what they say.

Areas are those of all points; what is drawn are some of them, evenly along the curve.

Fawcett, "An Introduction to ROC Analysis", Pattern Recognition Letters 27, 2006. Average precision
and not the trapezoids' area under precision and recall, which is too good: Davis and Goadrich, "The
Relationship Between Precision-Recall and ROC Curves", ICML 2006. Reliability: Guo, Pleiss, Sun and
Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from src.evaluation import bootstrap

MOST = 100  # points of a curve
BINS = 10
Weights = np.ndarray | None


@dataclass(frozen=True)
class Curve:
    """A curve in the points `x` and `y`, and the area of all of them."""

    area: float
    x: np.ndarray
    y: np.ndarray

    def thinned(self, most: int = MOST) -> Curve:
        """Return the curve in fewer points, evenly along its length; its area stays."""
        if len(self.x) <= most:
            return self
        way = np.abs(np.diff(self.x)) + np.abs(np.diff(self.y))
        along = np.concatenate([[0.0], np.cumsum(way)])
        at = np.unique(np.searchsorted(along, np.linspace(0, along[-1], most), side="left"))
        at[0], at[-1] = 0, len(along) - 1
        return Curve(self.area, self.x[at], self.y[at])


@dataclass(frozen=True)
class Bin:
    """Rows of about the same prediction, and the share of which something is true."""

    low: float
    high: float
    predicted: float
    rows: int
    share: float
    share_low: float
    share_high: float


def roc(is_positive: np.ndarray, scores: np.ndarray, weights: Weights = None) -> Curve | None:
    """Return the true positive rate (y) over the false one (x); None if a class has no row."""
    positives, others = _counts(is_positive, scores, weights)
    if not positives[-1] or not others[-1]:
        return None
    x = np.concatenate([[0.0], others / others[-1]])
    y = np.concatenate([[0.0], positives / positives[-1]])
    return Curve(float(np.trapezoid(y, x)), x, y)


def precision_recall(
    is_positive: np.ndarray, scores: np.ndarray, weights: Weights = None
) -> Curve | None:
    """Return the precision (y) over the recall (x), from the surest on; None without positives.

    The area is the average precision.
    """
    positives, others = _counts(is_positive, scores, weights)
    if not positives[-1]:
        return None
    recall, precision = positives / positives[-1], positives / (positives + others)
    area = float((np.diff(recall, prepend=0.0) * precision).sum())
    return Curve(area, np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision]))


def _counts(
    is_positive: np.ndarray, scores: np.ndarray, weights: Weights
) -> tuple[np.ndarray, np.ndarray]:
    """Count positives and others from each score on, the highest first; equal ones at once."""
    counts = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    here = np.where(is_positive, counts, 0.0)[order], np.where(is_positive, 0.0, counts)[order]
    return np.cumsum(here[0])[last], np.cumsum(here[1])[last]


def reliability(
    is_right: np.ndarray, chances: np.ndarray, count: int = BINS
) -> tuple[list[Bin], float]:
    """Return bins of about as many rows by their probability, and the calibration error.

    The share of the rows that are right should be the mean probability; the error is the mean
    distance of the two, by rows.
    """
    bins = binned(is_right, chances, count)
    error = sum(one.rows * abs(one.share - one.predicted) for one in bins) / max(1, len(chances))
    return bins, error


def binned(is_so: np.ndarray, predicted: np.ndarray, count: int = BINS) -> list[Bin]:
    """Cut rows by quantiles of the prediction; return the share of each bin with its interval.

    Equal predictions stay together, so there may be fewer bins. The interval is Wilson's.
    """
    edges = np.quantile(predicted, np.linspace(0, 1, count + 1))
    at = np.searchsorted(edges[1:-1], predicted)
    found = []
    for place in np.unique(at):
        here = at == place
        values, rows, share = predicted[here], int(here.sum()), float(is_so[here].mean())
        ends = bootstrap.share(share, rows)
        found.append(
            Bin(float(values.min()), float(values.max()), float(values.mean()), rows, share, *ends)
        )
    return found
