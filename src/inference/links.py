"""Convert scores to answers: values in the target's unit, or probabilities of classes.

Slopes: Aumann and Shapley, "Values of Non-Atomic Games", Princeton University Press, 1974.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

LARGEST = 300.0  # as in training: its exponential, and the square of that, are still finite
SMALLEST = np.finfo(float).tiny
_points, _weights = np.polynomial.legendre.leggauss(64)
POINTS, WEIGHTS = (_points + 1) / 2, _weights / 2
Link = Callable[[np.ndarray], np.ndarray]


def _exp(scores: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(scores[..., 0], LARGEST))


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-score)) without an overflow."""
    small = np.exp(-np.abs(scores))
    return np.where(scores >= 0, 1.0, small) / (1.0 + small)


def _two(scores: np.ndarray) -> np.ndarray:
    likely = _sigmoid(scores)
    return np.concatenate([1.0 - likely, likely], axis=-1)


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _sigmoids(scores: np.ndarray) -> np.ndarray:
    """Return one-vs-rest probabilities, normalized; uniform if all of them are 0."""
    each = _sigmoid(scores)
    total = each.sum(axis=-1, keepdims=True)
    even = np.full_like(each, 1.0 / each.shape[-1])
    return np.divide(each, total, out=even, where=total > 0)


def _averaged(one: Link) -> Link:
    """Average the probabilities of members; scores have the shape (..., members, per member)."""
    return lambda scores: one(scores).mean(axis=-2)


LINKS: dict[str, Link] = {
    "identity": lambda scores: scores[..., 0],
    "exp": _exp,
    "sigmoid": _averaged(_two),
    "softmax": _averaged(_softmax),
    "sigmoids": _averaged(_sigmoids),
    "probabilities": _averaged(lambda scores: scores),
}


def _over(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return points on the line from first to last, at the nodes that belong to WEIGHTS."""
    return first + POINTS[:, None, None] * (last - first)


def _slope_exp(low: float, high: float) -> float:
    """Return the logarithmic mean of two exponentials, without cancellation."""
    gap = high - low
    if abs(gap) > 1:
        return (math.exp(high) - math.exp(low)) / gap
    return math.exp(low) * (math.expm1(gap) / gap if gap else 1.0)


def _slope_two(first: np.ndarray, last: np.ndarray, target: int) -> np.ndarray:
    """Return the slope of the secant, which for a single score is the average derivative."""
    gap = last - first
    likely = _sigmoid(first)
    rise = np.divide(_sigmoid(last) - likely, gap, out=likely * (1 - likely), where=gap != 0)
    return rise if target == 1 else -rise


def _slope_softmax(first: np.ndarray, last: np.ndarray, target: int) -> np.ndarray:
    chances = _softmax(_over(first, last))
    mine = chances[..., target, None]
    change = -mine * chances
    change[..., target] += mine[..., 0]
    return np.tensordot(WEIGHTS, change, axes=1)


def _slope_sigmoids(first: np.ndarray, last: np.ndarray, target: int) -> np.ndarray:
    each = _sigmoid(_over(first, last))
    total = np.maximum(each.sum(axis=-1, keepdims=True), SMALLEST)
    bend = each * (1 - each) / total
    change = -(each[..., target, None] / total) * bend
    change[..., target] += bend[..., target]
    return np.tensordot(WEIGHTS, change, axes=1)


# The average derivative of a class's probability by each score, on the line between two points.
SLOPES: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "sigmoid": _slope_two,
    "softmax": _slope_softmax,
    "sigmoids": _slope_sigmoids,
    "probabilities": lambda first, _, target: np.eye(first.shape[-1])[target] + 0 * first,
}


class Answers:
    """Convert scores to answers; a classifier averages its members' probabilities.

    `straightened` has a slope and a shift for each member, which put its log-odds right.
    """

    def __init__(
        self, link: str, members: int, straightened: Sequence[Sequence[float]] | None = None
    ) -> None:
        self.link, self._members = link, members
        self._steep = self._shift = None
        if straightened is not None:
            self._steep, self._shift = (
                np.array(one)[:, None] for one in zip(*straightened, strict=True)
            )

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Return answers of shape (...,) or (..., classes) for scores of shape (..., scores)."""
        if self.link in ("identity", "exp"):
            return LINKS[self.link](scores)
        return LINKS[self.link](self._of_members(scores))

    def slope(self, first: np.ndarray, last: np.ndarray, target: int | None) -> np.ndarray:
        """Return the derivative of an answer by each score, averaged between `first` and `last`.

        Multiplied by what a column adds to the scores, it is what the column adds to the answer
        (the Aumann-Shapley value); `target` is the class whose probability is explained.
        """
        if self.link == "identity":
            return np.ones(1)
        if self.link == "exp":
            return np.array([_slope_exp(*np.minimum([first[0], last[0]], LARGEST).tolist())])
        assert target is not None
        slope = SLOPES[self.link](self._of_members(first), self._of_members(last), target)
        if self._steep is not None:
            slope = slope * self._steep
        return (slope / self._members).ravel()

    def _of_members(self, scores: np.ndarray) -> np.ndarray:
        """Return the scores in the shape (..., members, per member)."""
        shaped = scores.reshape((*scores.shape[:-1], self._members, -1))
        return shaped if self._steep is None else shaped * self._steep + self._shift
