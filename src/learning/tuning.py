"""The search: Optuna's TPE over a model's space, cross-validated, kept on disk trial by trial."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from src import files, metrics
from src.config import Config, Model, OptunaSearch, Space, with_values
from src.errors import UserError
from src.learning import evaluation, validation
from src.learning.encoding import Encoder
from src.learning.recipe import Progress, Recipe

NAME = "search"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
SEED_STEP = 1_000_003  # a prime, so that neighbouring seeds share no sampler
TREES, SCORES = "trees", "scores"


@dataclass(frozen=True)
class Part:
    """One fold, encoded: what a trial fits and what it is judged on."""

    encoder: Encoder
    fit: Any
    fit_target: np.ndarray
    judge: Any
    judge_target: np.ndarray


@dataclass(frozen=True)
class Tried:
    """What a trial came to: the folds' scores, the trees grown, and how it ended."""

    scores: list[float]
    trees: list[int]
    state: TrialState


@dataclass
class Search:
    """A search in progress. Only the main thread touches the study; threads fit."""

    config: Config
    search: OptunaSearch
    classes: list[str] | None
    train: pd.DataFrame
    target: np.ndarray
    study: optuna.Study
    parts: list[Part] | None = None
    begun: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)

    def recipe(self, model: Model) -> Recipe:
        """Return the recipe of a trial: one member, however many the model averages."""
        one = with_values(model, {"average": 1})
        return Recipe(self.config.dataset, one, self.classes, self.config.seed)

    def encode(self, model: Model) -> list[Part]:
        """Encode the folds for a model."""
        recipe = self.recipe(model)
        parts = []
        # Another seed than the final cross-validation's: what is tuned on some folds would look
        # too good on the same ones.
        for fit, judge in validation.folds(
            self.config.dataset.task, self.target, self.search.folds, self.config.seed + 1
        ):
            fit_target = self.target[fit]
            encoder, matrix = recipe.encode(self.train.iloc[fit], fit_target)
            judged = encoder.transform(self.train.iloc[judge])
            parts.append(Part(encoder, matrix, fit_target, judged, self.target[judge]))
        return parts

    def cost(self, value: float) -> float:
        """Return the metric as a figure that is the lower, the better."""
        return metrics.cost(self.config.dataset.metric, value)

    def is_late(self) -> bool:
        """Tell whether the time is used up; one trial always ends, or there is no result."""
        timeout = self.search.timeout
        late = timeout is not None and time.monotonic() - self.begun > timeout
        return late and bool(_trials(self.study, TrialState.COMPLETE))


def tune(
    config: Config,
    classes: list[str] | None,
    train: pd.DataFrame,
    target: np.ndarray,
    path: Path,
    progress: Progress,
) -> tuple[Model, pd.DataFrame]:
    """Search, and return the model with the best values and a table of all trials.

    The study at `path` is continued where it exists. Trials are asked and told in batches of a
    fixed order, and each has a sampler of its own: the same rows, configuration and seed give the
    same trials, whether or not the search was stopped in between.
    """
    assert isinstance(config.search, OptunaSearch)
    if not config.model.space:
        raise UserError(
            f"The model '{config.model.name}' has nothing to search.",
            fix=f"search=none, or add a space to conf/model/{config.model.name}.yaml",
        )
    with files.held(path, "This search"):
        study = _open(path, config)
        search = Search(config, config.search, classes, train, target, study)
        if all(key.startswith("params.") for key in config.model.space):
            search.parts = search.encode(config.model)  # no trial changes the encoding
        _run(search, progress)
        return _best(search), _table(study)


class _Held(JournalFileSymlinkLock):
    """Be the lock of a journal that is held already.

    Optuna's own lock is a file that a killed process leaves behind, and the next one waits for.
    """

    def acquire(self) -> bool:
        """Do nothing: the process holds the file."""
        return True

    def release(self) -> None:
        """Do nothing: the process holds the file until the search ends."""


def _mend(path: Path) -> None:
    """Cut off the line that a killed process was writing."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def _open(path: Path, config: Config) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _mend(path)
    greater = metrics.METRICS[config.dataset.metric].greater_is_better
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path), lock_obj=_Held(str(path)))),
        study_name=NAME,
        direction=StudyDirection.MAXIMIZE if greater else StudyDirection.MINIMIZE,
        load_if_exists=True,
    )
    trials = study.get_trials(deepcopy=False)
    for trial in trials:
        if trial.state == TrialState.RUNNING:  # its process was killed
            study.tell(trial.number, state=TrialState.FAIL)
    if not trials:
        _enqueue_own(study, config.model)
    return study


def _enqueue_own(study: optuna.Study, model: Model) -> None:
    """Try the model's own values first, so that a search ends no worse than it began."""
    own = {}
    for key, distribution in distributions(model).items():
        value: Any = model
        for step in key.split("."):
            value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
        if value is not None and distribution._contains(distribution.to_internal_repr(value)):
            own[key] = value
    study.enqueue_trial(own)


def distributions(model: Model) -> dict[str, BaseDistribution]:
    """Return Optuna's form of a model's space."""
    return {key: _distribution(space) for key, space in model.space.items()}


