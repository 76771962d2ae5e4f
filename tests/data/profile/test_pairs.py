from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.profile import pairs
from src.data.schema import Dataset

Make = Callable[..., Dataset]
SOLD = {"task": "binary", "target": {"name": "sold", "values": [1, 0], "positive": 1}}


@pytest.fixture
def stones() -> pd.DataFrame:
    """Return stones that cost more the heavier they are."""
    carat = np.arange(1, 41) / 10
    return pd.DataFrame(
        {
            "carat": carat,
            "facets": np.arange(40.0) % 7,
            "cut": [["Fair", "Good", "Ideal"][at % 3] for at in range(40)],
            "price": 100 * carat**3,
        }
    )


def classified(make_dataset: Make, stones: pd.DataFrame) -> tuple[Dataset, pd.DataFrame]:
    """Return the stones with a class: the heavy ones are sold."""
    sold = (stones["carat"] > 2).map({True: "1", False: "0"})
    dataset = make_dataset(**SOLD, metric="accuracy")
    return dataset, stones.drop(columns="price").assign(sold=sold)


def test_numbers_against_a_number_are_counted_in_cells(
    dataset: Dataset, stones: pd.DataFrame
) -> None:
    found = pairs.against_target(dataset, "carat", stones)
    assert found is not None
    assert found["kind"] == "grid"
    assert sum(rows for _, _, rows in found["cells"]) + found["outside"] == 40
    x, y = found["x"]["edges"], found["y"]["edges"]
    for i, j, rows in found["cells"]:
        inside = stones[stones["carat"].between(x[i], x[i + 1])]
        assert inside["price"].between(y[j], y[j + 1]).sum() >= rows > 0


def test_a_missing_number_is_in_no_cell(dataset: Dataset, stones: pd.DataFrame) -> None:
    stones.loc[:9, "carat"] = np.nan
    found = pairs.against_target(dataset, "carat", stones)
    assert found is not None
    assert sum(rows for _, _, rows in found["cells"]) == 30
    stones["carat"] = np.nan
    assert pairs.against_target(dataset, "carat", stones) is None


def test_many_features_have_coarser_cells(make_dataset: Make) -> None:
    values = np.random.default_rng(1).normal(size=20_000)
    rows = pd.DataFrame({"f0": values, "price": values**2 + 1})
    sides = {}
    for count in (1, 150):
        features = {f"f{at}": {"type": "number"} for at in range(count)}
        found = pairs.against_target(make_dataset(features=features), "f0", rows)
        assert found is not None
        sides[count] = len(found["x"]["edges"])
    assert sides[150] < sides[1] <= pairs.SIDE + 2


def test_a_number_by_category_is_boxes_in_the_categorys_order(
    dataset: Dataset, stones: pd.DataFrame
) -> None:
    found = pairs.against_target(dataset, "cut", stones)
    assert found is not None
    assert (found["kind"], found["of"], found["by"]) == ("boxes", "price", "cut")
    assert [box["value"] for box in found["boxes"]] == ["Fair", "Good", "Ideal"]
    of = stones["price"][stones["cut"] == "Good"]
    assert found["boxes"][1]["median"] == pytest.approx(of.median(), rel=1e-5)


def test_whiskers_end_at_numbers_and_what_lies_beyond_is_counted(dataset: Dataset) -> None:
    prices = [*range(1, 12), 1000]
    rows = pd.DataFrame({"cut": ["Good"] * 12, "price": np.array(prices, dtype=float)})
    found = pairs.against_target(dataset, "cut", rows)
    assert found is not None
    (box,) = found["boxes"]
    assert (box["low"], box["high"], box["outside"], box["rows"]) == (1, 11, 1, 12)
    assert box["low"] <= box["q25"] <= box["median"] <= box["q75"] <= box["high"]


def test_a_number_against_classes_is_a_box_each(make_dataset: Make, stones: pd.DataFrame) -> None:
    dataset, rows = classified(make_dataset, stones)
    found = pairs.against_target(dataset, "carat", rows)
    assert found is not None
    assert (found["kind"], found["of"], found["by"]) == ("boxes", "carat", "sold")
    assert [box["value"] for box in found["boxes"]] == ["1", "0"]
    assert found["boxes"][0]["low"] > found["boxes"][1]["high"]


def test_a_category_against_classes_is_counts(make_dataset: Make, stones: pd.DataFrame) -> None:
    dataset, rows = classified(make_dataset, stones)
    found = pairs.against_target(dataset, "cut", rows[rows["cut"] != "Good"])
    assert found is not None
    assert (found["kind"], found["classes"]) == ("shares", ["1", "0"])
    assert found["values"] == ["Fair", "Good", "Ideal"]
    assert found["rows"][1] == [0, 0]
    assert found["rows"][0] == [7, 7]
    assert found["others"] == 0


def test_a_texts_length_stands_against_the_target(make_dataset: Make) -> None:
    dataset = make_dataset(**SOLD, metric="accuracy", features={"note": {"type": "text"}})
    rows = pd.DataFrame({"note": ["a b c", "a", "", "d e"], "sold": ["1", "0", "0", "1"]})
    found = pairs.against_target(dataset, "note", rows)
    assert found is not None
    assert [(box["value"], box["rows"]) for box in found["boxes"]] == [("1", 2), ("0", 1)]
    assert found["boxes"][0]["median"] == 2.5


def correlation(found: dict[str, Any] | None, *pair: str) -> float:
    assert found is not None
    one, other = (found["columns"].index(name) for name in pair)
    value: float = found["values"][one][other]
    return value


def test_ranks_are_correlated_the_target_first(dataset: Dataset, stones: pd.DataFrame) -> None:
    found = pairs.correlations(dataset, stones)
    assert found is not None
    assert found["columns"] == ["price", "carat", "facets", "cut"]
    assert correlation(found, "price", "carat") == 1, "a bent line is as good as a straight one"
    order = {"Fair": 0, "Good": 1, "Ideal": 2}
    frame = stones.assign(cut=stones["cut"].map(order))
    expected = frame["facets"].corr(frame["cut"], method="spearman")
    assert correlation(found, "cut", "facets") == round(expected, 3)


def test_the_class_of_interest_counts_as_more(make_dataset: Make, stones: pd.DataFrame) -> None:
    dataset, rows = classified(make_dataset, stones)
    assert correlation(pairs.correlations(dataset, rows), "sold", "carat") > 0.8


def test_what_has_no_order_or_is_always_the_same_is_left_out(
    make_dataset: Make, stones: pd.DataFrame
) -> None:
    features = {"carat": {"type": "number"}, "cut": {"type": "category"}}
    rows = stones.assign(carat=1.0)
    assert pairs.correlations(make_dataset(features=features), rows) is None
    multi = make_dataset(
        task="multiclass",
        target={"name": "cut"},
        metric="accuracy",
        features={"carat": {"type": "number"}, "facets": {"type": "integer"}},
    )
    found = pairs.correlations(multi, stones)
    assert found is not None
    assert found["columns"] == ["carat", "facets"]


def test_of_many_columns_those_stay_that_go_with_the_target(make_dataset: Make) -> None:
    draw = np.random.default_rng(1)
    frame = pd.DataFrame(draw.normal(size=(50, 40)), columns=[f"f{at}" for at in range(40)])
    frame["price"] = frame["f39"] * 10 + frame["f0"]
    features = {f"f{at}": {"type": "number"} for at in range(40)}
    found = pairs.correlations(make_dataset(features=features), frame)
    assert found is not None
    assert len(found["columns"]) == pairs.MOST_CORRELATED
    assert found["columns"][0] == "price"
    assert "f39" in found["columns"]
