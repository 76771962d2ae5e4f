from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from src.data import schema_checks
from src.data.features import Past
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import convert

Make = Callable[..., Dataset]


def refused(dataset: Dataset) -> str:
    with pytest.raises(UserError) as caught:
        schema_checks.check(dataset)
    return str(caught.value)


SERIES: dict[str, Any] = {
    "features": {"hour": {"type": "datetime"}, "site": {"type": "id"}, "wind": {"type": "number"}},
    "derived": {"before": "lag(price, 24)", "gusts": "max(gust, 1..24)", "rise": "before - wind"},
    "split": {"method": "time", "column": "hour"},
    "group": "site",
    "key": [],
    "similar": None,
}


def test_a_window_of_the_past_is_an_optional_number(make_dataset: Make) -> None:
    dataset = make_dataset(**SERIES)
    schema_checks.check(dataset)
    past = dataset.features["before"]
    assert isinstance(past, Past)
    assert (past.optional, past.unit) == (True, dataset.target.unit)
    assert list(dataset.features) == ["hour", "site", "wind", "before", "gusts"]
    assert {"before", "gusts"} <= set(dataset.numeric())
    assert dataset.computed()["rise"] == "before - wind"
    assert "before" not in dataset.computed()
    assert dataset.columns() == ["hour", "site", "wind", "price", "gust"]
    assert dataset.extra_columns() == ["gust"]
    again = convert(msgspec.to_builtins(dataset), Dataset, "dataset")
    assert again == dataset


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": {"method": "stable"}}, "the split of 'stones' is not by time"),
        ({"split": {"method": "random"}}, "has learnt from later ones"),
        ({"split": {"method": "time", "column": "when"}}, "must say when it is"),
        ({"group": ["site", "block"]}, "'block' of group has to be a feature"),
        ({"derived": {"before": "lag(site, 1)"}}, "which is no column of numbers"),
        ({"derived": {"before": "lag(hour, 1)"}}, "which is no column of numbers"),
        ({"derived": {"wind": "lag(price, 1)"}}, "is already a column"),
        ({"derived": {"price": "lag(wind, 1)"}}, "is already a column"),
        ({"derived": {"before": "lag(price, 0)"}}, "or into the future"),
        ({"derived": {"before": "lag(price, 2) / wind"}}, "is no window of the past"),
        ({"derived": {"x": "lag(y, 1)", "y": "lag(price, 1)"}}, "which is no column of numbers"),
        ({"task": "binary", "metric": "log_loss"}, "which is no column of numbers"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    make_dataset: Make, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        schema_checks.check(make_dataset(**{**SERIES, **changes}))


def test_a_feature_of_the_past_without_a_window_is_refused(make_dataset: Make) -> None:
    features = {**SERIES["features"], "before": {"type": "past", "optional": True}}
    with pytest.raises(UserError, match="nothing says of which"):
        schema_checks.check(make_dataset(**{**SERIES, "features": features, "derived": {}}))
