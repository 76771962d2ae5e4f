from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from src.data import cleaning, sources
from src.data.cleaning import Cleaned
from src.data.schema import Dataset
from src.support.errors import UserError

Make = Callable[..., Dataset]

FEATURES: dict[str, Any] = {
    "carat": {"type": "number", "above": 0, "max": 20},
    "weight": {"type": "number", "min": -1, "below": 1, "optional": True},
    "facets": {"type": "integer", "min": 0},
    "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"]},
    "code": {"type": "category", "values": [1, 2, 10], "optional": True},
    "lab": {"type": "category"},
    "note": {"type": "text", "optional": True},
}
GOOD = {
    "carat": "1.5",
    "weight": "0.5",
    "facets": "3",
    "cut": "Good",
    "code": "2",
    "lab": "any",
    "note": "some words",
    "price": "100",
}
WHOLE: dict[str, Any] = {"features": FEATURES, "max_rejected": 1.0}


def clean(dataset: Dataset, *rows: dict[str, str]) -> Cleaned:
    """Clean rows that are GOOD but for what is given."""
    return cleaning.clean(pd.DataFrame([{**GOOD, **row} for row in rows], dtype=str), dataset)


@pytest.fixture(scope="module")
def wide(make_dataset: Make) -> Dataset:
    return make_dataset(**WHOLE)


def test_good_cells_become_values_of_their_types(wide: Dataset) -> None:
    cleaned = clean(wide, {})
    assert cleaned.rejected.empty
    assert cleaned.counts == {}
    assert cleaned.rows.to_dict("records") == [
        {
            "carat": 1.5,
            "weight": 0.5,
            "facets": 3.0,
            "cut": "Good",
            "code": "2",
            "lab": "any",
            "note": "some words",
            "price": 100.0,
        }
    ]
    assert list(cleaned.rows.columns) == wide.columns()
    for name in ("carat", "weight", "facets", "price"):
        assert cleaned.rows[name].dtype == np.float64