def _distribution(space: Space) -> BaseDistribution:
    if space.choices is not None:
        return CategoricalDistribution(space.choices)
    assert space.low is not None
    assert space.high is not None
    if isinstance(space.low, int) and isinstance(space.high, int):
        return IntDistribution(space.low, space.high, log=space.log)
    return FloatDistribution(space.low, space.high, log=space.log)


def _run(search: Search, progress: Progress) -> None:
    """Try batch after batch until the trials or the time are used up.

    On Ctrl-C the running fits end first; what ended before is in the study.
    """
    progress.stage("search", search.search.trials)
    for _ in _trials(search.study, *ENDED)[: search.search.trials]:
        progress.step()
    # Twice as many trials as threads: the thread whose trial is given up early takes another.
    size = 1 if search.search.jobs == 1 else 2 * search.search.jobs
    with ThreadPoolExecutor(search.search.jobs) as pool:
        try:
            while (left := search.search.trials - len(_trials(search.study, *ENDED))) > 0:
                if search.is_late():
                    break
                _run_batch(search, min(size, left), pool, progress)
        finally:
            search.stop.set()


def _run_batch(search: Search, size: int, pool: ThreadPoolExecutor, progress: Progress) -> None:
    trials = [_ask(search, number) for number in range(size)]
    limits = _limits(search)
    late = search.is_late  # asks the study, which is safe: it is not told meanwhile
    results = pool.map(lambda trial: _try(search, trial.params, limits, late), trials)
    for trial, tried in zip(trials, results, strict=True):
        for step, score in enumerate(tried.scores):
            trial.report(score, step)
        trial.set_user_attr(SCORES, tried.scores)
        trial.set_user_attr(TREES, tried.trees)
        complete = tried.state == TrialState.COMPLETE
        search.study.tell(trial, float(np.mean(tried.scores)) if complete else None, tried.state)
        if tried.state in ENDED:
            best = _trials(search.study, TrialState.COMPLETE)
            progress.step(f"best so far {search.study.best_value:.6g}" if best else "")


def _ask(search: Search, number: int) -> Trial:
    """Ask for a trial by a sampler that depends on the ended trials and the seed alone."""
    ended = len(_trials(search.study, *ENDED))
    search.study.sampler = optuna.samplers.TPESampler(
        seed=search.config.seed + SEED_STEP * (ended + number),
        n_startup_trials=search.search.startup,
        multivariate=True,
    )
    return search.study.ask(distributions(search.config.model))


def _limits(search: Search) -> list[float]:
    """Return for each number of folds the cost above which a trial is not worth another.

    It is a quantile of what all ended trials cost on the same folds, given up ones included; the
    first `startup` trials are spared.
    """
    limits = []
    for done in range(1, search.search.folds):
        costs = [
            search.cost(float(np.mean(trial.user_attrs[SCORES][:done])))
            for trial in _trials(search.study, *ENDED)
            if len(trial.user_attrs[SCORES]) >= done
        ]
        spared = len(costs) < search.search.startup
        limits.append(np.inf if spared else float(np.quantile(costs, search.search.keep)))
        if spared:  # later folds have seen no more trials
            limits += [np.inf] * (search.search.folds - 1 - done)
            break
    return [*limits, np.inf]


def _try(
    search: Search, params: dict[str, Any], limits: list[float], is_late: Callable[[], bool]
) -> Tried:
    """Fit and judge fold by fold; stop where the trial trails, or the search ends."""
    model = with_values(search.config.model, params)
    recipe = search.recipe(model)
    scores: list[float] = []
    trees: list[int] = []
    task, metric = search.config.dataset.task, search.config.dataset.metric
    for part, limit in zip(search.parts or search.encode(model), limits, strict=True):
        if search.stop.is_set() or is_late():
            return Tried(scores, trees, TrialState.FAIL)
        fitted, grown = recipe.fit_stopping(
            part.encoder, part.fit, part.fit_target, part.judge, part.judge_target
        )
        output = fitted.output_encoded(part.judge)
        scores.append(evaluation.score(task, metric, part.judge_target, output))
        trees += [] if grown is None else [grown]
        if search.cost(float(np.mean(scores))) > limit:
            return Tried(scores, trees, TrialState.PRUNED)
    return Tried(scores, trees, TrialState.COMPLETE)


def _trials(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=states)


def _best(search: Search) -> Model:
    """Return the model with the best trial's values, and the trees that its folds grew."""
    best = search.study.best_trial
    model = with_values(search.config.model, best.params)
    trees = best.user_attrs[TREES]
    return search.recipe(model).grown(model, float(np.mean(trees))) if trees else model


def _table(study: optuna.Study) -> pd.DataFrame:
    """List all trials in their order: state, value, seconds, values tried, folds' scores."""
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state in ENDED:
            seconds = trial.duration.total_seconds() if trial.duration else None
            rows.append(
                {
                    "trial": trial.number,
                    "state": trial.state.name.lower(),
                    "value": trial.value if trial.state == TrialState.COMPLETE else None,
                    "seconds": seconds,
                    **trial.params,
                    "folds": " ".join(f"{score:.6g}" for score in trial.user_attrs[SCORES]),
                }
            )
    return pd.DataFrame(rows)
