from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.schema import Dataset
from src.inference.alike import Alike
from src.inference.cells import Cells
from src.learning import alike, exporting
from src.support.structs import convert


def dataset(task: str = "regression") -> Dataset:
    target = {"name": "rent"}
    if task == "binary":
        target = {"name": "rent", "values": ["0", "1"], "positive": "1"}  # type: ignore[dict-item]
    values = {
        "name": "flats",
        "task": task,
        "source": "data/flats.csv",
        "target": target,
        "features": {
            "size": {"type": "number", "optional": True},
            "town": {"type": "category", "optional": True},
            "state": {"type": "category", "order": ["bad", "good"], "optional": True},
            "words": {"type": "text", "optional": True},
        },
        "metric": "mae" if task == "regression" else "f1",
    }
    return convert(values, Dataset)


def flats(count: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    size, town = draw.uniform(20, 200, count), draw.choice(["a", "b", "c"], count)
    factor = pd.Series(town).map({"a": 5.0, "b": 30.0, "c": 10.0}).to_numpy()
    rows = pd.DataFrame({"size": size, "town": town, "state": "good", "words": "sunny"})
    rows["rent"] = size * factor * draw.lognormal(0, 0.1, count)
    rows.loc[draw.random(count) < 0.1, "size"] = np.nan
    rows.loc[draw.random(count) < 0.1, "town"] = None
    return rows


def grown(rows: pd.DataFrame) -> Alike:
    found = alike.grow(dataset(), rows, 7)
    assert found is not None
    return Alike(json.loads(json.dumps(found, allow_nan=False)), list(dataset().features))


def test_no_true_value_of_rows_that_were_not_seen_is_unlike_those_of_similar_rows() -> None:
    made, later = grown(flats(2000, 0)), flats(5000, 1)
    told = made.outside(Cells(exporting.records(later, dataset())), later["rent"].to_numpy())
    assert told.mean() <= 0.001


def test_an_answer_of_other_flats_is_told() -> None:
    made = grown(flats(2000, 0))
    leaf = made.leaf((50.0, "a", "good", "sunny"))
    assert leaf.least < leaf.low < 250 < leaf.high < leaf.most
    assert leaf.most < 1500, "what a flat in town b costs"
    assert leaf.least > 0, "the target is one of factors"
    assert made.leaf((50.0, "b", "good", None)).low > leaf.high


def test_a_leaf_counts_the_rows_that_lead_to_it() -> None:
    rows = flats(2000, 0)
    made = grown(rows)
    assert sum(leaf.rows for leaf in made.leaves) == len(rows)
    assert min(leaf.rows for leaf in made.leaves) >= alike.LEAST_ROWS
    assert len(made.leaves) <= alike.MOST_LEAVES


def test_one_record_and_many_are_looked_up_alike() -> None:
    made = grown(flats(500, 0))
    records = exporting.records(flats(500, 1), dataset())
    records += [(None, "elsewhere", None, None), (1e9, None, "bad", ""), (-5.0, "a", "good", None)]
    places = made.places(Cells(records))
    assert [made.leaves[at] for at in places] == [made.leaf(record) for record in records]


def test_a_target_on_both_sides_of_0_has_room_on_both() -> None:
    rows = flats(500, 0)
    made = grown(rows.assign(rent=rows["rent"] - rows["rent"].mean()))
    leaf = min(made.leaves, key=lambda one: one.low)
    assert leaf.least < leaf.low < 0


def test_rows_that_are_all_alike_have_one_leaf() -> None:
    rows = flats(100, 0).assign(rent=5.0)
    made = grown(rows)
    assert [leaf.rows for leaf in made.leaves] == [100]
    assert made.outside(Cells([(1.0, "a", "good", "")] * 2), np.array([5.0, 5.1])).tolist() == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("task", "rows"),
    [
        ("binary", flats(500, 0)),
        ("regression", flats(30, 0)),
        ("regression", flats(100, 0).assign(size=np.nan, town=None, state=None)),
    ],
    ids=["classes", "few", "nothing to tell by"],
)
def test_there_may_be_nothing_to_grow(task: str, rows: Any) -> None:
    assert alike.grow(dataset(task), rows, 7) is None