@pytest.mark.parametrize(
    ("name", "cell", "rule", "words"),
    [
        ("carat", "", "missing", "carat is missing"),
        ("carat", "NA", "missing", "carat is missing"),
        ("carat", " null ", "missing", "carat is missing"),
        ("facets", "nan", "missing", "facets is missing"),
        ("cut", "None", "missing", "cut is missing"),
        ("lab", "N/A", "missing", "lab is missing"),
        ("carat", "heavy", "not_a_number", "carat is not a number: 'heavy'"),
        ("carat", "1,5", "not_a_number", "carat is not a number: '1,5'"),
        ("carat", "1 000", "not_a_number", "carat is not a number: '1 000'"),
        ("carat", "0x10", "not_a_number", "carat is not a number: '0x10'"),
        ("carat", "True", "not_a_number", "carat is not a number: 'True'"),
        ("carat", "inf", "not_a_number", "carat is not a number: 'inf'"),
        ("carat", "-Infinity", "not_a_number", "carat is not a number: '-Infinity'"),
        ("carat", "1e999", "not_a_number", "carat is not a number: '1e999'"),
        ("weight", "inf", "not_a_number", "weight is not a number: 'inf'"),
        ("facets", "three", "not_a_number", "facets is not a number: 'three'"),
        ("facets", "3.5", "not_an_integer", "facets is not a whole number: '3.5'"),
        ("facets", "-1.5", "not_an_integer", "facets is not a whole number: '-1.5'"),
        ("carat", "0", "out_of_range", "carat is not above 0 and at most 20: '0'"),
        ("carat", "20.01", "out_of_range", "carat is not above 0 and at most 20: '20.01'"),
        ("weight", "1", "out_of_range", "weight is not at least -1 and below 1: '1'"),
        ("weight", "-1.5", "out_of_range", "weight is not at least -1 and below 1: '-1.5'"),
        ("facets", "-1", "out_of_range", "facets is not at least 0: '-1'"),
        ("cut", "Great", "unknown_category", "cut is not one of its values: 'Great'"),
        ("cut", "good", "unknown_category", "cut is not one of its values: 'good'"),
        ("cut", "1", "unknown_category", "cut is not one of its values: '1'"),
        ("code", "3", "unknown_category", "code is not one of its values: '3'"),
        ("code", "1.5", "unknown_category", "code is not one of its values: '1.5'"),
        ("code", "one", "unknown_category", "code is not one of its values: 'one'"),
        ("price", "", "missing_target", "price is missing"),
        ("price", "NaN", "missing_target", "price is missing"),
        ("price", "dear", "not_a_number", "price is not a number: 'dear'"),
        ("price", "inf", "not_a_number", "price is not a number: 'inf'"),
        ("price", "0", "out_of_range", "price is not above 0: '0'"),
    ],
)
def test_a_cell_that_breaks_a_rule_rejects_its_row(
    wide: Dataset, name: str, cell: str, rule: str, words: str
) -> None:
    cleaned = clean(wide, {}, {name: cell})
    assert cleaned.rows.index.tolist() == [0]
    assert cleaned.counts == {rule: 1}
    assert cleaned.rejected["reasons"].tolist() == [words]
    assert cleaned.rejected["line"].tolist() == [3]
    assert cleaned.rejected[name].tolist() == [cell]


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("carat", "20", 20.0),
        ("carat", "1e-300", 1e-300),
        ("carat", " 1.5\t", 1.5),
        ("carat", "0.1", 0.1),
        ("weight", "-1", -1.0),
        ("weight", "0.999", 0.999),
        ("facets", "0", 0.0),
        ("facets", "1e2", 100.0),
        ("facets", "3.0", 3.0),
        ("cut", " Ideal ", "Ideal"),
        ("code", "1", "1"),
        ("code", "1.0", "1"),
        ("code", "10.00", "10"),
        ("code", "01", "1"),
        ("lab", "1.0", "1.0"),
        ("lab", "never seen", "never seen"),
        ("note", "", ""),
        ("note", "NA", ""),
        ("note", "  kept  apart  ", "kept  apart"),
    ],
)
def test_a_cell_that_keeps_the_rules_is_accepted(
    wide: Dataset, name: str, cell: str, value: object
) -> None:
    cleaned = clean(wide, {name: cell})
    assert cleaned.rejected.empty
    assert cleaned.rows[name].tolist() == [value]


@pytest.mark.parametrize("name", ["weight", "code"])
def test_an_optional_value_may_be_missing(wide: Dataset, name: str) -> None:
    cleaned = clean(wide, {name: ""}, {name: " NA", "carat": "2"})
    assert cleaned.rejected.empty
    assert cleaned.rows[name].isna().all()


def test_a_marker_that_is_one_of_the_values_is_a_value(make_dataset: Make) -> None:
    features = {"cut": {"type": "category", "values": ["None", "Some"]}}
    cleaned = clean(make_dataset(features=features), {"cut": "None"})
    assert cleaned.rows["cut"].tolist() == ["None"]


def test_the_markers_of_what_is_missing_can_be_chosen(make_dataset: Make) -> None:
    features = {"carat": {"type": "number", "optional": True}}
    dataset = make_dataset(features=features, missing=["-999"], max_rejected=1.0)
    cleaned = clean(dataset, {"carat": "-999"}, {"carat": "NA"})
    assert cleaned.rows["carat"].isna().tolist() == [True]
    assert cleaned.counts == {"not_a_number": 1}


def test_codes_that_differ_as_text_stay_apart(make_dataset: Make) -> None:
    features = {"zip": {"type": "category", "values": ["01234", "1234"]}}
    cleaned = clean(make_dataset(features=features), {"zip": "01234"}, {"zip": "1234"})
    assert cleaned.rows["zip"].tolist() == ["01234", "1234"]


