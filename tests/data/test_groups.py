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


def test_rows_of_which_each_is_its_own_group_are_no_groups(make_dataset: Make) -> None:
    rows = pd.DataFrame({"id": np.arange(5)})
    assert groups.codes(rows, make_dataset(key=["id"])) is None
    assert groups.codes(rows, make_dataset(duplicates="drop")) is None
    assert groups.codes(rows.head(0), make_dataset(key=["id"])) is None
