"""Encode the target as numbers: values of a regression, or positions of classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.evaluation.decision import LIKELIEST, Decision
from src.support.errors import UserError, unknown


class Target:
    """Convert targets to numbers and back; the classes are those of all rows."""

    def __init__(self, dataset: Dataset, train: pd.DataFrame, test: pd.DataFrame) -> None:
        self.name = dataset.target.name
        self.task = dataset.task
        self.classes: list[str] | None = None
        if self.task != "regression":
            seen = set(train[self.name]) | set(test[self.name])
            self.classes = _order(seen, dataset)

    def encode(self, rows: pd.DataFrame) -> np.ndarray:
        """Return values (float64) or the positions of classes (int64), shape (rows,)."""
        column = rows[self.name]
        if self.classes is None:
            return column.to_numpy(dtype=np.float64)
        position = {name: at for at, name in enumerate(self.classes)}
        return column.map(position).to_numpy(dtype=np.int64)

    def decode(self, output: np.ndarray, decision: Decision = LIKELIEST) -> np.ndarray:
        """Return predicted values, or the names of the chosen classes; shape (rows,)."""
        if self.classes is None:
            return output
        return np.asarray(self.classes, dtype=object)[decision.called(output)]


def _order(seen: set[str], dataset: Dataset) -> list[str]:
    """Sort classes in their listed or alphabetical order, the positive class last."""
    listed = [str(value) for value in dataset.target.values or sorted(seen)]
    ordered = [name for name in listed if name in seen]
    positive = dataset.target.positive
    if positive is not None and str(positive) in ordered:
        ordered.sort(key=lambda name: name == str(positive))
    return ordered


def check(target: Target, train: pd.DataFrame, folds: int, dataset: Dataset) -> None:
    """Raise UserError if there is too little, or nothing, to learn from."""
    name = target.name
    if len(train) < 2 * folds:
        raise UserError(
            f"'{dataset.name}' has too few rows to learn from.",
            given=f"{len(train)} training rows, with {folds} folds of cross-validation",
            choices=[f"at least {2 * folds} training rows"],
            fix="bring more rows, or use fewer folds (folds=2)",
        )
    if target.classes is None:
        if train[name].nunique() < 2:
            raise UserError(
                f"The target '{name}' is the same in every training row.",
                given=train[name].iloc[0],
                fix="there is nothing to learn; check that the target's column is the right one",
            )
        return
    counts = train[name].value_counts()
    positive = dataset.target.positive
    if positive is not None and str(positive) not in target.classes:
        raise unknown(f"positive class of '{name}'", str(positive), target.classes)
    if len(target.classes) < 2:
        raise UserError(
            f"The target '{name}' has one class only.",
            given=", ".join(target.classes),
            fix="bring rows of another class",
        )
    if dataset.task == "binary" and len(target.classes) > 2:
        raise UserError(
            f"The target '{name}' of a binary dataset has {len(target.classes)} classes.",
            given=", ".join(target.classes[:10]),
            fix="set task: multiclass, or list the two in target.values",
        )
    rare = [label for label in target.classes if counts.get(label, 0) < folds]
    if rare:
        raise UserError(
            f"Some classes of '{name}' have fewer training rows than there are folds.",
            given=", ".join(f"{label} ({counts.get(label, 0)})" for label in rare[:10]),
            choices=[f"at least {folds} training rows of each class"],
            fix="bring more rows of them, use fewer folds (folds=2), or let rare: drop leave them "
            "out, or rare: other learn them as one class",
        )