def test_all_faults_of_a_row_are_told_but_the_row_counts_once(wide: Dataset) -> None:
    cleaned = clean(wide, {}, {"carat": "x", "facets": "1.5", "cut": ""})
    assert cleaned.rejected["reasons"].tolist() == [
        "carat is not a number: 'x'; facets is not a whole number: '1.5'; cut is missing"
    ]
    assert cleaned.counts == {"not_a_number": 1, "not_an_integer": 1, "missing": 1}
    assert cleaned.quality()["rejected"] == 1


def test_a_long_cell_is_cut_in_the_reason(wide: Dataset) -> None:
    cleaned = clean(wide, {}, {"carat": "x" * 1000})
    (reason,) = cleaned.rejected["reasons"]
    assert "x" * 20 in reason
    assert len(reason) < 100


def test_quality_is_a_summary_in_numbers(wide: Dataset) -> None:
    cleaned = clean(wide, {}, {}, {"carat": "x"}, {"carat": "x"}, {"carat": "2"}, {"carat": "3"})
    assert cleaned.quality() == {
        "rows": 6,
        "accepted": 3,
        "rejected": 3,
        "rejected_share": 0.5,
        "by_rule": {"not_a_number": 2, "duplicate": 1},
    }


def test_accepted_rows_keep_their_place_in_the_source(wide: Dataset) -> None:
    raw = pd.DataFrame([{**GOOD, "carat": cell} for cell in ("1", "x", "3")], dtype=str)
    raw.index = pd.Index([7, 7, 9])
    cleaned = cleaning.clean(raw, wide)
    assert cleaned.rows.index.tolist() == [0, 2]
    assert cleaned.rejected["line"].tolist() == [3]
    assert raw.index.tolist() == [7, 7, 9]


def test_a_class_of_no_list_is_taken_as_it_is(make_dataset: Make) -> None:
    dataset = make_dataset(
        task="multiclass", metric="accuracy", target={"name": "price"}, max_rejected=1.0
    )
    cleaned = clean(dataset, {"price": " a "}, {"price": "1.0"}, {"price": ""})
    assert cleaned.rows["price"].tolist() == ["a", "1.0"]
    assert cleaned.counts == {"missing_target": 1}


def test_a_class_must_be_one_of_the_list(make_dataset: Make) -> None:
    target = {"name": "price", "values": [0, 1]}
    dataset = make_dataset(task="binary", metric="f1", target=target, max_rejected=1.0)
    cells = ("0", "1.0", "2", "yes", "")
    cleaned = clean(
        dataset, *({"price": cell, "carat": f"{n + 1}"} for n, cell in enumerate(cells))
    )
    assert cleaned.rows["price"].tolist() == ["0", "1"]
    assert cleaned.counts == {"unknown_category": 2, "missing_target": 1}


@pytest.mark.parametrize("cell", ["dev", "", "Train", "1"])
def test_a_split_column_says_train_or_test(make_dataset: Make, cell: str) -> None:
    dataset = make_dataset(split={"method": "column", "column": "part"}, max_rejected=1.0)
    cleaned = clean(dataset, {"part": "train"}, {"part": " test", "carat": "2"}, {"part": cell})
    assert cleaned.rows["part"].tolist() == ["train", "test"]
    assert cleaned.counts == {"unknown_split": 1}
    assert cleaned.rejected["reasons"].tolist() == [f"part is not train or test: {cell!r}"]


def test_a_key_is_kept_as_text(make_dataset: Make) -> None:
    cleaned = clean(make_dataset(key=["id"]), {"id": " 007 "}, {"id": "7"})
    assert cleaned.rows["id"].tolist() == ["007", "7"]


@pytest.mark.parametrize("name", ["line", "reasons"])
def test_a_feature_may_have_any_name(make_dataset: Make, name: str) -> None:
    dataset = make_dataset(features={name: {"type": "number"}}, max_rejected=1.0)
    cleaned = clean(dataset, {name: "1"}, {name: "x"})
    assert len(cleaned.rows) == 1
    assert len(cleaned.rejected) == 1


