"""The result of a training: its figures, and its version against the champion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from msgspec import UNSET

from app.registry.datasets.description import confusion_matrix, decided
from app.registry.store import Registered
from app.trainings.rows.training_rows import TrainingRows
from src.data.cleaning import Cleaned
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.runs import comparison
from src.runs.comparison import Fresh


def kpis(
    dataset: Dataset,
    gathered: TrainingRows,
    cleaned: Cleaned,
    ready: Prepared,
    manifest: dict[str, Any],
) -> dict[str, Any]:
    """Return how many labels were used, the metrics and the confusion matrix."""
    is_label = np.asarray(gathered.frame.index != "")
    document: dict[str, Any] = {
        "labels": _counts(ready, is_label, dataset),
        "rows": {
            "given": cleaned.total,
            "rejected": len(cleaned.rejected),
            "by_rule": cleaned.counts,
            **_counts(ready, np.ones(len(is_label), dtype=bool), dataset),
        },
        "metrics": manifest["metrics"],
    }
    details = manifest["details"]
    if "confusion" in details:
        matrix = confusion_matrix(dataset.task, details["classes"], details["confusion"])
        document["confusion"] = msgspec.to_builtins(matrix)
        document["per_class"] = details["per_class"]
    chosen = decided(manifest)
    if chosen is not UNSET:
        # The curve stands in the bundle, and the version tells it.
        document["decided"] = msgspec.to_builtins(msgspec.structs.replace(chosen, curve=UNSET))
    return document


def _counts(ready: Prepared, wanted: np.ndarray, dataset: Dataset) -> dict[str, Any]:
    """Count rows; those of the parts are known by their position among the gathered ones."""
    train, test = (_only(part, wanted) for part in (ready.train, ready.test))
    document: dict[str, Any] = {
        "total": len(train) + len(test),
        "train": len(train),
        "test": len(test),
    }
    if dataset.task != "regression":
        both = pd.concat([train, test])[dataset.target.name].value_counts()
        document["per_class"] = {str(name): int(count) for name, count in both.items()}
    return document


def _only(part: pd.DataFrame, wanted: np.ndarray) -> pd.DataFrame:
    return part[wanted[part.index.to_numpy()]]


@dataclass(frozen=True)
class Contest(comparison.Contest):
    """What came of it, and against which version."""

    champion: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"champion": self.champion, **super().document()}


def contest(
    fresh: Fresh, test: pd.DataFrame, champion: Registered, var: Path, seed: int
) -> Contest:
    """Compare on the test rows that the champion has not seen, by the dataset's metric."""
    found = comparison.contest(fresh, test, champion.path(var), champion.manifest, seed)
    return Contest(**vars(found), champion=champion.number)
