from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data import splitting
from src.learning.inspection import shift

Make = Callable[..., Any]
KINDS = {"size": "number", "kind": "category", "note": "text"}


def rows(count: int, seed: int, moved: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": rng.normal(moved, 1, count),
            "kind": rng.choice([*"abc"], count).astype(object),
            "note": [f"note {at}" for at in rng.integers(0, 10**9, count)],
            "price": rng.normal(0, 1, count),
            "person": [f"{seed} {at // 10}" for at in range(count)],
        }
    )


def test_parts_that_were_drawn_alike_are_not_told_apart(make_table: Make) -> None:
    dataset = make_table(rows(9, 0), "price", KINDS).dataset
    for seed in range(10):
        both = rows((60, 400, 3000)[seed % 3], seed)
        parts = splitting.split(both, dataset, seed)
        assert shift.find(dataset, parts.train, parts.test, 1) == []


def test_parts_that_differ_are_told_apart_and_by_what(make_table: Make) -> None:
    dataset = make_table(rows(9, 0), "price", KINDS).dataset
    (one,) = shift.find(dataset, rows(2000, 1), rows(500, 2, moved=1.0), 1)
    assert (one.rule, one.columns) == ("shift", ["size"])
    assert one.figures["roc_auc"] == pytest.approx(0.76, abs=0.03)
    assert "most of all by size" in one.says
    assert shift.find(dataset, rows(2000, 1), rows(500, 2, moved=0.2), 1) == [], "real and small"
    assert shift.find(dataset, rows(2000, 1), rows(29, 2, moved=1.0), 1) == [], "too few to know"


def test_rows_of_one_group_differ_together(make_table: Make) -> None:
    """Of five persons each is different: whoever tests differs from the others, by chance."""
    rng = np.random.default_rng(3)
    both = rows(1000, 3).assign(person=np.repeat([*"abcde"], 200))
    both["size"] = rng.normal(0, 1, 5)[np.repeat(np.arange(5), 200)] + rng.normal(0, 0.1, 1000)
    train, test = both[both["person"] != "c"], both[both["person"] == "c"]
    alone = make_table(both, "price", KINDS).dataset
    assert shift.find(alone, train, test, 1)
    assert (
        shift.find(make_table(both, "price", KINDS, group="person").dataset, train, test, 1) == []
    )


def test_the_column_that_splits_is_not_looked_at(make_table: Make) -> None:
    split = {"method": "time", "column": "day"}
    kinds = {**KINDS, "day": "number"}
    both = rows(2000, 4).assign(day=np.arange(2000.0))
    dataset = make_table(both, "price", kinds, split=split).dataset
    parts = splitting.split(both, dataset, 1)
    assert shift.find(dataset, parts.train, parts.test, 1) == []
    trend = both.assign(size=both["size"] + both["day"] / 500)
    parts = splitting.split(trend, dataset, 1)
    (one,) = shift.find(dataset, parts.train, parts.test, 1)
    assert one.columns == ["size"]
    assert "by time" not in one.do, "it is split so already"
    only = make_table(both, "price", {"day": "number"}, split=split).dataset
    assert shift.find(only, parts.train, parts.test, 1) == []
