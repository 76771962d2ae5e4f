from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.past import rows as past
from src.data.past.rows import Past
from src.data.schema import Dataset
from src.data.schema_checks import check
from src.support.errors import UserError

FEATURES: dict[str, Any] = {
    "hour": {"type": "integer"},
    "site": {"type": "category"},
    "wind": {"type": "number", "optional": True},
}
DERIVED = {
    "before": "lag(load, 1)",
    "mean": "mean(load, 1..3)",
    "wind_before": "lag(wind, 2)",
    "rise": "before - mean",
}
SPLIT = {"method": "time", "column": "hour"}


@pytest.fixture
def loads(make_dataset: Callable[..., Dataset]) -> Callable[..., Dataset]:
    def make(**changes: Any) -> Dataset:
        made = make_dataset(
            **{
                "features": FEATURES,
                "derived": DERIVED,
                "split": SPLIT,
                "group": "site",
                "target": {"name": "load", "unit": "MW"},
                "key": [],
                "similar": None,
                **changes,
            }
        )
        check(made)
        return made

    return make


def table(count: int = 40, seed: int = 1, **changes: Any) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "hour": np.tile(np.arange(count, dtype=float), 2),
            "site": np.repeat(["north", "south"], count),
            "wind": draw.normal(size=2 * count),
            "load": draw.uniform(1, 9, 2 * count),
        }
    )
    return rows.sample(frac=1, random_state=seed).assign(**changes)


def test_each_series_has_a_past_of_its_own(loads: Callable[..., Dataset]) -> None:
    rows = table()
    found = past.added(rows, loads())
    assert found.index.equals(rows.index)
    for _, series in found.groupby("site"):
        ordered = series.sort_values("hour")
        load = ordered["load"]
        expected = {
            "before": load.shift(1),
            "mean": load.shift(1).rolling(3, min_periods=1).mean(),
            "wind_before": ordered["wind"].shift(2),
        }
        for name, values in expected.items():
            np.testing.assert_allclose(ordered[name], values, err_msg=name)


def test_without_a_group_all_rows_are_one_series(loads: Callable[..., Dataset]) -> None:
    rows = table().query("site == 'north'")
    found = past.added(rows, loads(group=[])).sort_values("hour")
    np.testing.assert_allclose(found["before"], found["load"].shift(1))


def test_no_value_of_its_own_row_or_of_a_later_one_enters(loads: Callable[..., Dataset]) -> None:
    dataset, rows = loads(), table()
    windows = list(dataset.windows())
    before = past.added(rows, dataset)[windows]
    for hour in (1, 7, 20, 39):
        is_later = rows["hour"] >= hour
        changed = rows.assign(
            load=rows["load"].where(~is_later, 1e9), wind=rows["wind"].where(~is_later, -1e9)
        )
        after = past.added(changed, dataset)[windows]
        is_same = rows["hour"] <= hour
        pd.testing.assert_frame_equal(after[is_same], before[is_same])
        gone = past.added(rows[is_same], dataset)[windows]
        pd.testing.assert_frame_equal(gone, before[is_same])


def test_a_gap_is_missing_and_no_other_row_takes_its_place(loads: Callable[..., Dataset]) -> None:
    rows = table()
    rows = rows[~((rows["site"] == "north") & rows["hour"].isin([10, 11]))]
    found = past.added(rows, loads()).query("site == 'north'").set_index("hour")
    assert np.isnan(found.loc[12, "before"])
    assert found.loc[12, "mean"] == found.loc[9, "load"]
    assert found.loc[13, "before"] == found.loc[12, "load"]


def test_two_rows_of_one_time_are_refused(loads: Callable[..., Dataset]) -> None:
    again = table().query("hour == 3 and site == 'south'")
    rows = pd.concat([table(), again], ignore_index=True)
    with pytest.raises(UserError, match="have one time") as error:
        past.added(rows, loads())
    assert error.value.given == "hour 3, site south; 1 of its rows"
    with pytest.raises(UserError, match="have one time"):
        past.added(table(), loads(group=[]))


def test_rows_no_fixed_step_apart_are_refused(loads: Callable[..., Dataset]) -> None:
    draw = np.random.default_rng(2)
    rows = table(hour=draw.choice(10_000, 80, replace=False) * np.pi)
    with pytest.raises(UserError, match="no fixed step apart"):
        past.added(rows, loads())


def test_the_last_rows_of_each_series_are_kept(loads: Callable[..., Dataset]) -> None:
    document = json.loads(Past.of(table(), loads()).kept())
    assert document["step"] == {"unit": "number", "size": 1.0}
    assert sorted(one["of"] for one in document["series"]) == [["north"], ["south"]]
    for one in document["series"]:
        assert one["when"] == [37, 38, 39]
        assert one["first"] == 0
        assert list(one["values"]) == ["load", "wind"]


def test_a_past_that_is_too_large_is_refused(
    loads: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "MOST", 17)
    with pytest.raises(UserError, match="too large to keep") as error:
        Past.of(table(), loads()).kept()
    assert error.value.given == "the last 3 rows of 2 series are more than 17 numbers"
    monkeypatch.setattr(past, "MOST", 18)
    assert Past.of(table(), loads()).kept()


def test_a_dataset_without_windows_stays_as_it_is(loads: Callable[..., Dataset]) -> None:
    dataset, rows = loads(derived={}, group=[]), table()
    assert past.added(rows, dataset) is rows


def test_the_step_is_said_and_what_looks_nearer_than_the_gap(loads: Callable[..., Dataset]) -> None:
    said = Past.of(table(), loads()).notes()
    assert said == ["before, mean, wind_before: a step is 1"]
    _, *near = Past.of(table(), loads(split={**SPLIT, "gap": 2})).notes()
    assert [one.split()[0] for one in near] == ["before", "mean"], "truths alone come late"
    assert near[0].endswith("begin at 3")


def test_two_days_of_one_month_are_one_step_of_months(loads: Callable[..., Dataset]) -> None:
    days = [
        float(day)
        for day in np.arange("2000-01", "2008-01", dtype="datetime64[M]")
        .astype("datetime64[D]")
        .astype(int)
    ]
    rows = pd.DataFrame({"hour": days, "site": "north", "wind": 0.0, "load": np.arange(96.0)})
    dataset = loads(features={**FEATURES, "hour": {"type": "date"}})
    found = past.added(rows, dataset)
    assert found["before"].tolist()[1:] == list(range(95))
    again = pd.concat([rows, rows.iloc[[4]].assign(hour=rows["hour"][4] + 3)])
    with pytest.raises(UserError, match="have one time") as error:
        past.added(again, dataset)
    assert str(error.value.given).startswith("hour 2000-05-04, site north")
