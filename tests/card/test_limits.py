from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.card import limits
from src.card.coverage import Group
from src.card.schema import CardLimits
from src.data.schema import Dataset

FEATURES: dict[str, Any] = {
    "carat": {"type": "number", "unit": "carat", "monotone": "up", "optional": True},
    "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"], "optional": True},
}
SHORT = Group("cut", "Fair", 40, 0.7, 0.55, 0.82, is_short=True)
FINE = Group("cut", "Good", 40, 0.9, 0.77, 0.96, is_short=False)


@pytest.fixture
def find(make_dataset: Callable[..., Dataset]) -> Callable[..., CardLimits]:
    """Return a function that finds the limits of stones."""

    def run(most: float | None = 0.95, tested: int = 500, **changes: Any) -> CardLimits:
        dataset = make_dataset(features=FEATURES, **changes)
        price: Any = np.arange(80.0)
        if dataset.task != "regression":
            price = np.array(["rare"] * 20 + ["common"] * 60, dtype=object)
        train = pd.DataFrame(
            {
                "carat": [np.nan, *np.linspace(0.25, 3, 79)],
                "cut": np.array(["Good", "Ideal"] * 39 + [None] * 2, dtype=object),
                "price": price,
            }
        )
        return limits.find(dataset, train, tested, (0.9, most), [SHORT, FINE])

    return run


def test_it_tells_what_was_learnt_from(find: Callable[..., CardLimits]) -> None:
    found = find()
    (carat,), (cut,) = found.ranges, found.values
    assert (carat.low, carat.high, carat.missing, carat.unit) == (0.25, 3.0, 1, "carat")
    assert (cut.values, cut.unseen, cut.missing) == (2, ["Fair"], 2)
    assert "cut Fair is allowed, and none was learnt from" in found.says


def test_it_tells_what_is_held_too_seldom(find: Callable[..., CardLimits]) -> None:
    said = " ".join(find().says)
    assert "of cut Fair ranges hold 70.0% of 40 rows, where 90% are promised" in said
    assert "cut Good" not in said
    assert "at most" not in said
    said = " ".join(find(most=0.85).says)
    assert "ranges hold at most 85.0% of the truths, where 90% are promised" in said


def test_it_tells_what_was_laid_down(find: Callable[..., CardLimits]) -> None:
    found = find()
    assert found.monotone == {"carat": "up"}
    assert "answers only rise with carat, whatever the rows say" in found.says


def test_it_tells_small_classes_and_few_rows(find: Callable[..., CardLimits]) -> None:
    found = find()
    assert found.small_classes == {}
    assert not any("held-out" in one for one in found.says)
    found = find(task="binary", target={"name": "price"}, metric="accuracy", tested=30)
    assert found.small_classes == {"rare": 20}
    assert "price rare has 20 rows to learn from, which tell little of it" in found.says
    assert "30 held-out rows judge it, which is few: its figures may be far off" in found.says
