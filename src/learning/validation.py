"""Cross-validate a recipe."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from src.evaluation import measures
from src.learning.recipe import Recipe

Fold = tuple[np.ndarray, np.ndarray]
QUICK = 0.3  # seconds


@dataclass(frozen=True)
class Validated:
    """The metrics of each fold, and every row's out-of-fold prediction."""

    scores: list[float]
    output: np.ndarray

    @property
    def mean(self) -> float:
        """Mean of the folds' scores."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float:
        """Sample standard deviation of the folds' scores."""
        return float(np.std(self.scores, ddof=1))


def folds(task: str, target: np.ndarray, count: int, seed: int) -> list[Fold]:
    """Split rows into shuffled folds, stratified by class: (rows to fit, rows to judge) each."""
    kind = KFold if task == "regression" else StratifiedKFold
    splitter = kind(count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(target)), target))


def cross_validate(
    recipe: Recipe,
    metric: str,
    frame: pd.DataFrame,
    target: np.ndarray,
    parts: list[Fold],
    tick: Callable[[], None],
) -> Validated:
    """Fit and judge on the folds in parallel; `tick` is called after each.

    Seeds and threads are per fold, so the result does not depend on how many run in parallel.
    """
    outputs = run_parallel(
        (joblib.delayed(_judge)(recipe, frame, target, fit, judge) for fit, judge in parts), tick
    )
    shape = (len(target),) if recipe.classes is None else (len(target), len(recipe.classes))
    out = np.empty(shape)
    scores = []
    for (_, judge), output in zip(parts, outputs, strict=True):
        out[judge] = output
        scores.append(measures.score(recipe.dataset.task, metric, target[judge], output))
    return Validated(scores, out)


def _judge(
    recipe: Recipe, frame: pd.DataFrame, target: np.ndarray, fit: np.ndarray, judge: np.ndarray
) -> np.ndarray:
    fitted = recipe.fit(frame.iloc[fit], target[fit])
    return recipe.output(fitted, frame.iloc[judge])


def run_parallel(jobs: Any, tick: Callable[[], None]) -> list[Any]:
    """Run delayed calls on as many threads as there are cores; return results in order.

    Threads, for fitting leaves the interpreter's lock and processes take a second to start. Calls
    of which the first took next to nothing go on one by one: they would wait for the lock.
    """
    todo = iter(jobs)
    begun = time.perf_counter()
    first = [function(*rest, **named) for function, rest, named in itertools.islice(todo, 1)]
    tick()
    threads = 1 if time.perf_counter() - begun < QUICK else -1
    parallel = joblib.Parallel(n_jobs=threads, prefer="threads", return_as="generator")
    return [*first, *_ticking(parallel(todo), tick)]


def _ticking(results: Iterator[Any], tick: Callable[[], None]) -> Iterator[Any]:
    for result in results:
        tick()
        yield result
