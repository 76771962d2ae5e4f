from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.schema import Dataset
from src.inference.cells import Cells
from src.inference.combination import Combination
from src.learning import combination, exporting
from src.support.structs import convert

NAMES = ["length", "width", "weight", "age"]


def dataset(names: list[str] = NAMES) -> Dataset:
    values = {
        "name": "boxes",
        "task": "binary",
        "source": "data/boxes.csv",
        "target": {"name": "sold", "values": ["no", "yes"], "positive": "yes"},
        "features": {name: {"type": "number", "optional": True} for name in names},
        "metric": "f1",
    }
    return convert(values, Dataset)


def boxes(count: int, seed: int) -> pd.DataFrame:
    """Draw boxes whose weight follows from length and width, skew, with gaps; age is free."""
    draw = np.random.default_rng(seed)
    length = draw.lognormal(3, 0.6, count)
    width = length * draw.lognormal(0, 0.1, count)
    weight = length * width * draw.lognormal(0, 0.1, count)
    rows = pd.DataFrame(
        {"length": length, "width": width, "weight": weight, "age": draw.poisson(2.0, count)}
    ).astype(float)
    rows.loc[draw.random(count) < 0.1, "width"] = np.nan
    return rows


def measured(rows: pd.DataFrame) -> tuple[dict[str, Any], Combination]:
    known = dataset(list(rows))
    found = combination.measure(known, rows)
    assert found is not None
    return found, Combination(json.loads(json.dumps(found, allow_nan=False)), list(rows))


def rate(made: Combination, rows: pd.DataFrame) -> float:
    records = exporting.records(rows, dataset(list(rows)))
    return float((made.distances(made.scores(Cells(records))) > made.threshold).mean())


@pytest.mark.parametrize("count", [100, 500, 3000])
def test_of_rows_that_were_not_seen_almost_none_is_unusual(count: int) -> None:
    rates = [rate(measured(boxes(count, seed))[1], boxes(20_000, 99)) for seed in range(5)]
    assert np.mean(rates) <= 0.001, rates


def test_numbers_that_are_usual_each_may_be_unusual_together() -> None:
    rows = boxes(3000, 0)
    _, made = measured(rows)
    low, high = rows.quantile(0.1), rows.quantile(0.9)
    small = (low["length"], low["width"], low["weight"], 2.0)
    assert not made.is_unusual(small)
    odd = (low["length"], low["width"], high["weight"], 2.0)
    assert made.is_unusual(odd)
    name, usual = made.oddest(odd)
    assert name == "weight"
    assert low["weight"] / 2 < usual < low["weight"] * 2


def test_what_is_missing_says_nothing_and_what_is_there_still_does() -> None:
    rows = boxes(3000, 0)
    _, made = measured(rows)
    low, high = rows.quantile(0.1), rows.quantile(0.9)
    assert not made.is_unusual((high["length"], None, high["weight"], None))
    assert made.is_unusual((low["length"], None, high["weight"], None))
    assert not made.is_unusual((None, None, None, None))
    assert not made.is_unusual((None, None, high["weight"], None))


def test_a_few_wrong_rows_hide_no_other() -> None:
    rows = boxes(3000, 0)
    for at in range(2):
        rows.loc[at, "width"] = 1e6
    _, made = measured(rows)
    low, high = rows.quantile(0.1), rows.quantile(0.9)
    assert made.is_unusual((low["length"], low["width"], high["weight"], 2.0))
    assert rate(made, boxes(20_000, 99)) <= 0.001


def test_one_record_and_many_are_judged_alike() -> None:
    rows = boxes(500, 1)
    _, made = measured(rows)
    mixed = boxes(500, 2).sample(frac=1, random_state=0).reset_index(drop=True)
    mixed["weight"] = boxes(500, 3)["weight"]  # of other boxes
    records = exporting.records(mixed, dataset())
    many = made.distances(made.scores(Cells(records))) > made.threshold
    assert [made.is_unusual(record) for record in records] == many.tolist()
    assert 0.05 < many.mean() < 0.95


def test_columns_that_are_equal_or_the_same_everywhere_do_no_harm() -> None:
    rows = boxes(500, 1)
    twice = rows.assign(also=rows["length"], same=3.0, rare=np.arange(500) < 3)
    found, made = measured(twice.astype(float))
    assert found["features"] == ["length", "width", "weight", "age", "also"]
    record = (*rows.median(), rows["length"].median(), 3.0, 1.0)
    assert not made.is_unusual(record)
    assert made.is_unusual((*record[:4], rows["length"].quantile(0.99), 3.0, 0.0))


@pytest.mark.parametrize(
    "rows",
    [boxes(40, 0), boxes(500, 0)[["age"]], boxes(500, 0) * np.nan, boxes(500, 0) * 0],
    ids=["few", "one", "missing", "constant"],
)
def test_there_may_be_nothing_to_measure(rows: pd.DataFrame) -> None:
    assert combination.measure(dataset(list(rows)), rows) is None


def test_of_many_columns_those_that_others_tell_most_of_take_part() -> None:
    draw = np.random.default_rng(0)
    free = pd.DataFrame(draw.normal(size=(300, 40)), columns=[f"free{at}" for at in range(40)])
    rows = pd.concat([free, boxes(300, 0)], axis=1)
    found, _ = measured(rows)
    assert len(found["features"]) == combination.MOST_FEATURES
    assert {"length", "width", "weight"} <= set(found["features"])


def test_a_look_is_that_of_many_and_says_where_a_number_is_at_an_end() -> None:
    rows = boxes(3000, 0)
    _, made = measured(rows)
    ends = made.ends()
    middle = tuple(rows.median())
    assert made.look(middle) == (False, True)
    for own, name in zip(made.at, made.features, strict=True):
        for end in (ends[name][0] * 0.5 - 1, ends[name][1] * 2 + 1, float("inf")):
            record = tuple(end if place == own else cell for place, cell in enumerate(middle))
            distance = made.distances(made.scores(Cells([record])))[0]
            assert made.look(record) == (distance > made.threshold, False)
    for gaps in ([0], [1, 3], [0, 1, 2], [0, 1, 2, 3], [0]):
        record = tuple(None if at in gaps else cell for at, cell in enumerate(middle))
        distance = made.distances(made.scores(Cells([record])))[0]
        assert made.look(record) == (distance > made.threshold, True)
