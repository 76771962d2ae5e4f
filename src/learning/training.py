"""Run one training: search if configured, cross-validate, fit, evaluate on the held-out rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from src.config.configuration import Config, Model, NoSearch, OptunaSearch
from src.data import findings, groups
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.decision import Decision
from src.evaluation.judged import Judged
from src.learning import blending, causes, deciding, estimators, monotone, validation
from src.learning import target as targets
from src.learning.blended import Blended
from src.learning.fits import Fits
from src.learning.inspection import models as inspection
from src.learning.inspection import segments, suspects
from src.learning.intervals import conformal
from src.learning.recipe import Fitted, Progress, explained
from src.learning.sampling import Sampling


@dataclass(frozen=True)
class Outcome:
    """A fitted model with its metrics and details."""

    fitted: Fitted | Blended
    model: Model
    metrics: dict[str, Any]
    details: dict[str, Any]
    interval: dict[str, Any]
    findings: list[dict[str, Any]]  # what the figures say against the model
    decided: dict[str, Any] | None  # how a class is chosen, where the dataset says so
    held_out: Judged
    predictions: pd.DataFrame
    suspects: list[dict[str, Any]]  # training rows whose truth a person should look at
    trials: pd.DataFrame | None

    @property
    def decision(self) -> Decision:
        """How a class is chosen from probabilities."""
        return Decision.of({"decision": self.decided})

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that a bundle keeps as CSV."""
        kept = {"predictions": self.predictions, "trials": self.trials}
        return {name: table for name, table in kept.items() if table is not None}


def train(
    config: Config,
    train: pd.DataFrame,
    test: pd.DataFrame,
    study: Path,
    progress: Progress,
    fits: Fits | None = None,
) -> Outcome:
    """Train by the configuration; `study` is the file of a search's trials.

    `fits` has what other trainings have fitted on the same rows.

    The same rows, configuration and seed give the same predictions. Raises UserError if there are
    too few rows or the model cannot be built.
    """
    started = time.perf_counter()
    target = check(config, train, test)
    train, test = _as_objects(train), _as_objects(test)
    truth, sampling = target.encode(train), Sampling.of(train, config.dataset)
    # One thread a fit: fits run side by side, and BLAS sums in one order.
    with threadpool_limits(1):
        model, trials = _tune(config, target, train, truth, study, progress)
        work = _work(config, train, truth, sampling, progress)
        learnt = blending.learn(model, target.classes, config.seed, work, fits or Fits())
        validated, fitted = learnt.validated, learnt.fitted
        monotone.check(config.dataset, fitted.output, train, config.model.name)
        with explained(model):
            output = fitted.output(test)
        judged = validated.rows(truth, sampling.weights)
        decided = deciding.decide(config.dataset, judged)
    tested = Sampling.of(test, config.dataset)
    held_out = Judged(target.encode(test), output, tested.weights)
    answered = train[validated.judged]
    interval = _interval(config, judged, answered, held_out, test)
    parts = (
        inspection.Part(judged, sampling.take(np.flatnonzero(validated.judged))),
        inspection.Part(held_out, tested),
    )
    decision = Decision.of({"decision": decided})
    metrics = {
        "test": measures.evaluate(
            config.dataset.task, held_out.truth, held_out.output, held_out.weights, decision
        ),
        "cv": {
            config.dataset.metric: {
                "mean": measures.rounded(validated.mean),
                "std": measures.rounded(validated.std),
            }
        },
        "interval": {"coverage": interval["measured"], "width": interval["width"]},
        "rows": {"train": len(train), "test": len(test)},
        **_groups(train, test, config.dataset),
        "seconds": round(time.perf_counter() - started, 2),
    }
    return Outcome(
        fitted=fitted,
        model=model,
        metrics=metrics,
        details={
            **_details(target, held_out, validated, decision),
            **({"members": learnt.members} if learnt.members else {}),
            "causes": causes.find(config.dataset, train),
            "segments": _segments(
                config.dataset, interval, decision, (answered, judged), (test, held_out)
            ),
        },
        interval=interval,
        findings=_findings(config, decision, validated.scores, interval, *parts),
        decided=decided,
        held_out=held_out,
        predictions=_predictions(target, test, output, decision),
        suspects=suspects.find(config.dataset, answered, judged, target.classes),
        trials=trials,
    )


def check(config: Config, train: pd.DataFrame, test: pd.DataFrame) -> targets.Target:
    """Return the target; raise UserError if the model cannot be built or rows are too few."""
    for single in config.model.singles():
        estimators.check(single, config.dataset.task, config.seed)
        estimators.check_weight(single, config.dataset, config.seed)
    target = targets.Target(config.dataset, train, test)
    inner = config.search.folds if isinstance(config.search, OptunaSearch) else 0
    targets.check(target, train, max(config.folds, inner), config.dataset)
    return target


