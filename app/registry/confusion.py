"""A confusion matrix in words: true and false positives and negatives."""

from __future__ import annotations

from typing import Any

import numpy as np


def confusion(task: str, classes: list[str], matrix: list[list[int]]) -> dict[str, Any]:
    """Say a confusion matrix, whose rows are the truth, in the four words as well.

    Of two classes for the positive one, of several for each.
    """
    table = np.asarray(matrix)
    found: dict[str, Any] = {"classes": classes, "matrix": matrix}
    if task == "binary":
        return {**found, "positive": classes[-1], **_four(table, len(classes) - 1)}
    return {**found, "by_class": {name: _four(table, at) for at, name in enumerate(classes)}}


def _four(table: np.ndarray, at: int) -> dict[str, int]:
    hit = int(table[at, at])
    called, real = int(table[:, at].sum()), int(table[at].sum())
    return {
        "true_positives": hit,
        "false_positives": called - hit,
        "false_negatives": real - hit,
        "true_negatives": int(table.sum()) - called - real + hit,
    }
