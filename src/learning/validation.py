"""Cross-validate a recipe, and fit it on all rows beside."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any, TypeVar

import joblib
import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.decision import LIKELIEST, Decision
from src.evaluation.judged import Judged, joined
from src.evaluation.metrics import DECIDED
from src.learning import deciding
from src.learning.recipe import Fitted, Recipe
from src.learning.sampling import Fold, Sampling

QUICK = 0.3  # seconds
AnyFold = TypeVar("AnyFold")


@dataclass(frozen=True)
class Validated:
    """The metrics of each fold, and the out-of-fold predictions.

    `judged` tells which rows have one: all of them, but for the oldest in a split by time.
    """

    scores: list[float]
    output: np.ndarray
    judged: np.ndarray

    def rows(self, truth: np.ndarray, weights: np.ndarray | None) -> Judged:
        """Return the judged rows beside their truth; both arguments are of all rows."""
        kept = self.judged
        return Judged(truth[kept], self.output[kept], None if weights is None else weights[kept])

    @property
    def mean(self) -> float:
        """Mean of the folds' scores."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float:
        """Sample standard deviation of the folds' scores."""
        return float(np.std(self.scores, ddof=1))


def cross_validate(
    recipe: Recipe,
    metric: str,
    frame: pd.DataFrame,
    target: np.ndarray,
    parts: list[Fold],
    tick: Callable[[], None],
    sampling: Sampling | None = None,
) -> Validated:
    """Fit and judge on the folds in parallel; `tick` is called after each.

    Seeds and threads are per fold, so the result does not depend on how many run in parallel.
    """
    sampling = sampling or Sampling.of(frame, recipe.dataset)
    outputs = run_parallel(_judges(recipe, frame, target, sampling, parts), tick)
    return validated(recipe, metric, target, sampling, parts, outputs)


def validate_and_fit(
    recipe: Recipe,
    metric: str,
    frame: pd.DataFrame,
    target: np.ndarray,
    parts: list[Fold],
    tick: Callable[[], None],
    sampling: Sampling,
) -> tuple[Validated, Fitted]:
    """Cross-validate, and fit on all rows beside the folds, of which that is one more."""
    jobs = _judges(recipe, frame, target, sampling, parts)
    last = functools.partial(recipe.fit, frame, target, sampling=sampling)
    *outputs, fitted = run_parallel([*jobs, last], tick)
    return validated(recipe, metric, target, sampling, parts, outputs), fitted


def _judges(
    recipe: Recipe, frame: pd.DataFrame, target: np.ndarray, sampling: Sampling, parts: list[Fold]
) -> list[Callable[[], Any]]:
    return [functools.partial(_judge, recipe, frame, target, sampling, part) for part in parts]


def validated(
    recipe: Recipe,
    metric: str,
    target: np.ndarray,
    sampling: Sampling,
    parts: list[Fold],
    outputs: list[np.ndarray],
) -> Validated:
    """Join what the folds' models answered, and judge it fold by fold."""
    shape = (len(target),) if recipe.classes is None else (len(target), len(recipe.classes))
    out, judged = np.full(shape, np.nan), np.zeros(len(target), dtype=bool)
    folds = []
    for (_, judge), output in zip(parts, outputs, strict=True):
        out[judge], judged[judge] = output, True
        folds.append(Judged(target[judge], output, sampling.take(judge).weights))
    is_along_time = sampling.moments is not None
    scores = [
        measures.score(
            *(recipe.dataset.task, metric, fold.truth, fold.output, fold.weights),
            _decision(recipe.dataset, metric, folds, at, is_along_time),
        )
        for at, fold in enumerate(folds)
    ]
    return Validated(scores, out, judged)


def _decision(
    dataset: Dataset, metric: str, folds: list[Judged], at: int, is_along_time: bool
) -> Decision:
    """Return by what a fold's classes are chosen: a threshold that its own rows had no part in.

    It is chosen on the other folds; along the time on the earlier ones, if there are any.
    """
    if dataset.decide is None or metric not in DECIDED:
        return LIKELIEST
    return Decision(deciding.threshold(dataset.decide, joined(others(folds, at, is_along_time))))


def others(folds: Sequence[AnyFold], at: int, is_along_time: bool) -> list[AnyFold]:
    """Return the folds by which something is chosen for one, so that its figure is not flattered.

    Along the time they are the earlier ones, if there are any.
    """
    later = [] if is_along_time and at else folds[at + 1 :]
    return [*folds[:at], *later]


def _judge(
    recipe: Recipe, frame: pd.DataFrame, target: np.ndarray, sampling: Sampling, part: Fold
) -> np.ndarray:
    fit, judge = part
    fitted = recipe.fit(frame.iloc[fit], target[fit], sampling=sampling.take(fit))
    return recipe.output(fitted, frame.iloc[judge])


def run_parallel(jobs: Sequence[Callable[[], Any]], tick: Callable[[], None]) -> list[Any]:
    """Call all jobs on as many threads as there are cores; return results in order.

    Threads, for fitting leaves the interpreter's lock and processes take a second to start. Jobs
    of which the first takes next to nothing go on one by one: they would wait for the lock.
    """
    first, *rest = jobs
    with ThreadPool(joblib.cpu_count()) as pool:
        begun = [pool.apply_async(first)]
        begun[0].wait(QUICK)
        if not begun[0].ready():
            begun += [pool.apply_async(job) for job in rest]
            rest = []
        found = [_ticked(one.get, tick) for one in begun]
    return [*found, *(_ticked(job, tick) for job in rest)]


def _ticked(job: Callable[[], Any], tick: Callable[[], None]) -> Any:
    result = job()
    tick()
    return result