def _as_objects(rows: pd.DataFrame) -> pd.DataFrame:
    """Convert pandas' strings to objects once, which scikit-learn would do on every fold."""
    return rows.astype({name: object for name, kind in rows.dtypes.items() if kind == "str"})


def _tune(
    config: Config,
    target: targets.Target,
    train: pd.DataFrame,
    truth: np.ndarray,
    study: Path,
    progress: Progress,
) -> tuple[Model, pd.DataFrame | None]:
    if isinstance(config.search, NoSearch):
        return config.model, None
    from src.learning import tuning  # Optuna takes a while to import

    return tuning.tune(config, target.classes, train, truth, study, progress)


def _work(
    config: Config,
    train: pd.DataFrame,
    truth: np.ndarray,
    sampling: Sampling,
    progress: Progress,
) -> blending.Work:
    """Return the folds, which differ from the search's and are the same for all models."""
    folds = sampling.folds(config.dataset.task, truth, config.folds, config.seed)
    count = len(config.model.singles())
    progress.stage("cross-validation and fit", count * (len(folds) + 1))
    return blending.Work(config.dataset, train, truth, sampling, folds, progress.step)


def _interval(
    config: Config,
    out_of_fold: Judged,
    train: pd.DataFrame,
    held_out: Judged,
    test: pd.DataFrame,
) -> dict[str, Any]:
    """Calibrate on out-of-fold predictions, and measure on the held-out rows."""
    is_log = config.model.is_log
    calibration = conformal.calibrate(config.dataset, out_of_fold, train, log=is_log)
    measured = conformal.measure(calibration, held_out, test)
    return {
        **calibration,
        "measured": measures.rounded(measured["coverage"]),
        "width": measures.rounded(measured["width"]),
    }


def _segments(
    dataset: Dataset,
    interval: dict[str, Any],
    decision: Decision,
    *parts: tuple[pd.DataFrame, Judged],
) -> list[dict[str, Any]]:
    """Find where the model is worst, from out-of-fold and from held-out rows."""
    answered = []
    for frame, rows in parts:
        inside, _ = conformal.inside_and_width(interval, rows, frame)
        answered.append(segments.Answered(frame, rows, inside))
    out_of_fold, held_out = answered
    return segments.find(dataset, out_of_fold, held_out, decision)


def _findings(
    config: Config,
    decision: Decision,
    scores: list[float],
    interval: dict[str, Any],
    validated: inspection.Part,
    held_out: inspection.Part,
) -> list[dict[str, Any]]:
    """Find what the figures of both kinds of judged rows say against the model."""
    dataset, measured = config.dataset, interval["measured"]
    low = inspection.coverage(dataset.coverage, measured, validated, held_out)
    measure = inspection.Measure(dataset.task, dataset.metric, decision)
    apart = inspection.gap(measure, scores, validated, held_out, config.seed)
    return findings.plain([*low, *apart])


def _groups(train: pd.DataFrame, test: pd.DataFrame, dataset: Dataset) -> dict[str, Any]:
    """Count the groups, which tell more than the rows of how much there is to learn from."""
    numbers = {"train": groups.codes(train, dataset), "test": groups.codes(test, dataset)}
    if all(each is None for each in numbers.values()):
        return {}
    sizes = {"train": len(train), "test": len(test)}
    return {
        "groups": {
            part: sizes[part] if each is None else int(each.max()) + 1
            for part, each in numbers.items()
        }
    }


def _details(
    target: targets.Target, held_out: Judged, validated: validation.Validated, decision: Decision
) -> dict[str, Any]:
    """Collect details that are too long for a table of metrics."""
    details: dict[str, Any] = {"cv_scores": [measures.rounded(s) for s in validated.scores]}
    if target.classes is not None:
        truth, output, weights = held_out.truth, held_out.output, held_out.weights
        details["classes"] = target.classes
        details["confusion"] = measures.confusion(truth, output, decision)
        details["per_class"] = measures.per_class(truth, output, target.classes, weights, decision)
    return details


def _predictions(
    target: targets.Target, test: pd.DataFrame, output: np.ndarray, decision: Decision
) -> pd.DataFrame:
    predicted = target.decode(output, decision)
    if target.classes is None:
        predicted = np.array([measures.rounded(value) for value in predicted])
    return pd.DataFrame({"actual": test[target.name].to_numpy(), "predicted": predicted})
