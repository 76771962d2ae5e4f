"""Compute the metrics of predictions with numpy alone.

Training and the service use the same functions, and importing scikit-learn takes a second and
150 MB. The tests compare each figure with scikit-learn's. All counts of classes come from one
table, since a bootstrap needs them a thousand times.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from src.evaluation.decision import LIKELIEST, Decision
from src.evaluation.metrics import BY_TASK, DECIDED, METRICS, OF_ANSWERED
from src.support.errors import UserError

DIGITS = 6  # significant; more would differ between machines
OF_A_CLASS = ("precision", "recall", "f1")
Figures = dict[str, float | None]
Weights = np.ndarray | None  # how much each row counts, shape (rows,); None where all count alike


def regression(
    truth: np.ndarray, predicted: np.ndarray, names: list[str], weights: Weights = None
) -> Figures:
    """Compute the named metrics of predictions of shape (rows,), in the target's unit.

    R2 is None for a single row, which has no variance, MAPE where a true value is 0.
    """
    missed = np.asarray(predicted, dtype=np.float64) - truth
    return {name: _ERRORS[name](truth, missed, weights) for name in names}


def _mean(values: np.ndarray, weights: Weights) -> float:
    return float(values.mean() if weights is None else np.average(values, weights=weights))


def _r2(truth: np.ndarray, missed: np.ndarray, weights: Weights) -> float | None:
    if len(truth) < 2:
        return None
    around = np.square(truth - _mean(truth, weights))
    counts = 1.0 if weights is None else weights
    unexplained, all_of_it = (counts * np.square(missed)).sum(), (counts * around).sum()
    if all_of_it == 0:  # a constant truth is explained only by itself
        return 1.0 if unexplained == 0 else 0.0
    return float(1 - unexplained / all_of_it)


def _mape(truth: np.ndarray, missed: np.ndarray, weights: Weights) -> float | None:
    if not np.all(truth):  # an error is no share of 0
        return None
    return _mean(np.abs(missed) / np.abs(truth), weights)


_ERRORS: dict[str, Callable[[np.ndarray, np.ndarray, Weights], float | None]] = {
    "r2": _r2,
    "mae": lambda _, missed, weights: _mean(np.abs(missed), weights),
    "rmse": lambda _, missed, weights: math.sqrt(_mean(np.square(missed), weights)),
    "mape": _mape,
}


def classes(
    truth: np.ndarray,
    probabilities: np.ndarray,
    names: list[str],
    weights: Weights = None,
    decision: Decision = LIKELIEST,
) -> Figures:
    """Compute the named metrics of probabilities of shape (rows, classes).

    `truth` holds the classes' positions, shape (rows,); for two classes the second is the
    positive one. ROC AUC is None where the truth lacks a class.
    """
    values: Figures = {}
    table: np.ndarray | None = None
    for name in names:
        if name == "log_loss":
            values[name] = _log_loss(truth, probabilities, weights)
        elif name == "roc_auc":
            values[name] = _roc_auc(truth, probabilities, weights)
        else:
            if table is None:
                table = _counted(truth, probabilities, weights, decision)
            values[name] = _of_counts(name, table)
    return values


def _counted(
    truth: np.ndarray, output: np.ndarray, weights: Weights = None, decision: Decision = LIKELIEST
) -> np.ndarray:
    """Count rows, or add their weights, by true class (row) and predicted class (column)."""
    count = output.shape[1]
    pairs = truth * count + decision.called(output)
    return np.bincount(pairs, weights, minlength=count * count).reshape(count, count)


def _of_counts(name: str, table: np.ndarray) -> float:
    if name == "accuracy":
        return float(table.trace() / table.sum())
    kind, _, average = name.partition("_")
    each = _of_each(kind, table)
    rows = table.sum(axis=1)
    if average == "weighted":
        return float((each * rows).sum() / rows.sum())
    if average == "macro":  # over the classes that occur or were predicted
        return float(each[rows + table.sum(axis=0) > 0].mean())
    return float(each[1])


def _of_each(kind: str, table: np.ndarray) -> np.ndarray:
    """Compute precision, recall or F1 of each class; 0 where there is nothing to divide by."""
    right, true, called = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
    share, of = {
        "precision": (right, called),
        "recall": (right, true),
        "f1": (2 * right, true + called),
    }[kind]
    return share / np.where(of > 0, of, 1)


def _log_loss(truth: np.ndarray, probabilities: np.ndarray, weights: Weights) -> float:
    least = np.finfo(probabilities.dtype).eps  # keeps the loss finite
    of_truth = np.clip(probabilities[np.arange(len(truth)), truth], least, 1 - least)
    return _mean(-np.log(of_truth), weights)


def _roc_auc(truth: np.ndarray, probabilities: np.ndarray, weights: Weights) -> float | None:
    count = probabilities.shape[1]
    if not np.bincount(truth, weights, minlength=count).all():
        return None
    rank = _ranked if weights is None else functools.partial(_ranked_by_weight, weights)
    if count == 2:
        return rank(truth == 1, probabilities[:, 1])
    each = [rank(truth == at, probabilities[:, at]) for at in range(count)]
    return float(np.mean(each))


def _ranked(is_positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of pairs in which the positive ranks higher; a tie counts as half."""
    positives, others = np.sort(scores[is_positive]), np.sort(scores[~is_positive])
    below = np.searchsorted(others, positives, "left").sum()
    reached = np.searchsorted(others, positives, "right").sum()
    return float((below + reached) / (2 * len(positives) * len(others)))