def test_repeated_rows_are_dropped_but_the_first(wide: Dataset) -> None:
    rows: list[dict[str, str]] = [{}, {"carat": "2"}, {"carat": "1.50"}, {}]
    cleaned = clean(wide, *rows)
    assert cleaned.rows.index.tolist() == [0, 1]
    assert cleaned.counts == {"duplicate": 2}
    assert cleaned.rejected["reasons"].tolist() == ["the same as an earlier row"] * 2
    assert cleaned.rejected["line"].tolist() == [4, 5]


def test_repeated_rows_can_be_kept(make_dataset: Make) -> None:
    cleaned = clean(make_dataset(features=FEATURES, duplicates="keep"), {}, {}, {})
    assert len(cleaned.rows) == 3
    assert cleaned.counts == {}


def test_the_first_row_of_a_key_can_be_kept(make_dataset: Make) -> None:
    dataset = make_dataset(key=["id", "shop"], duplicates="first")
    cleaned = clean(
        dataset,
        {"id": "a", "shop": "x", "carat": "1"},
        {"id": "b", "shop": "x", "carat": "1"},
        {"id": "a", "shop": "x", "carat": "3"},
        {"id": "a", "shop": "y", "carat": "1"},
    )
    assert cleaned.rows.index.tolist() == [0, 1, 3]
    assert cleaned.rejected["reasons"].tolist() == ["the same key as an earlier row"]


def test_a_row_of_another_key_is_no_repetition(make_dataset: Make) -> None:
    cleaned = clean(make_dataset(key=["id"]), {"id": "a"}, {"id": "b"}, {"id": "a"})
    assert cleaned.rows["id"].tolist() == ["a", "b"]


def test_a_faulty_row_does_not_make_a_good_one_a_repetition(make_dataset: Make) -> None:
    dataset = make_dataset(key=["id"], duplicates="first", max_rejected=1.0)
    cleaned = clean(dataset, {"id": "a", "carat": "x"}, {"id": "a"})
    assert cleaned.rows.index.tolist() == [1]
    assert cleaned.counts == {"not_a_number": 1}


def test_repetitions_are_no_faults(make_dataset: Make) -> None:
    cleaned = clean(make_dataset(max_rejected=0), *[{}] * 10)
    assert len(cleaned.rows) == 1
    assert cleaned.counts == {"duplicate": 9}


def test_more_faults_than_allowed_stop_with_the_first_five(make_dataset: Make) -> None:
    dataset = make_dataset(max_rejected=0.25)
    faulty = [{"carat": f"x{n}"} for n in range(6)]
    with pytest.raises(UserError) as caught:
        clean(dataset, {}, *faulty, {"cut": "none", "carat": "y"}, *[{}] * 4)
    message = str(caught.value)
    assert message.startswith("7 of 12 rows of 'stones' break the rules, more than max_rejected")
    assert "(25.0%) allows; the first 5:" in message
    for n in range(5):
        assert f"line {n + 3}: carat is not a number: 'x{n}'" in message
    assert "x5" not in message
    assert "given:   not_a_number 7, unknown_category 1" in message
    assert "raise dataset.max_rejected" in message


@pytest.mark.parametrize(("allowed", "stops"), [(0.2, False), (0.19, True), (0, True)])
def test_faults_up_to_the_limit_are_allowed(
    make_dataset: Make, allowed: float, stops: bool
) -> None:
    rows = [{"carat": str(n)} for n in range(5)]  # the first is out of range
    if stops:
        with pytest.raises(UserError, match="1 of 5 rows"):
            clean(make_dataset(max_rejected=allowed), *rows)
    else:
        assert len(clean(make_dataset(max_rejected=allowed), *rows).rows) == 4


def test_at_least_one_row_must_be_left(make_dataset: Make) -> None:
    with pytest.raises(UserError, match="2 of 2 rows"):
        clean(make_dataset(max_rejected=1), {"carat": "x"}, {"carat": "y"})


