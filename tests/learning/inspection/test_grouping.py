from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data import splitting
from src.data.findings import Finding
from src.learning.inspection import grouping

Make = Callable[..., Any]
KINDS = {"size": "number"}


def visits(persons: int = 60, each: int = 10) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    count = persons * each
    return pd.DataFrame(
        {
            "size": rng.normal(0, 1, count),
            "score": rng.normal(0, 1, count),
            "person": [f"person {at}" for at in np.repeat(np.arange(persons), each)],
        }
    )


def find(make: Make, rows: pd.DataFrame, **keys: Any) -> dict[str, Finding]:
    kinds = keys.pop("kinds", KINDS)
    dataset = make(rows, "score", kinds, **{"group": "person", **keys}).dataset
    parts = splitting.split(rows, dataset, 1)
    return {one.code: one for one in grouping.find(dataset, parts.train, parts.test)}


def test_groups_like_others_are_not_worth_a_word(make_table: Make) -> None:
    assert find(make_table, visits()) == {}


def test_few_groups_are_counted_on_both_sides(make_table: Make) -> None:
    found = find(make_table, visits(persons=12))
    assert list(found) == ["few_groups"]
    one = found["few_groups"]
    assert one.figures["groups"] == 12
    assert 0 < one.figures["test"] < 12
    assert f"12 groups of person, of which {one.figures['test']} test" in one.says
    assert list(find(make_table, visits(persons=12), group=[], key=["person"])) == ["few_groups"]


def test_one_giant_group_is_told_with_its_share(make_table: Make) -> None:
    rows = visits()
    rows.loc[:299, "person"] = "the giant"
    found = find(make_table, rows)
    assert list(found) == ["giant_group"]
    assert found["giant_group"].says.startswith("the group person the giant has 50.0% of the rows")
    assert found["giant_group"].figures == {"rows": 300, "share": 0.5, "groups": 31}
    rows["town"] = [str(at % 7) for at in range(len(rows))]
    assert find(make_table, rows, group=["person", "town"]) == {}


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_groups_that_decide_the_target_are_as_many_answers_as_groups(
    make_table: Make, task: str
) -> None:
    rows = visits()
    score = rows.groupby("person")["score"].transform("mean")
    rows["score"] = score if task == "regression" else np.where(score > 0, "high", "low")
    found = find(make_table, rows, task=task)
    assert list(found) == ["group_decides"]
    assert found["group_decides"].figures == {"told": 1.0, "groups": 60}
    assert "600 rows are 60 answers" in found["group_decides"].says
    noisy = rows.assign(score=visits()["score"] + 2 * score if task == "regression" else "low")
    noisy.loc[::2, "score"] = noisy["score"].iloc[0] if task == "regression" else "high"
    assert find(make_table, noisy, task=task) == {}


def test_a_group_that_is_a_feature_is_allowed_with_a_word(make_table: Make) -> None:
    found = find(make_table, visits(), kinds={**KINDS, "person": "category"})
    assert list(found) == ["group_is_feature"]
    assert found["group_is_feature"].columns == ["person"]


@pytest.mark.parametrize("keys", [{"group": []}, {"group": [], "duplicates": "keep"}])
def test_rows_that_nobody_grouped_are_left_alone(make_table: Make, keys: dict[str, Any]) -> None:
    rows = pd.concat([visits(persons=2)] * 3)
    assert find(make_table, rows, **keys) == {}


def test_groups_of_one_row_are_no_groups(make_table: Make) -> None:
    assert find(make_table, visits(persons=20, each=1), kinds={**KINDS, "person": "category"}) == {}
