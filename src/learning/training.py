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
from src.evaluation import measures
from src.learning import conformal, estimators, validation
from src.learning import target as targets
from src.learning.recipe import Fitted, Progress, Recipe


@dataclass(frozen=True)
class Outcome:
    """A fitted model with its metrics and details."""

    fitted: Fitted
    model: Model
    metrics: dict[str, Any]
    details: dict[str, Any]
    interval: dict[str, Any]
    predictions: pd.DataFrame
    trials: pd.DataFrame | None

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that a bundle keeps as CSV."""
        kept = {"predictions": self.predictions, "trials": self.trials}
        return {name: table for name, table in kept.items() if table is not None}


def train(
    config: Config, train: pd.DataFrame, test: pd.DataFrame, study: Path, progress: Progress
) -> Outcome:
    """Train by the configuration; `study` is the file of a search's trials.

    The same rows, configuration and seed give the same predictions. Raises UserError if there are
    too few rows or the model cannot be built.
    """
    started = time.perf_counter()
    target = check(config, train, test)
    train, test = _as_objects(train), _as_objects(test)
    truth = target.encode(train)
    # One thread a fit: fits run side by side, and BLAS sums in one order.
    with threadpool_limits(1):
        model, trials = _tune(config, target, train, truth, study, progress)
        recipe = Recipe(config.dataset, model, target.classes, config.seed)
        validated = _validate(config, recipe, train, truth, progress)
        fitted = recipe.fit(train, truth, jobs=-1)
        progress.step()
        output = recipe.output(fitted, test)
    held_out = target.encode(test)
    interval = _interval(config, truth, validated, held_out, output)
    metrics = {
        "test": measures.evaluate(config.dataset.task, held_out, output),
        "cv": {
            config.dataset.metric: {
                "mean": measures.rounded(validated.mean),
                "std": measures.rounded(validated.std),
            }
        },
        "interval": {"coverage": interval["measured"], "width": interval["width"]},
        "rows": {"train": len(train), "test": len(test)},
        "seconds": round(time.perf_counter() - started, 2),
    }
    return Outcome(
        fitted=fitted,
        model=model,
        metrics=metrics,
        details=_details(target, held_out, output, validated),
        interval=interval,
        predictions=_predictions(target, test, output),
        trials=trials,
    )


def check(config: Config, train: pd.DataFrame, test: pd.DataFrame) -> targets.Target:
    """Return the target; raise UserError if the model cannot be built or rows are too few."""
    estimators.check(config.model, config.dataset.task, config.seed)
    target = targets.Target(config.dataset, train, test)
    inner = config.search.folds if isinstance(config.search, OptunaSearch) else 0
    targets.check(target, train, max(config.folds, inner), config.dataset)
    return target


def _as_objects(rows: pd.DataFrame) -> pd.DataFrame:
    """Convert pandas' strings to objects once, which scikit-learn would do on every fold."""
    return rows.astype({name: object for name in rows if rows[name].dtype == "str"})


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


def _validate(
    config: Config,
    recipe: Recipe,
    train: pd.DataFrame,
    truth: np.ndarray,
    progress: Progress,
) -> validation.Validated:
    """Cross-validate on folds that differ from the search's and are the same for all models."""
    parts = validation.folds(config.dataset.task, truth, config.folds, config.seed)
    progress.stage("cross-validation and fit", len(parts) + 1)
    return validation.cross_validate(
        recipe, config.dataset.metric, train, truth, parts, progress.step
    )


def _interval(
    config: Config,
    truth: np.ndarray,
    validated: validation.Validated,
    held_out: np.ndarray,
    output: np.ndarray,
) -> dict[str, Any]:
    """Calibrate on out-of-fold predictions, and measure on the held-out rows."""
    dataset = config.dataset
    calibration = conformal.calibrate(
        dataset.task,
        truth,
        validated.output,
        dataset.coverage,
        log=config.model.target_transform == "log",
        bounds=dataset.target,
    )
    measured = conformal.measure(calibration, held_out, output)
    return {
        **calibration,
        "measured": measures.rounded(measured["coverage"]),
        "width": measures.rounded(measured["width"]),
    }


def _details(
    target: targets.Target,
    truth: np.ndarray,
    output: np.ndarray,
    validated: validation.Validated,
) -> dict[str, Any]:
    """Collect details that are too long for a table of metrics."""
    details: dict[str, Any] = {"cv_scores": [measures.rounded(s) for s in validated.scores]}
    if target.classes is not None:
        details["classes"] = target.classes
        details["confusion"] = measures.confusion(truth, output)
        details["per_class"] = measures.per_class(truth, output, target.classes)
    return details


def _predictions(target: targets.Target, test: pd.DataFrame, output: np.ndarray) -> pd.DataFrame:
    predicted = target.decode(output)
    if target.classes is None:
        predicted = np.array([measures.rounded(value) for value in predicted])
    return pd.DataFrame({"actual": test[target.name].to_numpy(), "predicted": predicted})
