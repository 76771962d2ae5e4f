"""Outer 5-fold cross-validation of two whole procedures, fold by fold in turn.

    python -m benchmarks.training <diamonds.csv>

reference   one XGBRegressor on the raw price, ordered categories, 100 Optuna TPE trials judged on
            one inner 80/20 split, then a fit on all rows of the fold
lapidary    what `python -m src.train model=xgboost search=optuna search.trials=100` does with the
            rows of the fold: search, cross-validation, fit

Everything is inside each outer fold, the searches included. Prints mean absolute errors in USD
and seconds of wall time.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import KFold, train_test_split
from xgboost import XGBRegressor

from src.config import composition
from src.config import configuration as configs
from src.config.configuration import Config
from src.data import prepared
from src.data.features import Category
from src.learning import training
from src.support.cli import guarded

TRIALS = 100
FOLDS = 5
Procedure = Callable[[Config, pd.DataFrame, pd.DataFrame], np.ndarray]


class Quiet:
    """Show no progress."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage."""

    def step(self, note: str = "") -> None:
        """Finish a step."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("source", help="a CSV of diamonds with the columns of the sample")
    parser.add_argument("--overrides", nargs="*", default=[], help="of conf/, for lapidary")
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.source, arguments.overrides))


def run(source: str, overrides: list[str]) -> None:
    """Print a line per fold and the means."""
    composition.prepare()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = _config(source, overrides)
    ready, _ = prepared.prepare(config.dataset, config.seed)
    rows = pd.concat([ready.train, ready.test]).sort_index()
    procedures: dict[str, Procedure] = {"reference": reference, "lapidary": lapidary}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in procedures}
    print(f"{len(rows)} rows, {FOLDS} outer folds, {TRIALS} trials\n")
    print("fold  procedure   MAE USD  seconds")
    for fold, (fit, judge) in enumerate(KFold(FOLDS, shuffle=True, random_state=0).split(rows)):
        train, test = rows.iloc[fit], rows.iloc[judge]
        # In turn, and in the other order every second time, so that a machine that slows down
        # slows down both.
        for name in list(procedures)[:: 1 if fold % 2 == 0 else -1]:
            begun = time.perf_counter()
            predicted = procedures[name](config, train, test)
            seconds = time.perf_counter() - begun
            error = float(mean_absolute_error(test[config.dataset.target.name], predicted))
            found[name].append((error, seconds))
            print(f"{fold:4}  {name:10} {error:8.1f} {seconds:8.1f}", flush=True)
    _summarise(found)


def _summarise(found: dict[str, list[tuple[float, float]]]) -> None:
    print()
    for name, pairs in found.items():
        errors, seconds = zip(*pairs, strict=True)
        print(
            f"{name:10} mean MAE {statistics.mean(errors):.1f} USD, "
            f"median {statistics.median(seconds):.1f} s a fold"
        )
    ratios = [
        ours[1] / theirs[1]
        for ours, theirs in zip(found["lapidary"], found["reference"], strict=True)
    ]
    print(f"time, lapidary to reference: median ratio {statistics.median(ratios):.2f}")


def _config(source: str, overrides: list[str]) -> Config:
    words = [
        "dataset=diamonds",
        "model=xgboost",
        "search=optuna",
        f"search.trials={TRIALS}",
        f"dataset.source={source}",
        "dataset.duplicates=keep",
        *overrides,
    ]
    return configs.build(composition.compose(words))


def lapidary(config: Config, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Train as the command does; return the predictions of the test rows."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = training.train(config, train, test, Path(folder) / "study", Quiet())
    return outcome.fitted.output(test)


def reference(config: Config, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Search 100 times on one inner split of the raw price; return the test rows' predictions."""
    target = config.dataset.target.name
    x, y = _categorised(config, train), train[target]
    inner, valid, inner_y, valid_y = train_test_split(x, y, test_size=0.2, random_state=42)

    def objective(trial: optuna.Trial) -> float:
        params = {
            "lambda": trial.suggest_float("lambda", 1e-8, 1.0, log=True),
            "alpha": trial.suggest_float("alpha", 1e-8, 1.0, log=True),
            "colsample_bytree": trial.suggest_categorical("colsample_bytree", [0.3, 0.4, 0.5, 0.7]),
            "subsample": trial.suggest_categorical("subsample", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
            "learning_rate": trial.suggest_float("learning_rate", 1e-8, 1.0, log=True),
            "n_estimators": trial.suggest_int("n_estimators", 100, 1000),
            "max_depth": trial.suggest_int("max_depth", 3, 9),
            "min_child_weight": trial.suggest_int("min_child_weight", 1, 10),
        }
        model = XGBRegressor(**params, random_state=42, enable_categorical=True)
        return float(mean_absolute_error(valid_y, model.fit(inner, inner_y).predict(valid)))

    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=TRIALS)
    final = XGBRegressor(**study.best_params, random_state=42, enable_categorical=True)
    return np.asarray(final.fit(x, y).predict(_categorised(config, test)))


def _categorised(config: Config, rows: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name, feature in config.dataset.features.items():
        listed = feature.listed() if isinstance(feature, Category) else None
        kind = pd.CategoricalDtype(listed, ordered=True) if listed else "float64"
        columns[name] = rows[name].astype(kind)
    return pd.DataFrame(columns)


if __name__ == "__main__":
    main()
