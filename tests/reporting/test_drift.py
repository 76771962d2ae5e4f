from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.schema import Dataset
from src.reporting import drift as drifts
from src.reporting.drift import Drift, Moved, drift
from src.support.structs import convert

FEATURES: dict[str, Any] = {
    "carat": {"type": "number"},
    "cut": {"type": "category", "optional": True},
    "note": {"type": "text", "optional": True},
}


def dataset(task: str = "regression", **features: Any) -> Dataset:
    values = {
        "name": "stones",
        "task": task,
        "source": "data/stones.csv",
        "target": {"name": "price"},
        "features": features or FEATURES,
        "metric": "mae" if task == "regression" else "accuracy",
    }
    return convert(values, Dataset, "dataset")


def rows(count: int = 200, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Draw rows as cleaning leaves them, some columns replaced."""
    draw = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "carat": draw.uniform(0.2, 3, count),
            "cut": draw.choice(["Fair", "Good", "Ideal"], count),
            "note": ["x" * int(length) for length in draw.integers(5, 60, count)],
            "price": draw.uniform(100, 9000, count),
        }
    )
    return found.assign(**columns)


def with_more(before: pd.DataFrame, came: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([before, came]).sample(frac=1, random_state=1)


def moved(found: Drift, name: str) -> Moved:
    return next(one for one in found.columns if one.name == name)


def test_rows_that_came_from_the_same_place_moved_nothing() -> None:
    before = rows(2000)
    found = drift(dataset(), before, with_more(before, rows(300, 1)))
    assert (len(found.added), found.removed, len(found.kept)) == (300, 0, 2000)
    assert {one.name for one in found.columns} == {"carat", "cut", "note", "price"}
    assert not any(one.is_far for one in found.columns)
    assert all(one.distance < 0.15 for one in found.columns)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("carat", np.linspace(2, 6, 60)),
        ("cut", ["Ideal"] * 60),
        ("cut", ["Premium"] * 20 + ["Good"] * 40),
        ("note", ["word " * 40] * 60),
        ("price", np.linspace(8000, 20000, 60)),
        ("carat", [np.nan] * 30 + [1.0] * 30),
        ("cut", [None] * 40 + ["Ideal"] * 20),
        ("note", [""] * 60),
    ],
)
def test_the_column_that_moved_is_told_and_stands_first(name: str, values: Any) -> None:
    before = rows(2000)
    found = drift(dataset(), before, with_more(before, rows(60, 1, **{name: values})))
    assert found.columns[0].name == name
    assert [one.name for one in found.columns if one.is_far] == [name]


def test_the_distance_is_from_nothing_to_all() -> None:
    before = rows(500)
    came = rows(100, 1, carat=99.0, cut=before["cut"].head(100))
    found = drift(dataset(), before, with_more(before, came))
    assert moved(found, "carat").distance == 1
    assert moved(found, "carat").chance < 1e-9
    half = rows(100, 1, cut=["Other"] * 50 + list(before["cut"].head(50)))
    found = drift(dataset(), before, with_more(before, half))
    assert moved(found, "cut").distance == pytest.approx(0.5, abs=0.1)


def test_a_class_that_is_new_is_told() -> None:
    before = rows(500, price=["low", "high"] * 250)
    came = rows(60, 1, price=["low", "high", "astronomic"] * 20)
    found = drift(dataset("multiclass"), before, with_more(before, came))
    target = moved(found, "price")
    assert (target.kind, target.is_far) == ("category", True)
    assert "astronomic 33%" in target.after
    assert "astronomic" not in target.before


def test_of_equal_rows_each_counts() -> None:
    before = pd.concat([rows(1)] * 3 + [rows(2, 1)])
    now = pd.concat([rows(1)] * 5 + [rows(2, 1).head(1)])
    found = drift(dataset(), before, now)
    assert (len(found.added), found.removed) == (2, 1)
    assert found.added.equals(pd.concat([rows(1)] * 2))


def test_the_order_and_the_index_of_rows_are_no_difference() -> None:
    before = rows(50)
    found = drift(dataset(), before, before.sample(frac=1, random_state=3).set_axis([0] * 50))
    assert (len(found.added), found.removed, found.columns) == (0, 0, [])


def test_absent_values_make_no_row_new() -> None:
    before = rows(60, carat=np.nan, cut=None)
    assert before["cut"].dtype == object
    now = before.astype({"cut": "str"})
    found = drift(dataset(), before, now)
    assert (len(found.added), found.removed) == (0, 0)


@pytest.mark.parametrize(("before", "came"), [(29, 500), (500, 29), (0, 500), (500, 0)])
def test_few_rows_say_nothing_of_a_column(before: int, came: int) -> None:
    old = rows(before)
    found = drift(dataset(), old, pd.concat([old, rows(came, 1)]))
    assert (len(found.added), found.columns) == (came, [])
    assert drift(dataset(), rows(30), pd.concat([rows(30), rows(30, 1)])).columns


def test_all_rows_may_have_gone() -> None:
    found = drift(dataset(), rows(40), rows(40, 1))
    assert (len(found.added), found.removed) == (40, 40)


def test_a_column_that_is_new_makes_no_row_new() -> None:
    now = rows(60)
    found = drift(dataset(), now.drop(columns="carat"), pd.concat([now, rows(40, 1)]))
    assert (len(found.added), found.removed) == (40, 0)
    assert "carat" not in {one.name for one in found.columns}


def test_a_column_that_is_gone_makes_no_row_new() -> None:
    before = rows(60).assign(shade="dark")
    now = pd.concat([rows(60), rows(40, 1)])
    assert len(drift(dataset(), before, now).added) == 40


def test_nothing_may_be_in_common() -> None:
    before = rows(60).rename(columns=lambda name: f"old {name}")
    found = drift(dataset(), before, rows(80))
    assert (len(found.added), found.removed, found.columns) == (20, 0, [])


def test_numbers_that_were_text_are_another_column() -> None:
    now = pd.concat([rows(60), rows(40, 1)])
    before = rows(60).assign(carat=["much", "little"] * 30)
    found = drift(dataset(), before, now)
    assert (len(found.added), found.removed) == (40, 0)
    assert {one.name for one in found.columns} == {"cut", "note", "price"}


def test_text_that_were_numbers_is_another_column() -> None:
    now = pd.concat([rows(60), rows(40, 1)])
    found = drift(dataset(), rows(60).assign(cut=1.5, note=2.5), now)
    assert len(found.added) == 40
    assert {one.name for one in found.columns} == {"carat", "price"}


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_columns_without_any_value_are_compared(nothing: Any) -> None:
    before = rows(60, carat=np.nan, cut=nothing, note=nothing)
    came = rows(40, 1, carat=np.nan, cut=nothing, note=nothing)
    if nothing is None:  # as Parquet returns a column of nothing
        before, came = (f.astype({"cut": object, "note": object}) for f in (before, came))
    found = drift(dataset(), before, pd.concat([before, came]))
    told = {one.name: (one.distance, one.is_far) for one in found.columns}
    assert told.pop("price")[0] < 0.5
    assert told == dict.fromkeys(["carat", "cut", "note"], (0.0, False))
    assert moved(found, "carat").before == "nothing"
    assert moved(found, "cut").after == "missing 100%"


def test_columns_of_one_value_are_compared() -> None:
    before = rows(60, carat=1.0, cut="Good", note="same")
    came = rows(40, 1, carat=1.0, cut="Good", note="same")
    found = drift(dataset(), before, pd.concat([before, came]))
    assert [one.distance for one in found.columns[1:]] == [0, 0, 0]
    assert moved(found, "carat").chance == moved(found, "cut").chance == 1


def test_texts_with_gaps_are_compared_by_their_length() -> None:
    before = rows(200)
    before.loc[::3, "note"] = None
    came = rows(100, 1, note=None)
    note = moved(drift(dataset(), before, pd.concat([before, came])), "note")
    assert note.is_far
    assert "33.5% missing characters" in note.before.replace(",", "")


def test_many_values_are_no_drift_by_chance() -> None:
    """A few rows never hold the shares of hundreds of values, and rare ones come and go."""
    draw = np.random.default_rng(4)
    shares = 1 / np.arange(1, 801)
    shares /= shares.sum()
    names = np.array([f"place {at}" for at in range(800)])
    before = rows(5000, cut=draw.choice(names, 5000, p=shares))
    for seed in range(20):
        came = rows(40, seed, cut=draw.choice(names, 40, p=shares))
        assert not moved(drift(dataset(), before, with_more(before, came)), "cut").is_far


def test_one_of_many_values_that_took_over_is_drift() -> None:
    draw = np.random.default_rng(4)
    names = np.array([f"place {at}" for at in range(800)])
    before = rows(5000, cut=draw.choice(names, 5000))
    cut = moved(drift(dataset(), before, pd.concat([before, rows(40, 1, cut="place 7")])), "cut")
    assert cut.is_far
    assert cut.distance > 0.9
    assert cut.after == "place 7 100%"


def test_a_difference_that_is_sure_and_small_is_not_far() -> None:
    before = rows(20000)
    came = rows(20000, 1, carat=before["carat"].to_numpy() + 0.1)
    carat = moved(drift(dataset(), before, pd.concat([before, came])), "carat")
    assert carat.chance < 1e-9
    assert 0.02 < carat.distance < drifts.FAR
    assert not carat.is_far


def test_with_more_columns_more_is_asked_of_each() -> None:
    """Of a hundred columns one differs by a chance of a hundredth."""
    before, came = rows(1000), rows(30, 2, carat=np.linspace(1.3, 3.0, 30))
    alone = drift(dataset(carat={"type": "number"}), before, with_more(before, came))
    chance = moved(alone, "carat").chance
    assert drifts.SURE / 100 < chance < drifts.SURE / 2  # the test's own ground
    assert moved(alone, "carat").is_far
    many = {f"n{at}": {"type": "number"} for at in range(99)}
    wide = dataset(carat={"type": "number"}, **many)
    now = with_more(before, came)
    one, two = (
        pd.concat([part, pd.DataFrame(1.0, index=part.index, columns=list(many))], axis=1)
        for part in (before.reset_index(drop=True), now.reset_index(drop=True))
    )
    found = drift(wide, one, two)
    assert not moved(found, "carat").is_far


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.arange(101.0), "50 (25 to 75)"),
        (np.arange(101.0) * 1234.5, "61,725 (30,862 to 92,588)"),
        ([1 / 3] * 40, "0.3333 (0.3333 to 0.3333)"),
        ([-1e-7] * 40, "-1e-07 (-1e-07 to -1e-07)"),
        ([1.0] * 75 + [np.nan] * 25, "1 (1 to 1), 25.0% missing"),
    ],
)
def test_numbers_are_told_by_their_middle(values: Any, said: str) -> None:
    came = rows(len(values), 1, carat=values)
    before = rows(40)
    assert moved(drift(dataset(), before, pd.concat([before, came])), "carat").after == said


def test_categories_are_told_by_the_commonest() -> None:
    cut = ["a"] * 50 + ["b"] * 30 + [None] * 15 + ["c"] * 4 + ["d"]
    before = rows(40)
    found = drift(dataset(), before, pd.concat([before, rows(100, 1, cut=cut)]))
    assert moved(found, "cut").after == "a 50%, b 30%, missing 15%"


@pytest.mark.parametrize(
    ("task", "name", "kind"),
    [
        ("regression", "carat", "number"),
        ("regression", "cut", "category"),
        ("regression", "note", "text"),
        ("regression", "price", "number"),
        ("binary", "price", "category"),
        ("multiclass", "price", "category"),
    ],
)
def test_a_column_is_of_a_kind(task: str, name: str, kind: str) -> None:
    assert drifts.kind(dataset(task), name) == kind


def test_dates_times_and_booleans_are_told_as_they_are_written_and_ids_not_at_all() -> None:
    features = {
        "day": {"type": "date"},
        "at": {"type": "time"},
        "member": {"type": "boolean"},
        "name": {"type": "id"},
    }
    here = dataset(**features)
    count = 200
    before = pd.DataFrame(
        {
            "day": 19_000.0 + np.arange(count) % 50,
            "at": np.arange(count) % 24 + 0.5,
            "member": np.array(["true", "false"], dtype=object)[np.arange(count) % 2],
            "name": [f"a{at}" for at in range(count)],
            "price": np.arange(count) * 1.0,
        }
    )
    came = before.assign(day=before["day"] + 500, name=[f"b{at}" for at in range(count)])
    found = drift(here, before, with_more(before, came))
    assert {one.name for one in found.columns} == {"day", "at", "member", "price"}
    day = moved(found, "day")
    assert day.is_far
    assert (day.kind, day.before) == ("number", "2022-02-01 (2022-01-20 to 2022-02-14)")
    assert moved(found, "at").before == "11:30 (05:30 to 17:30)"
    assert moved(found, "member").kind == "category"
    assert len(found.added) == count, "another id is another row"
