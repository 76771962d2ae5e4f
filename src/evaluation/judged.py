"""Rows that a model has answered, beside their true values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Judged:
    """The truth and the output of rows that a model was not fitted on, and how much each counts.

    `truth` has values or the positions of classes, shape (rows,); `output` has predictions of shape
    (rows,), or probabilities of shape (rows, classes); `weights` is None where rows count alike.
    """

    truth: np.ndarray
    output: np.ndarray
    weights: np.ndarray | None = None

    @property
    def of_truth(self) -> np.ndarray:
        """The probability that each row's true class was given, shape (rows,)."""
        probabilities: np.ndarray = self.output[np.arange(len(self.truth)), self.truth]
        return probabilities

    def take(self, at: np.ndarray) -> Judged:
        """Return some of the rows, by their positions or a mask."""
        weights = None if self.weights is None else self.weights[at]
        return Judged(self.truth[at], self.output[at], weights)


def joined(parts: Sequence[Judged]) -> Judged:
    """Put the rows of several parts one after the other."""
    weights = [part.weights for part in parts if part.weights is not None]
    return Judged(
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.output for part in parts]),
        np.concatenate(weights) if weights else None,
    )
