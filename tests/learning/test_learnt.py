from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.learning import learnt
from src.support.structs import convert


def dataset() -> Dataset:
    features: dict[str, Any] = {
        "size": {"type": "number", "optional": True},
        "rooms": {"type": "integer"},
        "gone": {"type": "number", "optional": True},
        "town": {"type": "category", "optional": True},
        "street": {"type": "category"},
        "house": {"type": "category"},
        "words": {"type": "text"},
    }
    values = {
        "name": "flats",
        "task": "regression",
        "source": "data/flats.csv",
        "target": {"name": "rent"},
        "features": features,
        "metric": "mae",
    }
    return convert(values, Dataset)


def flats() -> pd.DataFrame:
    count = 600
    at = np.arange(count)
    rows = pd.DataFrame(
        {
            "size": 20.0 + at,
            "rooms": at % 5,
            "gone": np.nan,
            "town": np.array(["b", "a"], dtype=object)[at % 2],
            "street": [f"street {one % 300}" for one in at],  # more than are kept
            "house": [f"house {one}" if one % 20 == 0 else "home" for one in at],
            "words": "sunny",
            "rent": 10.0 * at + 1,
        }
    )
    rows.loc[0, "size"] = np.nan
    rows.loc[1, "town"] = None
    return rows


def test_it_says_what_each_feature_had() -> None:
    found = learnt.measure(dataset(), flats(), 7)
    assert found["rows"] == 600
    assert found["ranges"] == {"size": [21.0, 619.0], "rooms": [0.0, 4.0]}
    assert found["levels"] == {"town": ["a", "b"]}, "not where a new value is usual"
    assert {"combination", "alike"} <= found.keys()


def test_it_is_plain_and_the_same_every_time() -> None:
    texts = [json.dumps(learnt.measure(dataset(), flats(), 7), allow_nan=False) for _ in range(2)]
    assert texts[0] == texts[1]


def test_of_few_rows_there_is_less_to_say() -> None:
    found = learnt.measure(dataset(), flats()[:10], 7)
    assert found.keys() == {"rows", "ranges", "levels"}


def test_where_others_are_allowed_a_new_value_is_nothing_to_tell() -> None:
    values = {"type": "category", "values": ["a", "b"], "others": True}
    features = {"town": values, "paid": {"type": "boolean"}, "name": {"type": "id"}}
    document = {
        "name": "flats",
        "task": "regression",
        "source": "data/flats.csv",
        "target": {"name": "rent"},
        "features": {**features, "day": {"type": "date"}},
        "metric": "mae",
    }
    rows = flats().assign(paid="true", name="x", day=19_874.0)
    found = learnt.measure(convert(document, Dataset), rows, 7)
    assert found["levels"] == {"paid": ["true"]}
    assert found["ranges"] == {"day": [19_874.0, 19_874.0]}
