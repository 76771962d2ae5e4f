"""The search: Optuna's TPE over a model's space, cross-validated, kept on disk trial by trial."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
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
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from src.config import Config, Model, OptunaSearch, Space, with_values
from src.errors import UserError
from src.learning import evaluation, validation
from src.learning.encoding import Encoder
from src.learning.recipe import Progress, Recipe
from src.metrics import METRICS

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


@dataclass
class Search:
    """A search in progress, and what its workers share."""

    config: Config
    search: OptunaSearch
    classes: list[str] | None
    train: pd.DataFrame
    target: np.ndarray
    study: optuna.Study
    progress: Progress
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    begun: float = field(default_factory=time.monotonic)
    asked: int = 0
    _parts: list[Part] | None = None

    def recipe(self, model: Model) -> Recipe:
        """Return the recipe of a trial: one member, however many the model averages."""
        one = with_values(model, {"average": 1})
        return Recipe(self.config.dataset, one, self.classes, self.config.seed)

    def parts(self, model: Model) -> list[Part]:
        """Return the folds encoded for a model; once for all trials where encoding is fixed."""
        if any(not key.startswith("params.") for key in self.config.model.space):
            return self._encode(model)
        with self.lock:
            if self._parts is None:
                self._parts = self._encode(model)
            return self._parts

    def _encode(self, model: Model) -> list[Part]:
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


def tune(
    config: Config,
    classes: list[str] | None,
    train: pd.DataFrame,
    target: np.ndarray,
    path: Path,
    progress: Progress,
) -> tuple[Model, pd.DataFrame]:
    """Search, and return the model with the best values and a table of all trials.

    The study at `path` is continued where it exists. With one job, the same rows, configuration
    and seed give the same trials, whether or not the search was stopped in between.
    """
    assert isinstance(config.search, OptunaSearch)
    if not config.model.space:
        raise UserError(
            f"The model '{config.model.name}' has nothing to search.",
            fix=f"search=none, or add a space to conf/model/{config.model.name}.yaml",
        )
    study = _open(path, config)
    search = Search(config, config.search, classes, train, target, study, progress)
    search.asked = len(_ended(study))
    progress.stage("search", config.search.trials)
    for _ in range(min(search.asked, config.search.trials)):
        progress.step()
    _run(search)
    return _best(search), _table(study)


def _open(path: Path, config: Config) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    greater = METRICS[config.dataset.metric].greater_is_better
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path))),
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


def _run(search: Search) -> None:
    """Work until the trials or the time are used up; on Ctrl-C let running fits end first."""
    with ThreadPoolExecutor(search.search.jobs) as pool:
        workers = [pool.submit(_work, search) for _ in range(search.search.jobs)]
        try:
            wait(workers, return_when=FIRST_EXCEPTION)
        finally:
            search.stop.set()
    for worker in workers:
        worker.result()


def _work(search: Search) -> None:
    space = distributions(search.config.model)
    while True:
        with search.lock:
            if not _may_ask(search):
                return
            search.asked += 1
            # A fresh sampler for each trial, seeded by how many have ended: it needs no memory
            # of its own, so a search that was stopped goes on as if it had not been.
            ended = len(_ended(search.study))
            search.study.sampler = optuna.samplers.TPESampler(
                seed=search.config.seed + SEED_STEP * ended,
                n_startup_trials=search.search.startup,
                multivariate=True,
            )
            trial = search.study.ask(space)
        _try(search, trial)


def _may_ask(search: Search) -> bool:
    timeout = search.search.timeout
    late = timeout is not None and time.monotonic() - search.begun > timeout
    # One trial always ends, however short the time: without it there is no result at all.
    enough = late and bool(_complete(search.study))
    return not (search.stop.is_set() or enough or search.asked >= search.search.trials)


def _try(search: Search, trial: Trial) -> None:
    """Judge a trial fold by fold; give it up where it trails, and tell the study."""
    model = with_values(search.config.model, trial.params)
    scores: list[float] = []
    trees: list[int] = []
    state = TrialState.COMPLETE
    for part in search.parts(model):
        if search.stop.is_set():
            search.study.tell(trial, state=TrialState.FAIL)
            return
        fitted, grown = search.recipe(model).fit_stopping(
            part.encoder, part.fit, part.fit_target, part.judge, part.judge_target
        )
        output = fitted.output_encoded(part.judge)
        task, metric = search.config.dataset.task, search.config.dataset.metric
        scores.append(evaluation.score(task, metric, part.judge_target, output))
        trees += [] if grown is None else [grown]
        with search.lock:
            trial.report(scores[-1], len(scores) - 1)
            if _trails(search, scores):
                state = TrialState.PRUNED
                break
    with search.lock:
        trial.set_user_attr(SCORES, scores)
        trial.set_user_attr(TREES, trees)
        value = float(np.mean(scores))
        search.study.tell(trial, None if state == TrialState.PRUNED else value, state)
        search.progress.step(f"best so far {search.config.dataset.metric} {_best_value(search)}")


def _trails(search: Search, scores: list[float]) -> bool:
    """Tell whether a trial's first folds are too far behind those of the others to go on.

    Other trials are met on the same folds, pruned ones included, so that a lucky fold flatters
    nobody; the first `startup` trials are spared.
    """
    done = len(scores)
    if done >= search.search.folds:
        return False
    others = [
        float(np.mean(list(trial.intermediate_values.values())[:done]))
        for trial in _ended(search.study)
        if len(trial.intermediate_values) >= done
    ]
    if len(others) < search.search.startup:
        return False
    sign = -1.0 if search.study.direction == StudyDirection.MAXIMIZE else 1.0
    limit = np.quantile([sign * other for other in others], search.search.keep)
    return bool(sign * np.mean(scores) > limit)


def _ended(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=ENDED)


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _best_value(search: Search) -> str:
    return f"{search.study.best_value:.6g}" if _complete(search.study) else "none"


def _best(search: Search) -> Model:
    """Return the model with the best trial's values, and the trees that its folds grew."""
    best = search.study.best_trial
    values = dict(best.params)
    if best.user_attrs[TREES]:
        # The folds' models saw less data than the last one will; it can take a few trees more.
        grown = float(np.mean(best.user_attrs[TREES]))
        values[Recipe.TREES] = max(
            1, round(grown * search.search.folds / (search.search.folds - 1))
        )
    return with_values(search.config.model, values)


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
