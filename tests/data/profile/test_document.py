from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data import cleaning
from src.data.prepared import Prepared
from src.data.profile import document as profile
from src.data.schema import Dataset

CARATS = ["1", "1", "2", "-1", "3", "0", "x", "1"]
PRICES = ["10", "10", "20", "5", "30", "-3", "7", "11"]
RAW = pd.DataFrame(
    {"carat": CARATS, "facets": ["1"] * 8, "cut": ["Fair"] * 7 + ["Fair"], "price": PRICES}
)


def profiled(dataset: Dataset, raw: pd.DataFrame = RAW) -> dict[str, Any]:
    cleaned = cleaning.clean(raw.astype(str), dataset)
    rows = cleaned.rows
    origin = {"source": "data/stones.csv", "md5": "m" * 32, **cleaned.quality()}
    rejected = cleaned.rejected.iloc[:, :2]
    ready = Prepared(rows.iloc[1:], rows.iloc[:1], origin)
    found = profile.profile(dataset, ready, rejected, "f" * 64)
    json.dumps(found, allow_nan=False)
    return found


@pytest.fixture
def found(make_dataset: Callable[..., Dataset]) -> dict[str, Any]:
    return profiled(make_dataset(max_rejected=0.9))


def test_it_says_what_it_describes(found: dict[str, Any]) -> None:
    assert (found["dataset"], found["task"], found["target"]) == ("stones", "regression", "price")
    assert found["data"] == {"source": "data/stones.csv", "md5": "m" * 32, "prepared": "f" * 64}
    counts = {"read": 8, "accepted": 4, "rejected": 4, "unlabelled": 0, "train": 3, "test": 1}
    assert found["rows"] == counts


def test_rows_without_a_target_are_counted_beside_the_rejected_ones(
    make_dataset: Callable[..., Dataset],
) -> None:
    raw = RAW.assign(price=["10", "", *PRICES[2:]])
    assert profiled(make_dataset(max_rejected=0.9), raw)["rows"]["unlabelled"] == 1


def test_rejected_rows_are_counted_by_rule_and_by_their_first_reason(
    found: dict[str, Any],
) -> None:
    assert found["rejected"]["by_rule"] == {"not_a_number": 1, "out_of_range": 3, "duplicate": 1}
    assert found["rejected"]["reasons"] == [
        {"reason": "carat is not above 0 and at most 20", "rows": 2, "lines": [5, 7]},
        {"reason": "carat is not a number", "rows": 1, "lines": [8]},
        {"reason": "the same as an earlier row", "rows": 1, "lines": [3]},
    ]


def test_a_reason_ends_before_the_cell_whatever_that_holds() -> None:
    rejected = pd.DataFrame(
        {"line": ["2", "3"], "reasons": ['a is not a number: "it\'s; so"; b is missing', "b; c"]}
    )
    told = profile._reasons(rejected)
    assert [one["reason"] for one in told] == ["a is not a number", "b"]


def test_duplicates_and_contradictions_are_counted(
    found: dict[str, Any], make_dataset: Callable[..., Dataset]
) -> None:
    assert found["duplicates"] == {
        "rule": "whole",
        "rejected": 1,
        "kept": 0,
        "contradicting": 2,  # one stone, 10 and 11
    }
    kept = profiled(make_dataset(max_rejected=0.9, duplicates="keep"))["duplicates"]
    assert kept == {"rule": "keep", "rejected": 0, "kept": 1, "contradicting": 3}


def test_the_first_rows_stand_there_as_they_are_the_target_first(found: dict[str, Any]) -> None:
    assert [column["name"] for column in found["columns"]] == ["price", "carat", "facets", "cut"]
    assert found["sample"][0] == [10, 1, 1, "Fair"]
    assert len(found["sample"]) == 4


def test_a_long_text_is_cut_and_a_missing_number_is_null(
    make_dataset: Callable[..., Dataset],
) -> None:
    features = {"note": {"type": "text"}, "depth": {"type": "number", "optional": True}}
    raw = pd.DataFrame({"note": ["word " * 90, "short"], "depth": ["", "2.5"], "price": ["1", "2"]})
    found = profiled(make_dataset(features=features), raw)
    first, second = found["sample"]
    assert len(first[1]) == profile.LONGEST
    assert first[1].endswith("…")
    assert first[2] is None
    assert second == [2, "short", 2.5]


def test_each_feature_stands_against_the_target_and_text_has_words(
    make_dataset: Callable[..., Dataset],
) -> None:
    features = {"note": {"type": "text"}, "depth": {"type": "number"}}
    raw = pd.DataFrame(
        {
            "note": ["cheap stone", "dear stone"] * 10,
            "depth": [str(at) for at in range(20)],
            "price": [str(1 + at % 2) for at in range(20)],
        }
    )
    target, note, depth = profiled(make_dataset(features=features), raw)["columns"]
    assert "against_target" not in target
    assert depth["against_target"]["kind"] == "grid"
    assert [group["words"][0]["word"] for group in note["telling"]] == ["cheap", "dear"]
    assert "telling" not in depth


def test_the_document_stays_small(make_dataset: Callable[..., Dataset]) -> None:
    draw = np.random.default_rng(1)
    names = [f"f{at}" for at in range(60)]
    frame = pd.DataFrame(draw.normal(size=(5000, 60)), columns=names)
    frame["price"] = draw.lognormal(size=5000)
    features = {name: {"type": "number"} for name in names}
    rows = frame.round(4).astype(str)
    document = profiled(make_dataset(features=features), rows)
    assert len(json.dumps(document, separators=(",", ":"))) < 400_000
