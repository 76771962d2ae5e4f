"""Hyperparameter search: Optuna's TPE over a model's space, cross-validated, stored by trial.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import Trial, TrialState

from src.config.configuration import Config, Model, OptunaSearch, with_values
from src.data.schema import Dataset
from src.evaluation import measures, metrics
from src.evaluation.decision import LIKELIEST, Decision
from src.evaluation.judged import Judged
from src.evaluation.metrics import DECIDED
from src.learning import deciding
from src.learning import study as studies
from src.learning.encoding import Encoder
from src.learning.recipe import Encoded, Progress, Recipe
from src.learning.sampling import Sampling
from src.support import files
from src.support.errors import UserError

SEED_STEP = 1_000_003  # a prime, so that neighbouring seeds share no sampler


@dataclass(frozen=True)
class Part:
    """One encoded fold: the rows that a trial fits and those that judge it."""

    encoder: Encoder
    fit: Encoded
    judge: Encoded


@dataclass(frozen=True)
class Tried:
    """The result of a trial: the folds' scores, the trees grown, and the final state."""

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
    has_result: bool = False

    def recipe(self, model: Model) -> Recipe:
        """Return the recipe of a trial, with one member even if the model averages several."""
        one = with_values(model, {"average": 1})
        return Recipe(self.config.dataset, one, self.classes, self.config.seed)

    def encode(self, model: Model) -> list[Part]:
        """Encode the folds for a model."""
        recipe = self.recipe(model)
        parts = []
        sampling = Sampling.of(self.train, self.config.dataset)
        # Another seed than the final cross-validation's: what is tuned on some folds would look
        # too good on the same ones.
        for fit, judge in sampling.folds(
            self.config.dataset.task, self.target, self.search.folds, self.config.seed + 1
        ):
            encoder, learnt = recipe.encode(
                self.train.iloc[fit], self.target[fit], sampling.take(fit)
            )
            matrix = encoder.transform(self.train.iloc[judge])
            judged = Encoded(matrix, self.target[judge], sampling.take(judge))
            parts.append(Part(encoder, learnt, judged))
        return parts

    def cost(self, value: float) -> float:
        """Return the metric as a cost: lower is better."""
        return metrics.cost(self.config.dataset.metric, value)

    def is_late(self) -> bool:
        """Tell whether the time is used up, but let at least one trial finish."""
        timeout = self.search.timeout
        return self.has_result and timeout is not None and self._seconds() > timeout

    def _seconds(self) -> float:
        return time.monotonic() - self.begun


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
    same trials. With one job that holds for a search that was stopped in between, too; with more,
    one that was stopped within a batch asks for the rest of it again, knowing more.
    """
    assert isinstance(config.search, OptunaSearch)
    if not config.model.space:
        raise UserError(
            f"The model '{config.model.name}' has nothing to search.",
            fix=f"search=none, or add a space to conf/model/{config.model.name}.yaml",
        )
    with files.held(path, "This search"):
        study = studies.open_journal(path, config)
        search = Search(config, config.search, classes, train, target, study)
        if all(key.startswith("params.") for key in config.model.space):
            search.parts = search.encode(config.model)  # no trial changes the encoding
        _run(search, progress)
        return _best(search), studies.table(study)


def _run(search: Search, progress: Progress) -> None:
    """Run batches until the trials or the time are used up.

    On Ctrl-C the running fits end first; what ended before is in the study.
    """
    progress.stage("search", search.search.trials)
    for _ in studies.trials(search.study, *studies.ENDED)[: search.search.trials]:
        progress.step()
    # Twice as many trials as threads: the thread whose trial is given up early takes another.
    size = 1 if search.search.jobs == 1 else 2 * search.search.jobs
    with ThreadPoolExecutor(search.search.jobs) as pool:
        try:
            while (
                left := search.search.trials - len(studies.trials(search.study, *studies.ENDED))
            ) > 0:
                if search.is_late():
                    break
                _run_batch(search, min(size, left), pool, progress)
        finally:
            search.stop.set()


def _run_batch(search: Search, size: int, pool: ThreadPoolExecutor, progress: Progress) -> None:
    trials = [_ask(search, number) for number in range(size)]
    limits = _limits(search)
    search.has_result = bool(studies.trials(search.study, TrialState.COMPLETE))
    results = pool.map(lambda trial: _try(search, trial.params, limits), trials)
    for trial, tried in zip(trials, results, strict=True):
        for step, score in enumerate(tried.scores):
            trial.report(score, step)
        trial.set_user_attr(studies.SCORES, tried.scores)
        trial.set_user_attr(studies.TREES, tried.trees)
        complete = tried.state == TrialState.COMPLETE
        search.study.tell(trial, float(np.mean(tried.scores)) if complete else None, tried.state)
        if tried.state in studies.ENDED:
            best = studies.trials(search.study, TrialState.COMPLETE)
            progress.step(f"best so far {search.study.best_value:.6g}" if best else "")


def _ask(search: Search, number: int) -> Trial:
    """Ask for a trial by a sampler that depends on the ended trials and the seed alone."""
    ended = len(studies.trials(search.study, *studies.ENDED))
    search.study.sampler = optuna.samplers.TPESampler(
        seed=search.config.seed + SEED_STEP * (ended + number),
        n_startup_trials=search.search.startup,
        multivariate=True,
    )
    return search.study.ask(studies.distributions(search.config.model))


def _limits(search: Search) -> list[float]:
    """Return for each number of folds the cost above which a trial is not worth another.

    It is a quantile of what all ended trials cost on the same folds, given up ones included; the
    first `startup` trials are spared.
    """
    limits = []
    for done in range(1, search.search.folds):
        costs = [
            search.cost(float(np.mean(trial.user_attrs[studies.SCORES][:done])))
            for trial in studies.trials(search.study, *studies.ENDED)
            if len(trial.user_attrs[studies.SCORES]) >= done
        ]
        spared = len(costs) < search.search.startup
        limits.append(np.inf if spared else float(np.quantile(costs, search.search.keep)))
        if spared:  # later folds have seen no more trials
            limits += [np.inf] * (search.search.folds - 1 - done)
            break
    return [*limits, np.inf]


def _try(search: Search, params: dict[str, Any], limits: list[float]) -> Tried:
    """Fit and judge fold by fold; stop if the trial falls behind or the search ends."""
    model = with_values(search.config.model, params)
    recipe = search.recipe(model)
    scores: list[float] = []
    trees: list[int] = []
    task, metric = search.config.dataset.task, search.config.dataset.metric
    for part, limit in zip(search.parts or search.encode(model), limits, strict=True):
        if search.stop.is_set() or search.is_late():
            return Tried(scores, trees, TrialState.FAIL)
        fitted, grown = recipe.fit_stopping(part.encoder, part.fit, part.judge)
        output = fitted.output_encoded(part.judge.matrix)
        weights = part.judge.sampling.weights
        judged = Judged(part.judge.target, output, weights)
        decision = _decision(search.config.dataset, judged)
        scores.append(measures.score(task, metric, judged.truth, output, weights, decision))
        trees += [] if grown is None else [grown]
        if search.cost(float(np.mean(scores))) > limit:
            return Tried(scores, trees, TrialState.PRUNED)
    return Tried(scores, trees, TrialState.COMPLETE)


def _decision(dataset: Dataset, judged: Judged) -> Decision:
    """Return the decision on the rows of a fold that is the best on them.

    Their own threshold makes every trial seem a little too good, and all of them alike.
    """
    if dataset.decide is None or dataset.metric not in DECIDED:
        return LIKELIEST
    return Decision(deciding.threshold(dataset.decide, judged))


def _best(search: Search) -> Model:
    """Return the model with the best trial's values, and the trees that its folds grew."""
    best = search.study.best_trial
    model = with_values(search.config.model, best.params)
    trees = best.user_attrs[studies.TREES]
    return search.recipe(model).grown(model, float(np.mean(trees))) if trees else model
