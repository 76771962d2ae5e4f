"""Small bundles of the records of tests/inference/models.py, for what compares them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from src.config import configuration
from src.data.schema import Dataset
from src.inference import bundle
from src.learning import exporting
from src.learning.recipe import Fitted
from tests.inference import models

GOOD, BAD = "sklearn.linear_model.Ridge", "sklearn.dummy.DummyRegressor"


def save(
    path: Path, fitted: Fitted, dataset: Dataset, rows: pd.DataFrame, **manifest: Any
) -> dict[str, Any]:
    """Write a bundle as far as a comparison reads it, and return its manifest."""
    made = exporting.export(fitted, dataset, rows)
    target = models.make_target(rows, dataset.task)
    if fitted.classes is not None:
        target = [fitted.classes[at] for at in target]
    return bundle.save(
        path,
        model=fitted,
        rows=rows.assign(**{dataset.target.name: target}),
        tables={},
        manifest={
            "config": {"dataset": configuration.plain(dataset)},
            "details": {} if fitted.classes is None else {"classes": fitted.classes},
            **manifest,
        },
        extra=made.files() if made else exporting.unexported(fitted, dataset, rows),
    )


def held_out(count: int = 80, task: str = "regression") -> pd.DataFrame:
    """Draw rows that no bundle has seen, and what is true of them."""
    rows = models.make_rows(count, seed=9)
    target = models.make_target(rows, task)
    names = {"regression": "price"}
    values = target if task == "regression" else [models.CLASSES[at] for at in target]
    return rows.assign(**{names.get(task, "role"): values})