def test_cleaning_leaves_the_raw_rows_alone(wide: Dataset) -> None:
    raw = pd.DataFrame([GOOD, {**GOOD, "carat": " x "}], dtype=str)
    before = raw.copy()
    cleaning.clean(raw, wide)
    pd.testing.assert_frame_equal(raw, before)


words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z", "S"]), max_size=6)
missing = st.sampled_from(["", "NA", " nan "])
numbers = (
    st.floats(-30, 30).map(repr)
    | st.integers(-2, 25).map(str)
    | st.sampled_from(["inf", "-inf", "1e400", "1,5", "1_0", " 2 ", "1e0", "0x1", "--1"])
)
codes = st.sampled_from(["1", "2.0", "10", "3", "Fair", "Good", " Ideal", "fair"])
raw_rows = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, numbers | codes | missing | words)),
    max_size=8,
)
RULES = ("drop", "keep", "first")


def with_rule(make_dataset: Make, rule: str) -> Dataset:
    return make_dataset(**WHOLE, duplicates=rule, key=["lab"] if rule == "first" else [])


def breaks_no_rule(row: dict[str, Any]) -> bool:
    weight, code = row["weight"], row["code"]
    return (
        0 < row["carat"] <= 20
        and (math.isnan(weight) or -1 <= weight < 1)
        and row["facets"] >= 0
        and float(row["facets"]).is_integer()
        and row["cut"] in ("Fair", "Good", "Ideal")
        and (code in ("1", "2", "10") or pd.isna(code))
        and isinstance(row["lab"], str)
        and row["lab"].strip() not in ("", "NA", "nan")
        and isinstance(row["note"], str)
        and 0 < row["price"] < math.inf
    )


@settings(max_examples=40)
@given(raw_rows, st.sampled_from(RULES))
def test_every_row_is_either_accepted_or_rejected_with_reasons(
    make_dataset: Make, rows: list[dict[str, str]], rule: str
) -> None:
    cleaned = clean(with_rule(make_dataset, rule), *rows, {})
    accepted = cleaned.rows.index.tolist()
    rejected = [line - sources.FIRST_LINE for line in cleaned.rejected["line"]]
    assert sorted([*accepted, *rejected]) == list(range(len(rows) + 1))
    assert all(cleaned.rejected["reasons"])
    assert cleaned.total == len(rows) + 1
    assert all(cleaned.counts.values())


@settings(max_examples=40)
@given(raw_rows, st.sampled_from(RULES))
def test_accepted_rows_satisfy_the_schema(
    make_dataset: Make, rows: list[dict[str, str]], rule: str
) -> None:
    cleaned = clean(with_rule(make_dataset, rule), *rows, {})
    assert all(breaks_no_rule(row) for row in cleaned.rows.to_dict("records"))
    if rule == "drop":
        assert not cleaned.rows.duplicated().any()
    if rule == "first":
        assert not cleaned.rows["lab"].duplicated().any()


@settings(max_examples=30)
@given(raw_rows, st.sampled_from(RULES))
def test_cleaning_twice_gives_the_same(
    make_dataset: Make, rows: list[dict[str, str]], rule: str
) -> None:
    one, other = (clean(with_rule(make_dataset, rule), *rows, {}) for _ in range(2))
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.rejected, other.rejected)
    assert one.counts == other.counts


@settings(max_examples=40)
@given(raw_rows, st.sampled_from(RULES))
def test_accepted_rows_written_back_are_all_accepted(
    make_dataset: Make, rows: list[dict[str, str]], rule: str
) -> None:
    dataset = with_rule(make_dataset, rule)
    accepted = clean(dataset, *rows, {}).rows
    text = accepted.to_csv(index=False)
    again = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)
    cleaned = cleaning.clean(again, dataset)
    assert cleaned.rejected.empty
    pd.testing.assert_frame_equal(cleaned.rows, accepted.reset_index(drop=True))


