"""A threshold by F1 beside scikit-learn's boosted trees with a tuned one, on tables of churn.

    python -m benchmarks.decisions [rounds] [trials]

reference   HistGradientBoostingClassifier as it comes, its threshold that of the best F1 of
            5-fold out-of-fold probabilities
lapidary    the champion by cross-validated F1 of logistic and xgboost (a search of so many
            trials), with decide: {metric: f1}

20,000 rows, a quarter of them positive, twelve weak features of which six have gaps. A round draws
another table. Prints F1, log loss and seconds on a fifth of the rows.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score, log_loss, precision_recall_curve
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.training import Quiet
from src.config import configuration as configs
from src.config.configuration import Config
from src.learning import training
from src.learning.training import Outcome
from src.support.cli import guarded

ROWS, TEST, SEED, FOLDS = 20_000, 4_000, 7, 5
MODELS = {"logistic": "none", "xgboost": "optuna"}
NUMBERS = [f"number{at}" for at in range(9)]
CATEGORIES = {"plan": 4, "region": 8, "channel": 3}
Figures = tuple[float, float, float]  # F1, log loss, seconds


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("trials", nargs="?", type=int, default=20)
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.rounds, arguments.trials))


def run(rounds: int, trials: int) -> None:
    """Print a line per round and procedure, and the means."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: dict[str, list[Figures]] = {"reference": [], "lapidary": []}
    print("round  procedure     F1  log loss  seconds")
    for at in range(rounds):
        rows = drawn(at)
        train, test = rows[TEST:], rows[:TEST]
        for name in list(found)[:: 1 if at % 2 == 0 else -1]:
            begun = time.perf_counter()
            if name == "reference":
                said, output, words = reference(train, test)
            else:
                said, output, words = lapidary(train, test, trials)
            truth = (test["left"] == "yes").to_numpy()
            figures = f1_score(truth, said), log_loss(truth, output)
            found[name].append((*figures, time.perf_counter() - begun))
            print(
                f"{at:5}  {name:9} {figures[0]:6.4f}    {figures[1]:.4f} {found[name][-1][2]:8.1f}"
                f"  {words}",
                flush=True,
            )
    print()
    for name, every in found.items():
        f1, loss, seconds = (statistics.mean(one) for one in zip(*every, strict=True))
        print(f"{name:9} mean F1 {f1:.4f}, log loss {loss:.4f}, {seconds:.1f} s")
    pairs = list(zip(found["lapidary"], found["reference"], strict=True))
    better = sum(ours[0] >= theirs[0] for ours, theirs in pairs)
    calmer = sum(ours[1] <= theirs[1] for ours, theirs in pairs)
    print(
        f"F1 at least that of the reference in {better}, log loss at most in {calmer} of {rounds}"
    )


def drawn(seed: int) -> pd.DataFrame:
    """Draw customers who leave for weak reasons, some of which are not known."""
    draw = np.random.default_rng(seed)
    numbers = draw.normal(0, 1, (ROWS, len(NUMBERS)))
    levels = {name: draw.integers(0, count, ROWS) for name, count in CATEGORIES.items()}
    odds = (
        0.5 * numbers[:, 0]
        - 0.4 * numbers[:, 1]
        + 0.4 * np.abs(numbers[:, 2])
        + 0.3 * (numbers[:, 3] > 1) * numbers[:, 4]
        - 0.3 * np.tanh(2 * numbers[:, 5])
        + 0.3 * (levels["plan"] == 2)
        - 0.4 * np.isin(levels["region"], (1, 5)) * (levels["channel"] == 0)
    )
    odds += draw.logistic(0, 1, ROWS)
    frame = pd.DataFrame(numbers.round(4), columns=NUMBERS)
    for at, name in enumerate(NUMBERS[:6]):  # gaps, more of them where the value is high
        chance = 0.05 + 0.03 * at + 0.05 * (numbers[:, at] > 0.5)
        frame.loc[draw.random(ROWS) < chance, name] = np.nan
    for name, values in levels.items():
        frame[name] = np.array([f"{name}{at}" for at in range(CATEGORIES[name])])[values]
    leaves = odds > np.quantile(odds, 0.75)
    return frame.assign(left=np.where(leaves, "yes", "no")).astype({"left": object})


def config(model: str, trials: int) -> Config:
    """Return the configuration of a training on such a table."""
    features: dict[str, Any] = {name: {"type": "number", "optional": True} for name in NUMBERS}
    features |= {name: {"type": "category"} for name in CATEGORIES}
    dataset = {
        "name": "churn",
        "task": "binary",
        "source": "none",
        "target": {"name": "left", "values": ["no", "yes"], "positive": "yes"},
        "features": features,
        "metric": "f1",
        "decide": {"metric": "f1"},
    }
    search: dict[str, Any] = {"name": MODELS[model]}
    if MODELS[model] == "optuna":
        search = {**configs.read_yaml(Path("conf/search/optuna.yaml")), "trials": trials}
    made = configs.read_yaml(Path("conf/model") / f"{model}.yaml")
    values = {"dataset": dataset, "model": made, "search": search, "seed": SEED, "folds": FOLDS}
    return configs.build(values)


def lapidary(
    train: pd.DataFrame, test: pd.DataFrame, trials: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """Train each model as the command does, and answer by the champion."""

    def trained(model: str) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            made = config(model, trials)
            return training.train(made, train, test, Path(folder) / "study", Quiet())

    outcomes = {model: trained(model) for model in MODELS}
    best = max(MODELS, key=lambda name: outcomes[name].metrics["cv"]["f1"]["mean"])
    champion = outcomes[best]
    output = champion.fitted.output(test)
    threshold = champion.decision.threshold
    return champion.decision.called(output) == 1, output, f"{best}, from {threshold:.3f} on"


def reference(train: pd.DataFrame, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, str]:
    """Fit boosted trees, and call by the threshold that is best out of fold."""
    kinds = dict.fromkeys(CATEGORIES, "category")
    x, later = (part.drop(columns="left").astype(kinds) for part in (train, test))
    y = (train["left"] == "yes").to_numpy()
    model = HistGradientBoostingClassifier(random_state=SEED)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    likely = cross_val_predict(model, x, y, cv=folds, method="predict_proba")[:, 1]
    precision, recall, thresholds = precision_recall_curve(y, likely)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    threshold = float(thresholds[f1[:-1].argmax()])
    output = model.fit(x, y).predict_proba(later)
    return output[:, 1] >= threshold, output, f"from {threshold:.3f} on"


if __name__ == "__main__":
    main()
