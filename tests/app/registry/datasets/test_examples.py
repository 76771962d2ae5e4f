from __future__ import annotations

import json
from typing import Any

import pytest

from app.records.records import Records
from app.registry.datasets import examples
from app.registry.datasets.examples import TEXTS, WORD, made
from app.store.redaction import Redaction
from src.data.features import Bounds
from src.data.schema import Dataset
from src.support.structs import convert

NUMBER: dict[str, Any] = {"type": "number"}


def dataset(**features: Any) -> Dataset:
    given = {"name": "things", "task": "regression", "source": "things.csv", "metric": "mae"}
    return convert({**given, "target": {"name": "y"}, "features": features}, Dataset, "dataset")


def first(feature: dict[str, Any], typical: Any = None, learnt: Any = None) -> Any:
    """Return what stands in the one column of the first example."""
    return every(feature, typical, learnt)[0].get("a")


def every(
    feature: dict[str, Any], typical: Any = None, learnt: Any = None, **words: Any
) -> list[dict[str, Any]]:
    of = dataset(a=feature)
    records = Records(of, most=10, longest_text=words.pop("longest", 100))
    found = made(records, of, {"a": typical}, learnt, **words)
    for record in found:
        records.decode(json.dumps(record).encode())
    return found


@pytest.mark.parametrize(
    ("feature", "typical", "value"),
    [
        (NUMBER, 57.123456, 57.1),
        (NUMBER, 0.0, 0.0),
        (NUMBER, None, 0.0),
        ({"type": "integer"}, 1234567.0, 1230000),
        ({"type": "integer", "min": 1, "max": 2}, None, 1),
        ({**NUMBER, "min": 1, "max": 4}, None, 2.5),
        ({**NUMBER, "above": 0}, None, 1.0),
        ({**NUMBER, "below": 0}, None, -1.0),
        ({**NUMBER, "min": 99.96, "max": 99.99}, 99.97, 99.975),
        ({"type": "integer", "above": 0.5, "below": 1.5}, None, 1),
        ({"type": "category", "order": ["low", "mid", "high"]}, "mid", "mid"),
        ({"type": "category", "values": [40, 56]}, None, "40"),
        ({"type": "text"}, None, TEXTS[0]),
    ],
)
def test_a_value_is_the_typical_one_else_what_the_yaml_allows(
    feature: dict[str, Any], typical: Any, value: Any
) -> None:
    assert first(feature, typical) == value


@pytest.mark.parametrize(
    ("learnt", "value"),
    [
        ({"rows": 1000, "levels": {"a": ["Anna", "Bert"]}}, "Anna"),
        ({"rows": 15, "levels": {"a": ["Anna", "Bert"]}}, WORD),
        ({"rows": 1000, "levels": {}}, WORD),
        (None, WORD),
    ],
    ids=["of many rows", "of a few", "nearly each row its own", "of a bundle of before"],
)
def test_a_level_that_was_learnt_is_shown_where_many_rows_have_it(learnt: Any, value: str) -> None:
    assert first({"type": "category"}, "Anna", learnt) == value


def test_examples_differ_in_all_that_can() -> None:
    assert [one["a"] for one in every(NUMBER, 10.0)] == [10.0, 9.0, 11.0, 8.0, 12.0]
    assert [one["a"] for one in every({"type": "category", "values": ["x", "y"]})] == ["x", "y"]
    assert [one["a"] for one in every({"type": "text"})] == list(TEXTS)
    assert len(every({"type": "category"})) == 1


def test_a_number_stays_within_its_bounds() -> None:
    assert [one["a"] for one in every({**NUMBER, "max": 10}, 10.0)] == [10.0, 9.0, 8.0]


def test_a_text_is_as_short_as_it_has_to_be() -> None:
    assert [one["a"] for one in every({"type": "text"}, longest=10)] == [WORD]
    assert [one["a"] for one in every({"type": "text"}, longest=2)] == ["e"]


def test_of_a_hidden_column_nothing_is_typical() -> None:
    feature = {"type": "integer", "min": 0, "max": 10}
    assert [one["a"] for one in every(feature, 7.0, redaction=Redaction(["A"]))] == [5]


def test_bounds_have_a_number_within() -> None:
    for bounds in (Bounds(), Bounds(min=3), Bounds(above=0, below=1e-9), Bounds(max=-1e308)):
        assert any(map(bounds.hold, examples.within(bounds))), bounds
