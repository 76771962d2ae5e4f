from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from src.data import moments
from src.data.schema import Dataset

Make = Callable[..., Dataset]


@pytest.mark.parametrize(
    "ordered",
    [
        ["9", "10", "1e2"],
        ["-3", "0.5", "2"],
        ["2023-12-31", "2024-01-01", "2024-02"],
        ["2024-W05", "2024-W06", "2024-W41"],
        ["2024-05-31", "2024-05-31T00:00:01", "2024-05-31T12:00:00Z"],
        ["2024-05-31T12:00:00+02:00", "2024-05-31T11:00:00Z", "2024-05-31T12:00:00"],
    ],
)
def test_numbers_and_dates_are_ordered_as_they_are_meant(ordered: list[str]) -> None:
    found = moments.read(pd.Series(ordered))
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()


def test_a_date_is_seconds_since_1970() -> None:
    assert moments.read(pd.Series(["1970-01-02", "1970-01-01T00:00:01"])).tolist() == [86_400, 1]


@pytest.mark.parametrize(
    ("cells", "readable"),
    [
        (["2024-01-01", "01/02/2024", ""], [True, False, False]),
        (["1", "2", "2024-01-01"], [True, True, False]),
        (["5", "2024-01-01", "2024-01-02"], [False, True, True]),
        (["inf", "1", "2"], [False, True, True]),
        (["Monday", "Tuesday"], [False, False]),
    ],
)
def test_what_cannot_be_ordered_among_the_others_is_told(
    cells: list[str], readable: list[bool]
) -> None:
    assert np.isfinite(moments.read(pd.Series(cells))).tolist() == readable


def test_a_feature_is_ordered_by_its_kind(make_dataset: Make) -> None:
    rows = pd.DataFrame({"carat": [2.0, 10.0], "cut": ["Good", "Fair"], "day": ["2", "10"]})
    for name, expected in (("carat", [2, 10]), ("cut", [1, 0]), ("day", [2, 10])):
        found = moments.of(rows, make_dataset(split={"method": "time", "column": name}))
        assert found is not None
        assert found.tolist() == expected
    assert moments.of(rows, make_dataset()) is None


def test_a_gap_leaves_out_different_moments_before_the_first_judged() -> None:
    when = np.array([1.0, 1.0, 2.0, 5.0, 5.0, 7.0, 9.0])
    assert [moments.limit(when, 7.0, gap) for gap in (0, 1, 2, 3, 9)] == [7, 5, 2, 1, 1]


def test_a_split_by_a_date_is_cut_at_a_day_of_it(make_dataset: Make) -> None:
    features = {"day": {"type": "date", "format": "%d.%m.%Y"}, "carat": {"type": "number"}}
    split = {"method": "time", "column": "day", "after": "2024-05-31"}
    dataset = make_dataset(features=features, split=split)
    rows = pd.DataFrame({"day": [19_874.0, 19_875.0]})
    when = moments.of(rows, dataset)
    assert when is not None
    assert when.tolist() == [19_874, 19_875]
    assert moments.one("2024-05-31", dataset) == 19_874
    assert moments.one("31.05.2024", dataset) == 19_874