def test_equal_rows_on_both_sides_of_a_split_are_duplicates(make_dataset: Make) -> None:
    dataset = make_dataset(split={"method": "column", "column": "part"})
    cleaned = clean(dataset, {"part": "train"}, {"part": "test"})
    assert cleaned.rows["part"].tolist() == ["train"]
    assert cleaned.counts == {"duplicate": 1}


def test_a_row_without_its_key_is_no_duplicate_but_a_fault(make_dataset: Make) -> None:
    dataset = make_dataset(key=["id"], duplicates="first", max_rejected=1.0)
    cleaned = clean(dataset, {"id": "1"}, {"id": ""}, {"id": ""})
    assert cleaned.counts == {"missing": 2}


@pytest.mark.parametrize(
    "named",
    [
        {"group": "id"},
        {"key": ["id"]},
        {"weight": "id"},
        {"split": {"method": "time", "column": "id"}},
    ],
    ids=["group", "key", "weight", "time"],
)
def test_a_row_needs_the_column_that_ties_it_to_others(
    make_dataset: Make, named: dict[str, Any]
) -> None:
    cleaned = clean(make_dataset(**named, max_rejected=1.0), {"id": "1"}, {"id": "NA"})
    assert cleaned.counts == {"missing": 1}
    assert cleaned.rejected["reasons"].tolist() == ["id is missing"]


def test_a_feature_by_which_rows_are_grouped_is_never_missing(make_dataset: Make) -> None:
    features = {"carat": {"type": "number"}, "town": {"type": "category", "optional": True}}
    dataset = make_dataset(features=features, group="town", max_rejected=1.0)
    cleaned = clean(dataset, {"town": "Ulm"}, {"town": "", "carat": "2"})
    assert cleaned.counts == {"missing": 1}


def test_a_time_is_a_number_or_a_date_as_the_others_are(make_dataset: Make) -> None:
    dataset = make_dataset(split={"method": "time", "column": "day"}, max_rejected=1.0)
    cleaned = clean(dataset, {"day": "2024-01-31"}, {"day": "2024-02"}, {"day": "31.1.2024"})
    assert cleaned.rows["day"].tolist() == ["2024-01-31", "2024-02"]
    assert cleaned.counts == {"not_a_time": 1}
    reason = "day is not a number or an ISO date: '31.1.2024'"
    assert cleaned.rejected["reasons"].tolist() == [reason]


def test_dates_that_cannot_be_ordered_stop_everything(make_dataset: Make) -> None:
    dataset = make_dataset(split={"method": "time", "column": "day"})
    with pytest.raises(UserError, match="2 of 2 rows of 'stones' break the rules") as caught:
        clean(dataset, {"day": "1/2/2024"}, {"day": "soon", "carat": "2"})
    assert "line 2: day is not a number or an ISO date: '1/2/2024'" in str(caught.value)


def test_weights_are_numbers(make_dataset: Make) -> None:
    dataset = make_dataset(weight="count", max_rejected=1.0)
    rows = [{"count": count, "carat": str(at + 1)} for at, count in enumerate(["2", "0", "many"])]
    cleaned = clean(dataset, *rows)
    assert cleaned.rows["count"].tolist() == [2.0, 0.0]
    assert cleaned.counts == {"not_a_number": 1}


@pytest.mark.parametrize(
    ("counts", "words"),
    [(["1", "-2"], ["must not be negative", "-2 to 1"]), (["0", "0"], ["are all zero", "0 to 0"])],
)
def test_weights_that_weigh_nothing_or_less_stop_everything(
    make_dataset: Make, counts: list[str], words: list[str]
) -> None:
    rows = [{"count": count, "carat": str(at + 1)} for at, count in enumerate(counts)]
    with pytest.raises(UserError) as caught:
        clean(make_dataset(weight="count"), *rows)
    for word in words:
        assert word in str(caught.value)


