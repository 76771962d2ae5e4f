from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.learning import causes

Make = Callable[..., Dataset]
NUMBERS = {name: {"type": "number"} for name in ("carat", "x", "depth", "y", "fixed")}


def sizes(count: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 9, count)
    return pd.DataFrame(
        {
            "carat": x**3 + rng.normal(0, 0.1, count),
            "x": x,
            "depth": rng.normal(60, 1, count),
            "y": -x + rng.normal(0, 0.1, count),
            "fixed": 1.0,
        }
    )


def test_numbers_that_move_together_whichever_way_are_one_cause(make_dataset: Make) -> None:
    found = causes.find(make_dataset(features=NUMBERS), sizes())
    assert found == {"carat with x and y": ["carat", "x", "y"]}


def test_each_two_features_of_a_cause_move_together(make_dataset: Make) -> None:
    rng = np.random.default_rng(2)
    first, last = rng.normal(0, 1, (2, 400))
    rows = pd.DataFrame({"carat": first, "x": first + 0.8 * last, "depth": last})
    features = {name: {"type": "number"} for name in rows}
    assert causes.find(make_dataset(features=features), rows) == {}


def test_the_causes_of_the_dataset_go_before(make_dataset: Make) -> None:
    dataset = make_dataset(features=NUMBERS, causes={"size": ["x", "depth"]})
    assert causes.find(dataset, sizes()) == {"size": ["x", "depth"]}


def test_missing_and_too_few_numbers_are_no_obstacle(make_dataset: Make) -> None:
    rows = sizes()
    rows.loc[::3, "x"] = np.nan
    found = causes.find(make_dataset(features=NUMBERS), rows)
    assert list(found.values()) == [["carat", "x", "y"]]
    assert causes.find(make_dataset(features={"x": {"type": "number"}}), rows) == {}
