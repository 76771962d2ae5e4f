"""What labels leave out of whose they are, and which of them are in the file already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.trainings.rows import belonging
from src.data import splitting
from src.data.schema import Dataset

Make = Callable[..., Dataset]
FEATURES = {"x": {"type": "number"}, "note": {"type": "text", "optional": True}}
SIDES = {"method": "column", "column": "part", "test": 0.5}


def rows(dataset: Dataset, given: list[dict[str, Any]], ids: list[str] | None = None) -> Any:
    """Make rows of text; what is not given of what a label may leave out is missing."""
    usual = {"x": "1", "note": "", "price": "5", **dict.fromkeys(dataset.extra_columns())}
    index = pd.Index(ids or [""] * len(given), name="label id", dtype="str")
    whole = [{**usual, **row} for row in given]
    return pd.DataFrame(whole, columns=dataset.columns(), index=index, dtype="str")


@pytest.fixture
def make(make_dataset: Make) -> Make:
    return lambda **changes: make_dataset(features=FEATURES, **changes)


def filled(dataset: Dataset, labels: list[dict[str, Any]], file: list[dict[str, Any]]) -> Any:
    """Fill labels whose ids are i0, i1 and so on."""
    ids = [f"i{at}" for at in range(len(labels))]
    found = belonging.filled(rows(dataset, labels, ids), rows(dataset, file), dataset)
    assert list(found.index) == ids
    assert not found.isna().any().any()
    return found


def test_a_key_that_is_missing_is_the_labels_own(make: Make) -> None:
    dataset = make(key=["shop", "slip", "x"])
    found = filled(
        dataset, [{"shop": "7"}, {"slip": "3"}, {"x": "2"}], [{"shop": "7", "slip": "9"}]
    )
    assert found[["shop", "slip", "x"]].to_numpy().tolist() == [
        ["7", "i0", "1"],
        ["i1", "3", "1"],
        ["i2", "i2", "2"],
    ]


def test_a_copy_without_a_key_has_that_of_its_row(make: Make) -> None:
    """Such as labels that were stored before they could say it."""
    dataset = make(key=["shop", "slip"], group="town")
    rows = [
        {"x": "2", "shop": "7", "slip": "NA", "town": "a"},
        {"x": "2", "shop": "7", "slip": "9", "town": "b"},
        {"x": "3", "shop": "8", "slip": "9", "town": "c"},
    ]
    found = filled(dataset, [{"x": "2.0"}, {"x": "3", "town": "d"}, {"x": "3", "price": "6"}], rows)
    assert found[["shop", "slip", "town"]].to_numpy().tolist() == [
        ["7", "9", "b"],
        ["8", "9", "d"],
        ["i2", "i2", "i2"],
    ]


def test_a_label_without_a_key_has_not_that_of_another_label(make: Make) -> None:
    found = filled(make(key=["shop"]), [{"shop": "7"}, {}], [{"x": "2", "shop": "8"}])
    assert list(found["shop"]) == ["7", "i1"]


def test_a_group_is_that_of_the_row_with_the_same_key(make: Make) -> None:
    dataset = make(key=["slip"], group="shop")
    labels = [
        {"slip": "1"},
        {"slip": " 1 ", "shop": "z"},
        {"slip": "2"},
        {"slip": "3"},
        {"slip": "3", "shop": "c"},
        {"shop": "d", "x": "8"},
        {"x": "9"},
        {"slip": "4"},
    ]
    file = [
        {"slip": "1", "shop": "a"},
        {"slip": "2", "shop": "b"},
        {"slip": "2", "shop": "y"},
        {"slip": "4", "shop": "NA"},
    ]
    found = filled(dataset, labels, file)
    assert list(found["shop"]) == ["a", "z", "b", "c", "c", "d", "i6", "i7"]


def test_without_a_key_a_group_is_that_of_the_same_content_or_the_labels_own(make: Make) -> None:
    labels = [{"shop": "8"}, {}, {"x": "2"}]
    found = filled(make(group=["shop", "note"]), labels, [{"shop": "7"}])
    assert list(found["shop"]) == ["8", "7", "i2"]


@pytest.mark.parametrize("role", [{"key": ["shop"]}, {"group": "shop"}, {"key": ["x"]}, {}])
def test_a_side_is_that_of_the_rows_it_belongs_to(make: Make, role: dict[str, Any]) -> None:
    dataset = make(**role, split=SIDES)
    mine = [{"shop": str(at), "x": f"{at}.0"} for at in range(40)]
    file = [
        {**row, "x": f"{at}.00", "part": ("test", "train")[at % 3 == 0]}
        for at, row in enumerate(mine)
    ]
    found = filled(dataset, mine, file)
    assert list(found["part"]) == [row["part"] for row in file]
    told = filled(dataset, [*mine, *file], [])
    assert list(told["part"]) == [row["part"] for row in file] * 2, "as other labels say"


def test_a_side_that_nobody_tells_is_drawn_for_ever_by_what_belongs_together(make: Make) -> None:
    dataset = make(key=["shop"], split=SIDES)
    labels = [{"shop": str(at % 100), "x": str(at)} for at in range(200)]
    found = filled(dataset, [*labels, {"x": "900"}], [{"shop": "other", "part": "train"}])
    sides = list(found["part"])
    assert sides[:100] == sides[100:200]
    assert 30 < sides[:100].count("test") < 70
    assert list(filled(dataset, labels[50:60], [])["part"]) == sides[50:60]
    stable = splitting.stable(found, dataset)
    assert [side == "test" for side in sides] == stable.tolist(), "as where no column tells it"


def test_what_is_said_stays(make: Make) -> None:
    dataset = make(key=["slip"], group="shop", weight="sold", split=SIDES)
    label = {"slip": "1", "shop": "a", "sold": "2", "part": "test"}
    file = [{"slip": "1", "shop": "b", "sold": "3", "part": "train"}]
    assert filled(dataset, [label], file).iloc[0].to_dict() == {
        **label,
        "x": "1",
        "note": "",
        "price": "5",
    }


@given(st.lists(st.sampled_from("123")), st.lists(st.sampled_from("123")))
def test_known_rows_are_left_out_one_for_one(
    make_dataset: Make, given: list[str], known: list[str]
) -> None:
    dataset = make_dataset(features=FEATURES, duplicates="keep")

    def frame(cells: list[str], spelt: str) -> pd.DataFrame:
        return rows(dataset, [{"x": f"{cell}{spelt}", "note": cell} for cell in cells])

    left = list(belonging.beyond(frame(given, ".0"), frame(known, ""), dataset)["note"])
    for cell in "123":
        assert left.count(cell) == max(given.count(cell) - known.count(cell), 0)
    rest = iter(given)
    assert all(cell in rest for cell in left), "in their order"


def test_a_row_on_the_other_side_is_known_and_one_of_another_key_is_not(make: Make) -> None:
    dataset = make(duplicates="keep", key=["shop"], split=SIDES)
    known = rows(dataset, [{"shop": "1", "part": "test"}])
    fresh = rows(dataset, [{"shop": "1", "part": "train"}, {"shop": "2", "part": "test"}])
    assert list(belonging.beyond(fresh, known, dataset)["shop"]) == ["2"]


def test_a_row_at_fault_is_no_other_one(make_dataset: Make) -> None:
    features = {"x": {"type": "number", "optional": True}}
    dataset = make_dataset(features=features, duplicates="keep")
    known, fresh = (rows(dataset, [{"x": cell}]) for cell in ("many", ""))
    assert len(belonging.beyond(fresh, known, dataset)) == 1
    assert len(belonging.beyond(known, fresh, dataset)) == 1
    assert len(belonging.beyond(known, known, dataset)) == 1
    assert len(belonging.beyond(fresh, fresh, dataset)) == 0
