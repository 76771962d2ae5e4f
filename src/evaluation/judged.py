"""Rows that a model has answered, beside their true values."""

from __future__ import annotations

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
