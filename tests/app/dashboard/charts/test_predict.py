from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from app.dashboard.charts import predict
from src.inference.reasons.contributions import OTHER_WORDS

BINS = {"scale": "linear", "edges": [0, 10, 20], "rows": [3, 5]}
WHY = {
    "base": 100.0,
    "contributions": [
        {"feature": f"f{at}", "value": float(at), "contribution": amount}
        for at, amount in enumerate([1, -2, 3, -40, 5, 6, 7, 8, 9, 10], start=1)
    ],
}


def values(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the rows of each layer, wherever Altair put them."""
    shared = spec.get("data", {}).get("values", [])
    return [layer.get("data", {}).get("values", shared) for layer in spec["layer"]]


def test_the_largest_steps_lead_from_a_typical_one_to_this_one() -> None:
    way = predict.steps(WHY, 107.0, {"f4": "mm"}, "stone")
    labels = [step["label"] for step in way]
    assert labels[:3] == ["a typical stone", "f4 4 mm", "f10 10"]
    assert labels[-2:] == ["all 2 others", "this one"]
    assert len(way) == predict.MOST_PARTS + 3
    for before, after in pairwise(way):
        assert after["start"] == pytest.approx(before["end"])
    assert [step["is"] for step in way[:3]] == ["total", "down", "up"]
    assert way[-2]["end"] - way[-2]["start"] == 1 - 2


def test_nothing_is_summed_up_that_would_stand_alone() -> None:
    why = {**WHY, "contributions": WHY["contributions"][: predict.MOST_PARTS + 1]}  # type: ignore[index]
    assert not any("other" in step["label"] for step in predict.steps(why, 97.0, {}, "stone"))


def test_words_are_quoted_and_those_that_are_absent_come_last() -> None:
    parts = [
        {"feature": "text", "word": OTHER_WORDS, "value": None, "contribution": 0.3},
        {"feature": "text", "word": "rose", "value": 1, "contribution": 0.2},
        {"feature": "text", "word": OTHER_WORDS, "value": 2, "contribution": -0.1},
    ]
    way = predict.steps({"base": 0.1, "contributions": parts}, 0.5, {}, "note")
    labels = [step["label"] for step in way[1:-1]]
    assert labels == ["'rose'", f"'{OTHER_WORDS}'", "words it does not have"]


@pytest.mark.parametrize(
    ("value", "unit", "label"),
    [
        (None, "", "carat is missing"),
        (1.50, "carat", "carat 1.5"),
        (1.50, "g", "carat 1.5 g"),
        ("x" * 99, "", f"carat {'x' * predict.LONGEST}\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_a_step_is_named_by_its_value(value: Any, unit: str, label: str) -> None:
    part = {"feature": "carat", "value": value, "contribution": 1.0}
    way = predict.steps({"base": 0.0, "contributions": [part]}, 1.0, {"carat": unit}, "stone")
    assert way[1]["label"] == label


def test_steps_are_told_in_the_answers_unit_or_in_points() -> None:
    step = {"start": 0.5, "end": 0.25, "is": "down"}
    assert predict.said(step, is_share=True) == "-25 points"
    assert predict.said(step, is_share=False) == "-0.25"
    assert predict.said({**step, "is": "total"}, is_share=True) == "25%"


@pytest.mark.parametrize("is_share", [False, True])
def test_a_waterfall_is_json(is_share: bool) -> None:
    way = predict.steps(WHY, 107.0, {}, "stone")
    spec = predict.waterfall(way, "price", is_share=is_share)
    json.dumps(spec, allow_nan=False)
    assert values(spec)[0][1]["short"] == predict.said(way[1], is_share=is_share).split(" ")[0]


def test_a_waterfall_of_nothing_has_a_width() -> None:
    way = predict.steps({"base": 0.0, "contributions": []}, 0.0, {}, "stone")
    low, high = predict.waterfall(way, "price", is_share=False)["layer"][0]["encoding"]["x"][
        "scale"
    ]["domain"]
    assert low < high


def test_the_range_is_drawn_among_all_values() -> None:
    spec = predict.likely(BINS, (5.0, 8.0, 12.0), 9.0, "price")
    bars, band, rules, _ = values(spec)
    assert [bar["rows"] for bar in bars] == [3, 5]
    assert band == [{"low": 5.0, "high": 12.0}]
    assert [one["is"] for one in rules] == ["prediction", "truth"]
    assert len(values(predict.likely(None, (5.0, 8.0, 12.0), None, "price"))) == 3


@pytest.mark.parametrize(("low", "scale"), [(0.5, "log"), (-1.0, "linear")])
def test_a_logarithm_is_drawn_where_there_is_one(low: float, scale: str) -> None:
    bins = {"scale": "log", "edges": [0, 1, 10, 100], "rows": [1, 2, 3]}
    spec = predict.likely(bins, (low, 8.0, 12.0), None, "price")
    assert spec["layer"][0]["encoding"]["x"]["scale"]["type"] == scale
    starts = [bar["from"] for bar in values(spec)[0]]
    assert starts == ([1, 10] if scale == "log" else [0, 1, 10])


def test_the_likeliest_classes_come_first_and_not_too_many() -> None:
    classes = [
        {"name": str(at), "probability": at / 100, "likely": at > 27, "usual": None}
        for at in range(30)
    ]
    spec = predict.probabilities(classes, "room")
    names = [one["name"] for one in values(spec)[0]]
    assert names[:2] == ["29", "28"]
    assert len(names) == predict.MOST_CLASSES
    json.dumps(spec, allow_nan=False)
