from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.csv_columns import column
from app.records.fields import field
from src.data import cleaning
from src.data.kinds import spelling
from src.data.schema import Dataset

Make = Callable[..., Dataset]


@pytest.mark.parametrize(
    ("value", "spelt"), [(46.0, "46"), (-0.0, "0"), (2.5, "2.5"), (1e15, "1000000000000000")]
)
def test_a_number_is_spelt_as_in_a_csv(value: float, spelt: str) -> None:
    assert spelling.spelt(value) == spelt


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("1.0", "1"), ("10.00", "10"), ("-3.0", "-3"), ("0.0", "0"), ("-0.0", "0"), ("1", "1")],
)
def test_a_whole_number_has_no_point(text: str, canonical: str) -> None:
    assert spelling.canonical(text) == canonical


@pytest.mark.parametrize(
    "text", ["01", "01.0", "1.10", "1.", ".0", "1e3", "1.0.0", "v1.0", "", "٣.0"]
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert spelling.canonical(text) == text


def test_what_was_learnt_under_another_spelling_is_found() -> None:
    assert spelling.canonical_keys({"1.0": 7, None: 9}) == {"1.0": 7, "1": 7, None: 9}
    assert spelling.canonical_keys({"1.0": 7, "1": 8})["1"] == 8


@pytest.mark.parametrize("kind", [{"type": "category"}, {"type": "category", "values": [7, "x"]}])
@given(number=st.integers(-9, 99) | st.integers(-(2**53) + 1, 2**53 - 1), zeros=st.integers(1, 4))
def test_a_value_is_the_same_wherever_it_comes_from(
    make_dataset: Make, kind: dict[str, object], number: int, zeros: int
) -> None:
    number = 7 if "values" in kind else number
    dataset = make_dataset(features={"code": kind}, duplicates="keep")
    records = field("code", dataset, 100)
    cells = [str(number), f"{number}.{'0' * zeros}"]
    raw = pd.DataFrame({"code": [*cells, "x"], "price": "1"}, dtype="str")
    values = cleaning.clean(raw, dataset).rows["code"].tolist()[:2]
    values += [column(records, dataset.missing).read(cell) for cell in cells]
    # JSON has numbers, and the schema of listed values names each text that is taken.
    texts = cells[:1] if "values" in kind else cells
    values += [records.check(value) for value in [number, float(number), *texts]]
    assert set(values) == {str(number)}


def test_codes_with_leading_zeros_are_text_everywhere(make_dataset: Make) -> None:
    dataset = make_dataset(features={"code": {"type": "category"}})
    raw = pd.DataFrame({"code": ["01", "1.0"], "price": "1"}, dtype="str")
    assert cleaning.clean(raw, dataset).rows["code"].tolist() == ["01", "1"]
    assert field("code", dataset, 100).check("01") == "01"


def test_keys_and_classes_have_one_spelling_too(make_dataset: Make) -> None:
    dataset = make_dataset(
        task="multiclass", metric="accuracy", target={"name": "price"}, key=["id"], group="shop"
    )
    good = {"carat": "1", "facets": "3", "cut": "Good", "price": "2.0", "id": "5.0", "shop": "7.0"}
    row = cleaning.clean(pd.DataFrame([good], dtype="str"), dataset).rows.iloc[0]
    assert [row["price"], row["id"], row["shop"]] == ["2", "5", "7"]