def test_some_columns_are_typed_whatever_rules_they_break(wide: Dataset) -> None:
    raw = pd.DataFrame(
        [GOOD, {**GOOD, "carat": " 1.50 ", "code": "2.0", "facets": "x"}, {**GOOD, "carat": "-1"}],
        dtype=str,
    )
    rows, is_good = cleaning.typed(raw, ["carat", "code"], wide)
    assert list(rows.columns) == ["carat", "code"]
    assert rows.iloc[0].equals(rows.iloc[1])
    assert is_good.tolist() == [True, True, False]


KINDS: dict[str, Any] = {
    "day": {"type": "date", "format": "%d.%m.%Y", "max": "2030-12-31"},
    "at": {"type": "datetime", "zone": "Europe/Berlin", "optional": True},
    "start": {"type": "time"},
    "member": {"type": "boolean"},
    "code": {"type": "id"},
    "income": {
        "type": "number",
        "prefix": "$",
        "thousands": ",",
        "missing": ["?"],
        "optional": True,
    },
    "size": {"type": "category", "values": ["S", "M"], "others": True},
}
OF_KINDS = {
    "day": "31.05.2024",
    "at": "2024-07-01T10:00:00Z",
    "start": "13:45",
    "member": "Yes",
    "code": "R007",
    "income": "$84,835.50 ",
    "size": "XXL",
    "price": "1.234,5",
}


@pytest.fixture(scope="module")
def kinds(make_dataset: Make) -> Dataset:
    return make_dataset(
        features=KINDS, max_rejected=1.0, target={"name": "price", "decimal": ",", "thousands": "."}
    )


def of_kinds(dataset: Dataset, **cells: str) -> Cleaned:
    """Clean a row that is OF_KINDS but for what is given, and a good one."""
    frame = pd.DataFrame([OF_KINDS, {**OF_KINDS, **cells}], dtype=str)
    return cleaning.clean(frame, replace(dataset, duplicates="keep"))


def test_dates_booleans_ids_and_written_numbers_become_values(kinds: Dataset) -> None:
    cleaned = of_kinds(kinds)
    assert cleaned.rejected.empty
    assert cleaned.rows.to_dict("records")[0] == {
        "day": 19_874.0,
        "at": 19_905.5,
        "start": 13.75,
        "member": "true",
        "code": "R007",
        "income": 84_835.5,
        "size": "XXL",
        "price": 1_234.5,
    }


@pytest.mark.parametrize(
    ("column", "cell", "rule", "words"),
    [
        ("day", "2024-31-05", "not_a_time", "day is not a date like 2024-05-31: '2024-31-05'"),
        ("day", "01.01.2031", "out_of_range", "day is not until 2030-12-31: '01.01.2031'"),
        ("start", "25:00", "not_a_time", "start is not a time like 12:30 or 12:30:59: '25:00'"),
        ("member", "maybe", "unknown_category", "member is neither true nor false: 'maybe'"),
        ("income", "€5", "not_a_number", "income is not a number: '€5'"),
        ("price", "1.5", "not_a_number", "price is not a number: '1.5'"),
        ("code", "", "missing", "code is missing"),
    ],
)
def test_a_cell_of_no_such_kind_is_rejected_as_it_was_written(
    kinds: Dataset, column: str, cell: str, rule: str, words: str
) -> None:
    cleaned = of_kinds(kinds, **{column: cell})
    assert cleaned.counts == {rule: 1}
    assert cleaned.rejected["reasons"].tolist() == [words]


def test_a_column_says_what_is_missing_in_it(kinds: Dataset) -> None:
    cleaned = of_kinds(kinds, income="?", at="")
    assert cleaned.rejected.empty
    assert math.isnan(cleaned.rows["income"].iloc[1])
    assert math.isnan(cleaned.rows["at"].iloc[1])
    assert of_kinds(kinds, income="NA").counts == {"not_a_number": 1}
