"""What the tests of inspection share: tables in which nothing gives the target away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.features import Category, Integer, Number, Text
from src.data.schema import Dataset

KINDS = {"number": Number, "integer": Integer, "category": Category, "text": Text}
METRICS = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}


@dataclass(frozen=True)
class Table:
    """Typed rows, as cleaning makes them, and their dataset."""

    dataset: Dataset
    rows: pd.DataFrame


@pytest.fixture(scope="session")
def make_table(make_dataset: Callable[..., Dataset]) -> Callable[..., Table]:
    """Return a function that makes a dataset of typed columns, from the kind of each feature."""

    def make(rows: pd.DataFrame, target: str, kinds: dict[str, str], **keys: Any) -> Table:
        task = keys.pop("task", "regression")
        features = {name: {"type": kind, "optional": True} for name, kind in kinds.items()}
        dataset = make_dataset(
            task=task,
            metric=METRICS[task],
            target={"name": target},
            features=features,
            **keys,
        )
        numbers = [name for name, kind in kinds.items() if kind in ("number", "integer")]
        typed = rows.astype(dict.fromkeys(numbers, "float64"))
        return Table(dataset, typed)

    return make


@pytest.fixture(scope="session")
def make_clean(make_table: Callable[..., Table]) -> Callable[[int], Table]:
    """Return a function that draws a table without leaks: by seed another task, size and noise."""

    def make(seed: int) -> Table:
        rng = np.random.default_rng(seed)
        count = int(rng.choice([80, 200, 600, 2000, 6000]))
        frame = pd.DataFrame(
            {
                "size": rng.lognormal(3, 1, count),
                "share": rng.beta(2, 5, count),
                "rooms": rng.poisson(4, count) * 1.0,
                "bought": rng.poisson(0.3, count) * 1.0,
                "income": rng.integers(10_000, 900_000, count) * 1.0,
                "kind": rng.choice([*"abcde"], count, p=[0.5, 0.3, 0.15, 0.04, 0.01]).astype(
                    object
                ),
                "town": np.array(
                    [f"town {at}" for at in rng.integers(0, count // 4, count)], object
                ),
                "note": np.array([f"{a} {b}" for a, b in rng.integers(0, 99, (count, 2))], object),
                "flag": rng.choice([0.0, 1.0], count, p=[0.8, 0.2]),
            }
        )
        for name in rng.choice(["share", "rooms", "kind"], 2, replace=False):
            empty = np.nan if frame[name].dtype == float else None
            frame.loc[rng.random(count) < rng.choice([0.02, 0.4, 0.8]), name] = empty
        kinds = {
            name: "number" if name in ("size", "share") else "integer"
            for name in ("size", "share", "rooms", "bought", "income", "flag")
        }
        kinds |= {"kind": "category", "town": "category", "note": "text"}
        worth = frame["kind"].map({"a": 0.0, "b": 1.0, "c": 2.0}).fillna(0.5)
        score = 2.5 * np.log(frame["size"]) + worth + frame["flag"] + 0.4 * frame["bought"]
        score += rng.normal(0, rng.choice([0.8, 1.5, 4.0]), count)
        task = ("regression", "binary", "multiclass")[seed % 3]
        if task == "regression":
            frame["price"] = np.exp(score) if seed % 2 else np.maximum(score - 7, 0)
        elif task == "binary":
            frame["price"] = np.where(
                score > np.quantile(score, rng.choice([0.5, 0.9])), "yes", "no"
            )
        else:
            frame["price"] = pd.qcut(score, 4, labels=[*"wxyz"]).astype(object)
        return make_table(frame, "price", kinds, task=task)

    return make
