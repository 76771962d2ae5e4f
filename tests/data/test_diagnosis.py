from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from src.data import cleaning
from src.data.schema import Dataset

Make = Callable[..., Dataset]
NUMBER, CATEGORY = {"type": "number"}, {"type": "category"}


def notes(make_dataset: Make, kind: dict[str, Any], cells: list[str], **keys: Any) -> list[str]:
    dataset = make_dataset(features={"x": kind}, max_rejected=0.99, duplicates="keep", **keys)
    some = {"x": [*cells, "1"], "price": "5"} | dict.fromkeys(dataset.extra_columns(), "7")
    cleaned = cleaning.clean(pd.DataFrame(some, dtype="str"), dataset)
    return [note for note in cleaned.notes if "the same as an earlier one" not in note]


@pytest.mark.parametrize(
    ("kind", "cells", "said"),
    [
        (
            NUMBER,
            [f"$8{at},835.00 " for at in range(9)],
            "`x`: 9 of 10 cells are no number, like '$80,835.00 '; add `prefix: $, thousands: ','`",
        ),
        (
            NUMBER,
            ["red", "red", "blue", "blue", "red"],
            "`x`: 5 of 6 cells are no number, like 'red'; `type: category` takes words",
        ),
        (
            {"type": "integer"},
            ["1.5", "2"],
            "`x`: 1 cell is no whole number, like '1.5'; `type: number`",
        ),
        (
            {**NUMBER, "min": 0},
            ["-1", "-2"],
            "`x`: 2 cells are not at least 0, like '-1'",
        ),
        (
            {**NUMBER, "prefix": "CHF", "thousands": ".", "decimal": ","},
            [*[f"CHF {at}.{at}00,50" for at in range(1, 9)] * 9, "on request"],
            "`x`: 1 of 74 cells are no number, like 'on request'",
        ),
        (
            {"type": "date", "format": "%d.%m.%Y"},
            [*[f"{at}.01.2024" for at in range(10, 30)] * 9, "soon"],
            "`x`: 2 of 182 cells are no moment, like 'soon'",
        ),
        (NUMBER, [""] * 3, "`x` is empty in 75% of the rows: `optional: true`"),
        (NUMBER, ["", *["2"] * 200], "`x` is empty in 1 row: `optional: true`"),
        (
            CATEGORY,
            ["NA", "NA", "NL"],
            "'NA' counts as missing in `x` (2 cells): where it is a value, list it in values, or "
            "set `missing`",
        ),
        (
            {**CATEGORY, "values": [1, "Good"]},
            ["god", "good", "god"],
            "`x`: 3 cells are not one of its values, like 'god' (2), 'good' (1, "
            "did you mean 'Good'?)",
        ),
        (
            {**CATEGORY, "values": [16, 1]},
            ["020"],
            "`x`: 1 cell is not one of its values, like '020' (1); YAML reads 020 as 16: quote it, "
            "'020'",
        ),
        (
            {**CATEGORY, "values": [630, "1"]},
            ["10:30"],
            "`x`: 1 cell is not one of its values, like '10:30' (1); YAML reads 10:30 as 630: "
            "quote it, '10:30'",
        ),
        (
            {**CATEGORY, "values": [1000.0, "1"]},
            ["1e3"],
            None,
        ),
        (
            {**CATEGORY, "values": [1000.0, "1", "a"]},
            ["1e3"],
            "`x`: 1 cell is not one of its values, like '1e3' (1); YAML reads 1e3 as 1000.0: quote "
            "it, '1e3'",
        ),
        (
            {**CATEGORY, "values": ["1", "True", "False"]},
            ["true", "FALSE"],
            "`x`: 2 cells are not one of its values, like 'FALSE' (1, did you mean 'False'?), "
            "'true' (1, did you mean 'True'?); `type: boolean` takes them",
        ),
    ],
)
def test_a_column_is_told_with_what_mends_it(
    make_dataset: Make, kind: dict[str, Any], cells: list[str], said: str | None
) -> None:
    assert notes(make_dataset, kind, cells) == ([] if said is None else [said])


@pytest.mark.parametrize("kind", [{**CATEGORY, "optional": True}, {"type": "text"}])
def test_a_word_that_counts_as_missing_is_told_though_it_is_no_fault(
    make_dataset: Make, kind: dict[str, Any]
) -> None:
    said = notes(make_dataset, kind, ["NA", "null"])
    assert any(one.startswith("'NA' counts as missing in `x` (1 cell)") for one in said)
    assert any(one.startswith("'null' counts as missing in `x` (1 cell)") for one in said)


def test_words_that_the_yaml_names_as_missing_are_not_told(make_dataset: Make) -> None:
    kind = {**CATEGORY, "optional": True}
    assert notes(make_dataset, kind, ["NA", ""], missing=["", "NA"]) == []


@pytest.mark.parametrize(
    ("cells", "is_told"),
    [
        (["1.250.000", "5.000", "12.500", "950"], True),
        (["5.000", "12.500", "7.125", "1950"], False),
        (["5.000", "12.500", "7.125", "0.5"], False),
        (["5.000", "0.125", "7.125", "950"], False),
        (["5.000", "950", "10", "20"], False),
    ],
)
def test_a_point_that_may_group_thousands_is_told(
    make_dataset: Make, cells: list[str], is_told: bool
) -> None:
    dataset = make_dataset(features={"x": NUMBER}, max_rejected=0.99)
    raw = pd.DataFrame({"x": cells, "price": "5"}, dtype="str")
    said = cleaning.clean(raw, dataset).notes
    assert any("'5.000' is read as 5" in one for one in said) == is_told


def test_a_format_of_dates_is_found(make_dataset: Make) -> None:
    dataset = make_dataset(features={"x": {"type": "date"}}, max_rejected=0.999)
    raw = pd.DataFrame({"x": ["31.01.2024", "01.02.2024", "2024-01-01"] * 60, "price": "5"})
    raw.loc[2:, "x"] = "13.01.2024"
    raw.loc[0, "x"] = "2024-01-01"
    assert (
        "`type: date, format: '%d.%m.%Y'`" in cleaning.clean(raw.astype("str"), dataset).notes[-1]
    )


def test_words_that_no_boolean_knows_are_told(make_dataset: Make) -> None:
    said = notes(make_dataset, {"type": "boolean"}, ["yes", "perhaps", "no"])
    assert said == [
        "`x`: 1 cell is neither true nor false, like 'perhaps'; `true_words` and `false_words` "
        "list what is"
    ]


def test_columns_that_hold_nothing_are_named(make_dataset: Make) -> None:
    features = {
        "a": NUMBER,
        "b": {**NUMBER, "optional": True},
        "c": {"type": "text", "optional": True},
    }
    raw = pd.DataFrame({"a": ["1"], "b": [" "], "c": ["NA"], "price": ["5"]}, dtype="str")
    said = cleaning.clean(raw, make_dataset(features=features)).notes
    assert said[-1].startswith("`b`, `c` hold nothing")


def test_keys_that_a_spreadsheet_rounded_are_told(make_dataset: Make) -> None:
    dataset = make_dataset(features={"x": NUMBER}, key=["id"])
    ids = ["5.70E+17", "5.71E+17", "5.70E+17"]
    raw = pd.DataFrame({"x": ["1", "2", "3"], "id": ids, "price": "5"}, dtype="str")
    said = cleaning.clean(raw, dataset).notes
    assert said == (
        "`id`: 3 rows share 2 values such as '5.70E+17', which a spreadsheet rounded: export them "
        "anew as text",
    )