def _ranked_by_weight(weights: np.ndarray, is_positive: np.ndarray, scores: np.ndarray) -> float:
    """Return what `_ranked` does, where a pair counts as much as the product of its weights."""
    _, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, np.where(is_positive, weights, 0))
    others = np.bincount(place, np.where(is_positive, 0, weights))
    below = np.cumsum(others) - others / 2
    return float((positives * below).sum() / (positives.sum() * others.sum()))


def evaluate(
    task: str,
    truth: np.ndarray,
    output: np.ndarray,
    weights: Weights = None,
    decision: Decision = LIKELIEST,
) -> Figures:
    """Compute every metric of a task, and those of a decision, rounded to significant digits.

    `output` is predictions (regression) or probabilities (classes).
    """
    values = measure(task, truth, output, BY_TASK[task], weights, decision)
    values |= of_decision(truth, output, weights, decision)
    return {name: rounded(value) for name, value in values.items()}


def measure(
    task: str,
    truth: np.ndarray,
    output: np.ndarray,
    names: list[str],
    weights: Weights = None,
    decision: Decision = LIKELIEST,
) -> Figures:
    """Compute the named metrics of a task, unrounded; None if one is undefined."""
    if task == "regression":
        return regression(truth, output, names, weights)
    return classes(truth, output, names, weights, decision)


def of_decision(
    truth: np.ndarray, output: np.ndarray, weights: Weights, decision: Decision
) -> Figures:
    """Compute what only a decision has: the mean cost, the share that it leaves to a person.

    Those on the rows that it answers are None where it answers none.
    """
    values: Figures = {}
    if decision.costs is not None:
        called = decision.called(output)
        is_positive, is_called = truth == decision.positive, called == decision.positive
        of_positive, of_negative = decision.costs
        cost = of_positive * (is_called & ~is_positive) + of_negative * (is_positive & ~is_called)
        values["cost"] = _mean(cost, weights)
    if decision.band is not None:
        is_left = decision.abstains(output)
        kept = ~is_left
        counts = None if weights is None else weights[kept]
        values |= dict.fromkeys(OF_ANSWERED)
        values["abstained"] = _mean(is_left, weights)
        if kept.any() and (counts is None or counts.any()):
            found = classes(truth[kept], output[kept], list(DECIDED), counts, decision)
            values |= {f"{name}_answered": value for name, value in found.items()}
    return values


def score(
    task: str,
    metric: str,
    truth: np.ndarray,
    output: np.ndarray,
    weights: Weights = None,
    decision: Decision = LIKELIEST,
) -> float:
    """Compute one metric; raise UserError if it is undefined on these rows."""
    value = measure(task, truth, output, [metric], weights, decision)[metric]
    if value is None:
        raise UserError(
            f"The metric '{metric}' is not defined on a part of the rows: "
            f"{METRICS[metric].undefined}.",
            choices=[name for name in BY_TASK[task] if name != metric],
            fix="choose another metric in the dataset's YAML, bring more rows, or use fewer folds",
        )
    if not math.isfinite(value):
        raise UserError(
            f"Some answers of the model are no finite numbers, and neither is their '{metric}'.",
            fix="choose other values for its parameters, or another model",
        )
    return value


def rounded(value: float | None) -> float | None:
    """Round to significant digits."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def confusion(
    truth: np.ndarray, output: np.ndarray, decision: Decision = LIKELIEST
) -> list[list[int]]:
    """Count rows by true class (row) and predicted class (column)."""
    table: list[list[int]] = _counted(truth, output, decision=decision).tolist()
    return table


def per_class(
    truth: np.ndarray,
    output: np.ndarray,
    names: list[str],
    weights: Weights = None,
    decision: Decision = LIKELIEST,
) -> dict[str, dict[str, float]]:
    """Compute precision, recall, F1 and the number of rows of each class."""
    table = _counted(truth, output, weights, decision)
    figures = {kind: _of_each(kind, table) for kind in OF_A_CLASS}
    rows = np.bincount(truth, minlength=len(names))
    return {
        name: {
            **{kind: float(f"{each[at]:.{DIGITS}g}") for kind, each in figures.items()},
            "rows": int(rows[at]),
        }
        for at, name in enumerate(names)
    }
