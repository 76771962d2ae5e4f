"""Where the target stands in an object with keys of its own: under its name, unless that is taken.

A target may be called as a key of an answer is, such as `model` or `id`. What was predicted then
stands as `predicted_model`, and what is true of a row or a label as `true_model`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from src.inference.answer_cells import PREDICTED

TRUE = "true_"
OF_ANSWERS = ("id", "interval", "model", "probabilities", "probability", "warnings", "why")
OF_CLASSES = ("abstains", "threshold")  # in answers that choose a class
OF_SIMILAR = ("distance", "record")
OF_LABELS = ("at", "deleted", "id", "prediction", "record", "source", "upload")
OF_NUMBERS = ("review",)  # in labels whose truths are numbers


def in_answers(target: str, task: str) -> str:
    """Return the key of the prediction in an answer of a dataset with this task."""
    more = () if task == "regression" else OF_CLASSES
    return _beside(target, (*OF_ANSWERS, *more), PREDICTED)


def in_similar(target: str) -> str:
    """Return the key of the truth in a similar row."""
    return _beside(target, OF_SIMILAR, TRUE)


def in_labels(target: str, task: str) -> str:
    """Return the key of the truth in a stored label of a dataset with this task."""
    more = OF_NUMBERS if task == "regression" else ()
    return _beside(target, (*OF_LABELS, *more), TRUE)


def predicted(answer: Mapping[str, Any], target: str | None) -> Any:
    """Return what an answer predicted, under whichever key; None where it does not say.

    Without a target it is what stands under the first key that is none of an answer's own.
    """
    if target is None:
        own = (*OF_ANSWERS, *OF_CLASSES)
        return next((value for key, value in answer.items() if key not in own), None)
    return answer.get(PREDICTED + target, answer.get(target))


def true(row: Mapping[str, Any], target: str) -> Any:
    """Return what is true of a label or a similar row, under whichever key; None without it."""
    return row.get(TRUE + target, row.get(target))


def _beside(target: str, taken: Collection[str], prefix: str) -> str:
    return prefix + target if target in taken else target
