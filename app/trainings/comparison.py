"""A fresh version against the champion, on the same held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from app.registry.store import Registered
from src.data.schema import Dataset
from src.learning.recipe import Fitted
from src.runs import comparison
from src.runs.comparison import Fresh


@dataclass(frozen=True)
class Contest(comparison.Contest):
    """What came of it, and against which version."""

    champion: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"champion": self.champion, **super().document()}


def contest(
    fitted: Fitted, dataset: Dataset, test: pd.DataFrame, champion: Registered, var: Path, seed: int
) -> Contest:
    """Compare on the test rows that the champion has not seen, by the dataset's metric."""
    fresh = Fresh(dataset, fitted.classes, fitted.output)
    found = comparison.contest(fresh, test, champion.path(var), champion.manifest, seed)
    return Contest(**vars(found), champion=champion.number)
