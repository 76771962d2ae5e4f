"""What the tests of learning share: rows of stones, models, and configurations of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.config import configuration
from src.config.configuration import Config, Model
from src.data.schema import Dataset
from src.support.structs import convert

TASKS = ("regression", "binary", "multiclass")
BY_CLASS = {
    "binary": {"task": "binary", "target": {"name": "price"}, "metric": "accuracy"},
    "multiclass": {"task": "multiclass", "target": {"name": "price"}, "metric": "accuracy"},
}


class Recorder:
    """Remember the stages and count their steps."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps = 0

    def stage(self, name: str, total: int) -> None:
        self.stages.append((name, total))

    def step(self, note: str = "") -> None:
        self.steps += 1


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., pd.DataFrame]:
    """Return a function that draws stones; with `labels`, the price is a class that they tell."""

    def make(count: int, seed: int = 0, labels: list[str] | None = None) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        carat = rng.uniform(0.2, 3.0, count)
        facets = rng.integers(0, 9, count).astype(float)
        cut = rng.integers(0, 3, count)
        price = 100 * carat + 10 * facets + 25 * cut + rng.normal(0, 5, count) + 50
        rows = pd.DataFrame(
            {
                "carat": carat,
                "facets": facets,
                "cut": np.array(["Fair", "Good", "Ideal"], dtype=object)[cut],
                "price": price,
            }
        )
        if labels is not None:
            share = np.argsort(np.argsort(price)) * len(labels) // count
            rows["price"] = np.array(labels, dtype=object)[share]
        return rows

    return make


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    """Return a function that makes a model of one estimator, for every task."""

    def make(target: str = "sklearn.linear_model.Ridge", **changes: Any) -> Model:
        values = {
            "name": "mine",
            "complexity": 1,
            "estimator": {task: {"_target_": target} for task in TASKS},
            **changes,
        }
        return convert(values, Model, "model")

    return make


@pytest.fixture(scope="session")
def make_config(
    make_dataset: Callable[..., Dataset], make_model: Callable[..., Model]
) -> Callable[..., Config]:
    """Return a function that makes the configuration of a training on stones."""

    def make(
        target: str = "sklearn.linear_model.Ridge",
        task: str = "regression",
        dataset: dict[str, Any] | None = None,
        seed: int = 1,
        folds: int = 3,
        **model: Any,
    ) -> Config:
        stones = make_dataset(**{**BY_CLASS.get(task, {}), **(dataset or {})})
        return configuration.build(
            {
                "dataset": configuration.plain(stones),
                "model": configuration.plain(make_model(target, **model)),
                "search": {"name": "none"},
                "seed": seed,
                "folds": folds,
            }
        )

    return make
