from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.profile import columns
from src.data.schema import Dataset

Make = Callable[..., Dataset]


def describe(dataset: Dataset, name: str, cells: list[Any]) -> dict[str, Any]:
    return columns.describe(dataset, name, pd.Series(cells))


def test_numbers_are_summed_up(dataset: Dataset) -> None:
    column = describe(dataset, "carat", [1.0, 2.0, 3.0, 4.0, np.nan])
    assert column["type"] == "number"
    assert column["role"] == "feature"
    assert (column["rows"], column["missing"], column["distinct"]) == (5, 1, 4)
    assert column["numbers"] == {
        "mean": 2.5,
        "deviation": 1.29099,
        "min": 1,
        "q05": 1.15,
        "q25": 1.75,
        "median": 2.5,
        "q75": 3.25,
        "q95": 3.85,
        "max": 4,
    }
    assert sum(column["bins"]["rows"]) == 4


def test_whole_numbers_and_the_target_of_a_regression(dataset: Dataset) -> None:
    facets = describe(dataset, "facets", [1.0, 3.0])
    assert facets["bins"]["edges"] == [0.5, 1.5, 2.5, 3.5]
    assert (facets["type"], facets["numbers"]["median"]) == ("integer", 2)
    price = describe(dataset, "price", [1.0, 3.0])
    assert (price["type"], price["role"]) == ("number", "target")


@pytest.mark.parametrize("cells", [[np.nan, np.nan], []])
def test_without_a_number_nothing_is_said(dataset: Dataset, cells: list[float]) -> None:
    column = columns.describe(dataset, "carat", pd.Series(cells, dtype=np.float64))
    assert column["missing"] == len(cells)
    assert column["numbers"] is None
    assert column["bins"] is None


def test_numbers_too_large_to_square_have_no_deviation(dataset: Dataset) -> None:
    column = describe(dataset, "carat", [1e300, -1e300])
    assert column["numbers"]["deviation"] is None
    assert column["numbers"]["max"] == 1e300


def test_an_ordered_category_stands_in_its_order(dataset: Dataset) -> None:
    column = describe(dataset, "cut", ["Ideal", "Ideal", None, "Fair"])
    assert column["ordered"]
    assert (column["missing"], column["distinct"]) == (1, 2)
    assert column["values"] == [
        {"value": "Fair", "rows": 1},
        {"value": "Good", "rows": 0},
        {"value": "Ideal", "rows": 2},
    ]
    assert column["others"] == {"values": 0, "rows": 0}


def test_of_many_values_the_most_frequent_are_told_first(make_dataset: Make) -> None:
    dataset = make_dataset(features={"town": {"type": "category"}})
    cells = [f"t{at:02}" for at in range(40) for _ in range(at + 1)]
    column = describe(dataset, "town", cells)
    assert not column["ordered"]
    assert [one["value"] for one in column["values"][:2]] == ["t39", "t38"]
    assert len(column["values"]) == columns.MOST_VALUES
    assert column["others"] == {"values": 10, "rows": sum(range(1, 11))}


def test_of_many_listed_values_the_frequent_ones_keep_their_order(make_dataset: Make) -> None:
    listed = [f"v{at}" for at in range(50)]
    dataset = make_dataset(features={"town": {"type": "category", "order": listed}})
    cells = [value for at, value in enumerate(listed) for _ in range(1 + at)]
    column = describe(dataset, "town", cells)
    assert [one["value"] for one in column["values"]] == listed[20:]


def test_classes_are_values_of_the_target(make_dataset: Make) -> None:
    dataset = make_dataset(
        task="binary", target={"name": "sold", "values": [0, 1]}, metric="accuracy"
    )
    column = describe(dataset, "sold", ["1", "1", "0"])
    assert column["type"] == "class"
    assert column["values"] == [{"value": "0", "rows": 1}, {"value": "1", "rows": 2}]


def test_texts_have_lengths_in_characters_and_in_words(make_dataset: Make) -> None:
    dataset = make_dataset(features={"note": {"type": "text", "optional": True}})
    column = describe(dataset, "note", ["two words", "", "and three words"])
    assert (column["type"], column["missing"], column["distinct"]) == ("text", 1, 2)
    assert column["lengths"]["words"]["numbers"]["min"] == 2
    assert column["lengths"]["words"]["numbers"]["max"] == 3
    assert column["lengths"]["characters"]["numbers"]["max"] == 15


@pytest.mark.parametrize(
    ("value", "told"),
    [(1234567.8, 1234570), (0.00012345678, 0.000123457), (np.inf, None), (3.0, 3), (1e20, 1e20)],
)
def test_figures_are_rounded(value: float, told: float | None) -> None:
    assert columns.rounded(value) == told
    assert isinstance(columns.rounded(3.0), int)
