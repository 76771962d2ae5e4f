"""How good predictions are, by the metrics of their task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics as sk

from src.errors import UserError
from src.metrics import BY_TASK

DIGITS = 6  # significant; more would change between machines and say nothing


def regression(
    truth: np.ndarray, predicted: np.ndarray, names: list[str]
) -> dict[str, float | None]:
    """Compute the named metrics of predictions of shape (rows,), in the target's unit.

    R2 is None for a single row, which has no variance.
    """
    functions: dict[str, Callable[[Any, Any], float]] = {
        "r2": sk.r2_score,
        "mae": sk.mean_absolute_error,
        "rmse": sk.root_mean_squared_error,
        "mape": sk.mean_absolute_percentage_error,
    }
    undefined = ["r2"] if len(truth) < 2 else []
    return {
        name: None if name in undefined else float(functions[name](truth, predicted))
        for name in names
    }


def classes(
    truth: np.ndarray, probabilities: np.ndarray, names: list[str]
) -> dict[str, float | None]:
    """Compute the named metrics of probabilities of shape (rows, classes).

    `truth` holds the classes' positions, shape (rows,); for two classes the second is the
    positive one. ROC AUC is None where the truth lacks a class.
    """
    count = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    values: dict[str, float | None] = {}
    for name in names:
        kind, _, average = name.partition("_")
        if name == "accuracy":
            values[name] = float(sk.accuracy_score(truth, predicted))
        elif name == "log_loss":
            values[name] = float(sk.log_loss(truth, probabilities, labels=list(range(count))))
        elif name == "roc_auc":
            values[name] = _roc_auc(truth, probabilities)
        else:
            function = {"precision": sk.precision_score, "recall": sk.recall_score}.get(
                kind, sk.f1_score
            )
            values[name] = float(
                function(truth, predicted, average=average or "binary", zero_division=0.0)
            )
    return values


def _roc_auc(truth: np.ndarray, probabilities: np.ndarray) -> float | None:
    count = probabilities.shape[1]
    if len(np.unique(truth)) < count:
        return None
    if count == 2:
        return float(sk.roc_auc_score(truth, probabilities[:, 1]))
    return float(sk.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro"))


def evaluate(task: str, truth: np.ndarray, output: np.ndarray) -> dict[str, float | None]:
    """Compute every metric of a task, rounded to the digits that mean something.

    `output` is predictions (regression) or probabilities (classes).
    """
    names = BY_TASK[task]
    values: dict[str, float | None] = {}
    if task == "regression":
        values.update(regression(truth, output, names))
    else:
        values.update(classes(truth, output, names))
    return {name: rounded(value) for name, value in values.items()}


def score(task: str, metric: str, truth: np.ndarray, output: np.ndarray) -> float:
    """Compute one metric; raise UserError where it is not defined on these rows."""
    compute = regression if task == "regression" else classes
    value = compute(truth, output, [metric])[metric]
    if value is None:
        needed = "two rows" if task == "regression" else "rows of every class"
        raise UserError(
            f"The metric '{metric}' needs {needed} in each part.",
            fix="bring more rows, use fewer folds, or choose another metric",
        )
    return value


def rounded(value: float | None) -> float | None:
    """Round to significant digits."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def confusion(truth: np.ndarray, output: np.ndarray) -> list[list[int]]:
    """Count rows by true class (row) and predicted class (column)."""
    count = output.shape[1]
    matrix = sk.confusion_matrix(truth, output.argmax(axis=1), labels=list(range(count)))
    table: list[list[int]] = matrix.tolist()
    return table


def per_class(
    truth: np.ndarray, output: np.ndarray, names: list[str]
) -> dict[str, dict[str, float]]:
    """Compute precision, recall, F1 and the number of rows of each class."""
    figures = sk.precision_recall_fscore_support(
        truth, output.argmax(axis=1), labels=list(range(len(names))), zero_division=0.0
    )
    keys = ("precision", "recall", "f1")
    return {
        name: {
            **{key: float(rounded(float(figures[at][row])) or 0.0) for at, key in enumerate(keys)},
            "rows": int(figures[3][row]),
        }
        for row, name in enumerate(names)
    }
