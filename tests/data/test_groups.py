from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data import groups
from src.data.schema import Dataset

Make = Callable[..., Dataset]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["carat", "facets", "cut", "price"]),
        ({"duplicates": "drop"}, []),
        ({"group": "person"}, ["person"]),
        ({"group": ["person", "town"], "key": ["id"]}, ["person", "town"]),
        ({"key": ["id"]}, ["id"]),
        ({"duplicates": "keep"}, ["carat", "facets", "cut", "price"]),
        ({"key": ["id"], "split": {"method": "time", "column": "day"}}, []),
        ({"group": "id", "split": {"method": "time", "column": "day"}}, ["id"]),
        ({"duplicates": "keep", "split": {"method": "time", "column": "day"}}, []),
    ],
)
def test_rows_belong_together_by_group_else_key_else_all_that_they_say(
    make_dataset: Make, keys: dict[str, Any], expected: list[str]
) -> None:
    assert groups.columns(make_dataset(**keys)) == expected


def test_equal_values_are_one_group_and_a_missing_one_is_a_value(make_dataset: Make) -> None:
    rows = pd.DataFrame({"town": ["a", "a", "b", None, None], "street": [1.0, 2.0, 1.0, 1.0, 1.0]})
    found = groups.codes(rows, make_dataset(group=["town", "street"]))
    assert found is not None
    assert found.tolist() == [0, 1, 2, 3, 3]


def coarse(copies: int = 10) -> pd.DataFrame:
    """Return rows of a few values, each of them with several prices."""
    rows = [(float(carat), "Good", price) for carat in range(5) for price in (1.0, 2.0)]
    frame = pd.DataFrame(rows * copies, columns=["carat", "cut", "price"])
    return frame.assign(facets=3.0)


def test_rows_that_say_the_same_belong_together_unless_chance_made_them(
    make_dataset: Make,
) -> None:
    apart, dataset = coarse(), make_dataset()
    assert groups.are_different(apart, dataset)
    assert groups.codes(apart, dataset) is None
    copies = apart.assign(price=apart["carat"])
    assert not groups.are_different(copies, dataset)
    together = groups.codes(copies, dataset)
    assert together is not None
    assert together.max() == 4
    few = pd.concat([coarse(2), coarse(1).assign(carat=np.arange(50.0, 60.0))] * 1)
    few = pd.concat([few, coarse(1).assign(carat=np.arange(70.0, 80.0))])
    assert not groups.are_different(few, dataset)
    assert not groups.are_different(apart.head(0), dataset)
    assert groups.codes(apart, make_dataset(key=["carat"])) is not None


def test_rows_of_which_each_is_its_own_group_are_no_groups(make_dataset: Make) -> None:
    rows = pd.DataFrame({"id": np.arange(5)})
    assert groups.codes(rows, make_dataset(key=["id"])) is None
    assert groups.codes(rows, make_dataset(duplicates="drop")) is None
    assert groups.codes(rows.head(0), make_dataset(key=["id"])) is None
