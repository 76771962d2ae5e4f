"""Stop growing trees where they no longer help on other rows, as each library has it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

RATE = "learning_rate"  # all libraries agree on it

Rows = tuple[Any, np.ndarray, np.ndarray | None]  # matrix, what is learnt, weights


def trees_parameter(estimator: Any) -> str:
    """Return the name of the parameter that says how many trees are grown."""
    return "max_iter" if _library(estimator) == "sklearn" else "n_estimators"


def can(estimator: Any) -> bool:
    """Tell whether an estimator can stop early on rows that it is given."""
    reader = WAYS.get(_library(estimator))
    return reader is not None and (reader is not _scikit_learn or _takes_rows(estimator))


def fit(estimator: Any, learnt: Rows, judged: Rows, rounds: int) -> int:
    """Fit until `rounds` trees in a row have not helped; return the trees that did."""
    return WAYS[_library(estimator)](estimator, learnt, judged, rounds)


def _library(estimator: Any) -> str:
    return type(estimator).__module__.partition(".")[0]


def _takes_rows(estimator: Any) -> bool:
    return "X_val" in inspect.signature(estimator.fit).parameters


def _xgboost(estimator: Any, learnt: Rows, judged: Rows, rounds: int) -> int:
    (matrix, goal, weights), (others, truth, theirs) = learnt, judged
    estimator.set_params(early_stopping_rounds=rounds)
    named = {} if theirs is None else {"sample_weight_eval_set": [theirs]}
    estimator.fit(
        *(matrix, goal), sample_weight=weights, eval_set=[(others, truth)], verbose=False, **named
    )
    return int(estimator.best_iteration) + 1


def _lightgbm(estimator: Any, learnt: Rows, judged: Rows, rounds: int) -> int:
    (matrix, goal, weights), (others, truth, theirs) = learnt, judged
    estimator.set_params(early_stopping_round=rounds)
    named = {} if theirs is None else {"eval_sample_weight": [theirs]}
    estimator.fit(
        *(matrix, goal), sample_weight=weights, eval_X=(others,), eval_y=(truth,), **named
    )
    return int(estimator.best_iteration_)


def _catboost(estimator: Any, learnt: Rows, judged: Rows, rounds: int) -> int:
    (matrix, goal, weights), (others, truth, theirs) = learnt, judged
    pool = importlib.import_module("catboost").Pool(others, truth, weight=theirs)
    estimator.set_params(early_stopping_rounds=rounds)
    estimator.fit(matrix, goal, sample_weight=weights, eval_set=pool)
    return int(estimator.get_best_iteration()) + 1


def _scikit_learn(estimator: Any, learnt: Rows, judged: Rows, rounds: int) -> int:
    """Fit a HistGradientBoosting, which keeps the trees that were in vain: they cost little."""
    (matrix, goal, weights), (others, truth, theirs) = learnt, judged
    estimator.set_params(early_stopping=True, n_iter_no_change=rounds)
    estimator.fit(
        *(matrix, goal), sample_weight=weights, X_val=others, y_val=truth, sample_weight_val=theirs
    )
    return max(1, int(np.argmax(estimator.validation_score_)))  # its first score is of no tree


WAYS: dict[str, Callable[[Any, Rows, Rows, int], int]] = {
    "catboost": _catboost,
    "lightgbm": _lightgbm,
    "sklearn": _scikit_learn,
    "xgboost": _xgboost,
}
