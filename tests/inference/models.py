"""What the tests of inference share: records of every kind, and models fitted on them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.config import configuration
from src.config.configuration import Model
from src.data.schema import Dataset
from src.inference import bundle, predictor
from src.inference.predictor import Predictor
from src.learning import exporting
from src.learning.recipe import Fitted, Recipe
from src.support.structs import convert

FEATURES: dict[str, Any] = {
    "size": {"type": "number", "above": 0, "unit": "mm"},
    "count": {"type": "integer", "optional": True},
    "grade": {"type": "category", "order": ["low", "mid", "high"], "optional": True},
    "kind": {"type": "category", "values": ["a", "b", "c"], "optional": True},
    "place": {"type": "category", "optional": True},
}
TEXT = {"words": {"type": "text", "optional": True}}
DERIVED = {"area": "size * size", "rate": "count / size", "odd": "log(count) + grade"}
CLASSES = ["one", "two", "three"]
VOCABULARY = [
    "java",
    "spring",
    "maven",
    "ledger",
    "audit",
    "tax",
    "network",
    "router",
    "cable",
    "team",
    "work",
    "été",
    "北京",
    "straße",
]


def make_dataset(task: str = "regression", kind: str = "table") -> Dataset:
    """Make a dataset whose records are of a kind: table, text or mixed."""
    features = {**(FEATURES if kind != "text" else {}), **(TEXT if kind != "table" else {})}
    target: dict[str, Any] = {"name": "price", "above": 0, "unit": "USD"}
    if task != "regression":
        target = {"name": "role", "values": CLASSES[: 2 if task == "binary" else 3]}
    values = {
        "name": "tiny",
        "task": task,
        "source": "data/tiny.csv",
        "target": target,
        "features": features,
        "derived": DERIVED if kind != "text" else {},
        "metric": "mae" if task == "regression" else "accuracy",
        "noun": "thing",
    }
    return convert(values, Dataset, "dataset")


def make_rows(count: int, seed: int = 0, strange: bool = False) -> pd.DataFrame:
    """Draw rows with gaps; strange ones hold levels and words that training never saw."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        words = draw.choices(VOCABULARY, k=draw.randrange(0, 9))
        size = draw.choice([draw.uniform(0.1, 9), draw.randrange(1, 9)])
        row = {
            "size": float(size),
            "count": draw.choice([None, 0.0, float(draw.randrange(9))]),
            "grade": draw.choice([None, "low", "mid", "high"]),
            "kind": draw.choice([None, "a", "b", "c"]),
            "place": draw.choice(
                [None, "north", "south", "east", *([f"x{draw.random()}"] * strange)]
            ),
            "words": draw.choice([None, " ".join(words), *([draw.choice(STRANGE)] * strange)]),
        }
        rank = {"low": 1, "mid": 2, "high": 4}.get(row["grade"], 0)
        has_java = 3.0 * ("java" in words)
        row["score"] = size + rank + has_java + (row["count"] or 0) / 4 + draw.gauss(0, 0.3)
        rows.append(row)
    return pd.DataFrame(rows).astype({"count": "float64"})


STRANGE = [
    "",
    " ",
    "\x00\u200bjava\u00adspring",
    "JAVA, Java; jAvA!!",
    "ÉTÉ STRASSE İstanbul ǅ ﬁne",
    "北京 北京北京 \U00010410ava 👩\u200d💻 java",
    "a_b __ x1 12 java" * 50,
]


def make_target(rows: pd.DataFrame, task: str) -> np.ndarray:
    """Return what is learnt: a value, or which third (half) of the values it is in."""
    if task == "regression":
        return np.exp(rows["score"].to_numpy() / 3)
    classes = 2 if task == "binary" else 3
    return np.argsort(np.argsort(rows["score"].to_numpy())) * classes // len(rows)


def fit(
    target: str = "sklearn.linear_model.Ridge",
    task: str = "regression",
    kind: str = "table",
    count: int = 150,
    **model: Any,
) -> tuple[Fitted, Dataset, pd.DataFrame]:
    """Fit an estimator; return it, its dataset and its training rows."""
    dataset = make_dataset(task, kind)
    values = {
        "name": "mine",
        "complexity": 1,
        "estimator": {task: {"_target_": target}},
        **({"params": SMALL_TREES} if target.startswith("xgboost") else {}),
        **model,
    }
    rows = make_rows(count, seed=1)
    classes = None if task == "regression" else CLASSES[: 2 if task == "binary" else 3]
    recipe = Recipe(dataset, convert(values, Model, "model"), classes, 3)
    return recipe.fit(rows, make_target(rows, task)), dataset, rows


SMALL_TREES = {"n_estimators": 20, "max_depth": 4, "learning_rate": 0.3}
XGB = {
    "regression": "xgboost.XGBRegressor",
    "binary": "xgboost.XGBClassifier",
    "multiclass": "xgboost.XGBClassifier",
}


def exported(fitted: Fitted, dataset: Dataset, rows: pd.DataFrame) -> Predictor:
    """Export a model and load what was exported."""
    made = exporting.export(fitted, dataset, rows)
    assert made is not None
    return predictor.build(dataset, made.files().__getitem__)


def as_records(rows: pd.DataFrame, dataset: Dataset) -> list[tuple[Any, ...]]:
    return exporting.records(rows, dataset)


def save(path: Path, fitted: Fitted, dataset: Dataset, rows: pd.DataFrame) -> dict[str, Any]:
    """Write a bundle as a training does, and return its manifest."""
    made = exporting.export(fitted, dataset, rows)
    held_out = make_rows(30, seed=2)
    extra = made.files() if made else exporting.unexported(fitted, dataset, rows)
    golden = exporting.golden(held_out, fitted.output(held_out), dataset)
    return bundle.save(
        path,
        model=fitted,
        rows=rows,
        tables={},
        manifest={"config": {"dataset": configuration.plain(dataset)}},
        extra={**extra, exporting.GOLDEN: golden},
    )
