"""What the tests of cards share: a trained model of each task, and its card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.card import document
from src.card.document import Subject
from src.card.schema import Card
from src.config import configuration
from src.data.schema import Dataset
from src.learning import training

CLASSES = {"binary": ["no", "yes"], "multiclass": ["low", "middle", "high"]}
TARGETS = {
    "regression": "sklearn.linear_model.Ridge",
    "": "sklearn.linear_model.LogisticRegression",
}
ORIGIN: dict[str, Any] = {
    "source": "data/stones.csv",
    "md5": "0" * 32,
    "rows": 830,
    "accepted": 800,
    "rejected": 30,
    "by_rule": {"duplicate": 20, "missing": 10},
    "findings": [],
}
Make = Callable[..., tuple[Subject, dict[str, Any]]]


class Quiet:
    def stage(self, name: str, total: int) -> None:
        pass

    def step(self, note: str = "") -> None:
        pass


def rows(task: str, count: int, seed: int) -> pd.DataFrame:
    """Draw stones whose width follows from their weight, from two places."""
    random = np.random.default_rng(seed)
    carat = random.uniform(0.2, 3, count)
    cut = random.integers(0, 3, count)
    price = 100 * carat + 40 * cut + random.normal(0, 10, count) + 50
    frame = pd.DataFrame(
        {
            "carat": carat,
            "width": 4 * carat + random.normal(0, 0.1, count),
            "facets": random.integers(0, 9, count).astype(float),
            "cut": np.array(["Fair", "Good", "Ideal"], dtype=object)[cut],
            "place": np.array(["here", "there"], dtype=object)[random.integers(0, 2, count)],
            "price": price,
        }
    )
    if task != "regression":
        names = np.array(CLASSES[task], dtype=object)
        frame["price"] = names[np.digitize(price, np.linspace(90, 410, len(names) + 1)[1:-1])]
    return frame


@pytest.fixture(scope="session")
def make_subject(
    make_dataset: Callable[..., Dataset], tmp_path_factory: pytest.TempPathFactory
) -> Make:
    """Return a function that trains a small model; it returns what a card is made of."""

    def make(task: str = "regression", **changes: Any) -> tuple[Subject, dict[str, Any]]:
        target: dict[str, Any] = {"name": "price", "about": "what it costs"}
        if task == "regression":
            target |= {"above": 0, "unit": "USD"}
        else:
            target["values"] = CLASSES[task]
        features = {
            "carat": {"type": "number", "above": 0, "unit": "carat"},
            "width": {"type": "number", "unit": "mm"},
            "facets": {"type": "integer", "min": 0},
            "cut": {"type": "category", "order": ["Poor", "Fair", "Good", "Ideal"]},
            "place": {"type": "category"},
        }
        values = {
            "about": "What a stone costs",
            "noun": "stone",
            "task": task,
            "target": target,
            "features": features,
            "metric": "mae" if task == "regression" else "accuracy",
            **changes,
        }
        config = configuration.build(
            {
                "dataset": configuration.plain(make_dataset(**values)),
                "model": {
                    "name": "mine",
                    "complexity": 1,
                    "estimator": {task: {"_target_": TARGETS.get(task, TARGETS[""])}},
                },
                "search": {"name": "none"},
                "seed": 1,
                "folds": 3,
            }
        )
        train, test = rows(task, 600, 0), rows(task, 300, 1)
        study = tmp_path_factory.mktemp("study") / "study"
        outcome = training.train(config, train, test, study, Quiet())
        manifest = {
            "metrics": outcome.metrics,
            "details": outcome.details,
            "interval": outcome.interval,
            "findings": outcome.findings,
            "data": ORIGIN,
            "git": {"commit": "c" * 40, "dirty": False},
            "versions": {"python": "3.11", "numpy": "2.4"},
            **({} if outcome.decided is None else {"decision": outcome.decided}),
        }
        return Subject(config, outcome.fitted, train, test, outcome.held_out), manifest

    return make


@pytest.fixture(scope="session")
def subjects(make_subject: Make) -> dict[str, tuple[Subject, dict[str, Any]]]:
    return {task: make_subject(task) for task in ("regression", "binary", "multiclass")}


@pytest.fixture(scope="session")
def cards(subjects: dict[str, tuple[Subject, dict[str, Any]]]) -> dict[str, Card]:
    return {task: document.build(*made) for task, made in subjects.items()}
