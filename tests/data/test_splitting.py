from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.data import cleaning
from src.data.schema import Dataset
from src.data.splitting import split, stable
from src.support.errors import UserError

Make = Callable[..., Dataset]
Row = tuple[str, str, str, str]
COLUMNS = ["carat", "facets", "cut", "price"]

cells = st.tuples(
    st.sampled_from(["0.1", "0.2", "1", "2.5", "19"]),
    st.integers(0, 3).map(str),
    st.sampled_from(["Fair", "Good", "Ideal"]),
    st.sampled_from(["1", "10.5", "100"]),
)
tables = st.lists(cells, min_size=1, max_size=20)


def sides(rows: list[Row], dataset: Dataset) -> list[bool]:
    """Clean rows as a source gives them, and tell for each whether it tests."""
    typed = cleaning.clean(pd.DataFrame(rows, columns=COLUMNS, dtype=str), dataset).rows
    assert len(typed) == len(rows)
    return stable(typed, dataset).tolist()


def many(count: int) -> pd.DataFrame:
    """Make rows that all differ."""
    at = np.arange(count)
    return pd.DataFrame(
        {"carat": (at + 1) / 100, "facets": at % 5 * 1.0, "cut": "Fair", "price": at + 1.0}
    )


@settings(max_examples=30)
@given(tables, tables, st.randoms(use_true_random=False))
def test_a_row_keeps_its_side_whatever_rows_come_go_or_change_places(
    make_dataset: Make, rows: list[Row], others: list[Row], shuffle: random.Random
) -> None:
    dataset = make_dataset(duplicates="keep")
    before = dict(zip(rows, sides(rows, dataset), strict=True))
    together = [*rows[::2], *others, *rows[1::3]]
    shuffle.shuffle(together)
    for row, tests in zip(together, sides(together, dataset), strict=True):
        assert before.get(row, tests) == tests
    assert sides(rows[:1], dataset) == [before[rows[0]]]


@settings(max_examples=30)
@given(tables)
def test_equal_rows_share_a_side(make_dataset: Make, rows: list[Row]) -> None:
    dataset = make_dataset(duplicates="keep")
    found = sides([*rows, *rows], dataset)
    assert found[: len(rows)] == found[len(rows) :]


@settings(max_examples=30)
@given(tables, st.permutations(["carat", "facets", "cut"]))
def test_the_order_of_the_features_does_not_matter(
    make_dataset: Make, rows: list[Row], order: list[str]
) -> None:
    dataset = make_dataset(duplicates="keep")
    features = {name: dataset.features[name] for name in order}
    plain = {
        name: {"type": "category"} if name == "cut" else {"type": "number"} for name in features
    }
    assert sides(rows, make_dataset(duplicates="keep", features=plain)) == sides(rows, dataset)


SPELLINGS = {"1": ["1.0", "1e0", "01", "+1", " 1 ", "1.000"], "0.1": [".1", "1e-1", "0.10"]}


@pytest.mark.parametrize("value", SPELLINGS)
def test_a_number_is_one_however_it_is_spelt(make_dataset: Make, value: str) -> None:
    dataset = make_dataset(duplicates="keep")
    for facets in range(20):
        rows = [(text, str(facets), "Fair", "1") for text in [value, *SPELLINGS[value]]]
        assert len(set(sides(rows, dataset))) == 1
        rows = [("1", "1", "Fair", f"{facets + 1}{end}") for end in ("", ".0", ".00", "e0")]
        assert len(set(sides(rows, dataset))) == 1


def test_zero_has_no_sign(make_dataset: Make) -> None:
    features = {"a": {"type": "number"}}
    dataset = make_dataset(features=features, split={"test": 0.5}, target={"name": "b"})
    for at in range(20):
        rows = pd.DataFrame({"a": [0.0, -0.0], "b": [float(at)] * 2})
        assert len(set(stable(rows, dataset).tolist())) == 1


def test_whole_numbers_are_one_whether_held_as_int_or_as_float(make_dataset: Make) -> None:
    dataset = make_dataset()
    rows = many(50)
    as_int = rows.assign(facets=rows.facets.astype(int), price=rows.price.astype(int))
    assert stable(as_int, dataset).tolist() == stable(rows, dataset).tolist()


def test_a_missing_value_has_a_side_as_any_other(make_dataset: Make) -> None:
    features = {
        "a": {"type": "number", "optional": True},
        "c": {"type": "category", "optional": True},
    }
    dataset = make_dataset(features=features, duplicates="keep", split={"test": 0.5})
    raw = pd.DataFrame(
        {
            "a": ["", "NA", "1"] * 9,
            "c": ["x", "x", ""] * 9,
            "price": [str(n // 3 + 1) for n in range(27)],
        },
        dtype=str,
    )
    rows = cleaning.clean(raw, dataset).rows
    found = stable(rows, dataset)
    assert found[0::3].tolist() == found[1::3].tolist()
    again = stable(rows.iloc[::-1], dataset)
    assert again.tolist() == found[::-1].tolist()


def test_every_feature_and_the_target_decide(make_dataset: Make) -> None:
    dataset = make_dataset(split={"test": 0.5})
    base = many(60)
    found = stable(base, dataset).tolist()
    for changed in (
        base.assign(carat=base.carat + 1),
        base.assign(facets=base.facets + 10),
        base.assign(cut="Good"),
        base.assign(price=base.price + 0.5),
    ):
        assert stable(changed, dataset).tolist() != found


def test_cells_are_told_apart_at_their_borders(make_dataset: Make) -> None:
    features = {name: {"type": "text"} for name in "ab"}
    dataset = make_dataset(features=features, split={"test": 0.5})
    one = pd.DataFrame({"a": ["x"] * 60, "b": [f"{n}" for n in range(60)], "price": 1.0})
    other = one.assign(a=[f"x{n}"[:-1] for n in range(60)], b=[f"{n}"[-1] for n in range(60)])
    assert stable(one, dataset)[10:].tolist() != stable(other, dataset)[10:].tolist()


@pytest.mark.parametrize("asked", [0.05, 0.2, 0.5, 0.9])
def test_the_share_is_close_to_what_was_asked(make_dataset: Make, asked: float) -> None:
    share = stable(many(4000), make_dataset(split={"test": asked})).mean()
    assert abs(share - asked) < 4 * np.sqrt(asked * (1 - asked) / 4000)


def test_a_greater_share_adds_rows_to_the_test_and_moves_none_out(make_dataset: Make) -> None:
    small = stable(many(500), make_dataset(split={"test": 0.2}))
    great = stable(many(500), make_dataset(split={"test": 0.4}))
    assert great[small].all()
    assert great.sum() > small.sum()


def test_the_sides_are_those_of_every_earlier_release(make_dataset: Make, dataset: Dataset) -> None:
    assert np.flatnonzero(stable(many(40), dataset)).tolist() == [14, 17, 18, 27]
    rows = many(40).assign(carat=[1.0, np.nan] * 20, cut=None)
    less = make_dataset(features={"carat": {"type": "number"}, "cut": {"type": "category"}})
    tests = [14, 15, 18, 20, 21, 32, 33, 34, 37, 38, 39]
    assert np.flatnonzero(stable(rows, less)).tolist() == tests


def test_the_key_decides_where_there_is_one(make_dataset: Make) -> None:
    dataset = make_dataset(key=["id"], split={"test": 0.5})
    rows = many(60).assign(id=[f"s{at // 2}" for at in range(60)])
    found = stable(rows, dataset)
    assert found[0::2].tolist() == found[1::2].tolist()
    assert 0 < found.sum() < 60
    corrected = rows.assign(price=rows.price * 2, cut="Good")
    assert stable(corrected, dataset).tolist() == found.tolist()


def test_the_order_of_the_keys_does_not_matter(make_dataset: Make) -> None:
    rows = many(60).assign(id=[f"s{at}" for at in range(60)], shop=["a", "b"] * 30)
    one = stable(rows, make_dataset(key=["id", "shop"]))
    other = stable(rows, make_dataset(key=["shop", "id"]))
    assert one.tolist() == other.tolist()


METHODS: list[dict[str, Any]] = [
    {"method": "stable"},
    {"method": "random"},
    {"method": "column", "column": "part"},
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["method"])
def test_every_row_is_on_one_side(make_dataset: Make, method: dict[str, Any]) -> None:
    rows = many(50).assign(part=["test", *["train"] * 4] * 10)
    rows.index = rows.index * 3
    parts = split(rows, make_dataset(split=method), seed=1)
    assert sorted([*parts.train.index, *parts.test.index]) == rows.index.tolist()
    pd.testing.assert_frame_equal(parts.train, rows.loc[parts.train.index])
    pd.testing.assert_frame_equal(parts.test, rows.loc[parts.test.index])


def test_the_stable_split_is_that_of_the_hash(dataset: Dataset) -> None:
    rows = many(50)
    tests = stable(rows, dataset)
    for seed in (1, 2):
        parts = split(rows, dataset, seed)
        assert parts.test.index.tolist() == np.flatnonzero(tests).tolist()


def test_a_random_split_is_made_again_by_its_seed(make_dataset: Make) -> None:
    dataset = make_dataset(split={"method": "random", "test": 0.3})
    rows = many(50)
    one, same, other = (split(rows, dataset, seed).test.index.tolist() for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert len(one) == 15


def test_the_seed_of_the_split_goes_before_the_seed_of_all(make_dataset: Make) -> None:
    rows = many(50)
    own = make_dataset(split={"method": "random", "seed": 0})
    shared = make_dataset(split={"method": "random"})
    expected = split(rows, shared, 0).test.index.tolist()
    assert split(rows, own, 5).test.index.tolist() == expected
    assert split(rows, shared, 5).test.index.tolist() != expected


def test_a_column_says_which_rows_test(make_dataset: Make) -> None:
    dataset = make_dataset(split={"method": "column", "column": "part"})
    parts = split(many(4).assign(part=["test", "train", "train", "test"]), dataset, 1)
    assert parts.train.index.tolist() == [1, 2]
    assert parts.test.index.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("part", "counts"),
    [("train", "3 rows to train, 0 rows to test"), ("test", "0 rows to train, 3 rows to test")],
)
def test_an_empty_part_is_told(make_dataset: Make, part: str, counts: str) -> None:
    dataset = make_dataset(split={"method": "column", "column": "part"})
    with pytest.raises(UserError) as caught:
        split(many(3).assign(part=part), dataset, 1)
    assert "The split of 'stones' leaves a part empty" in caught.value.what
    assert caught.value.given == counts
    assert "more rows" in str(caught.value)


@pytest.mark.parametrize(
    "method",
    [
        "stable",
        "random",
    ],
)
def test_one_row_is_too_few_to_split(make_dataset: Make, method: str) -> None:
    with pytest.raises(UserError, match="leaves a part empty"):
        split(many(1), make_dataset(split={"method": method}), 1)


def test_two_rows_can_be_split_at_random(make_dataset: Make) -> None:
    parts = split(many(2), make_dataset(split={"method": "random"}), 1)
    assert (len(parts.train), len(parts.test)) == (1, 1)


def visits(persons: int = 40, each: int = 5) -> pd.DataFrame:
    """Make rows of which `each` are of one person."""
    return many(persons * each).assign(person=np.repeat(np.arange(persons), each))


@pytest.mark.parametrize("named", [{"group": "person"}, {"key": ["person"]}], ids=["group", "key"])
@pytest.mark.parametrize("method", ["stable", "random"])
def test_rows_of_a_group_are_on_one_side(
    make_dataset: Make, method: str, named: dict[str, Any]
) -> None:
    rows = visits()
    parts = split(rows, make_dataset(split={"method": method}, **named), seed=1)
    assert not set(parts.train["person"]) & set(parts.test["person"])
    assert len(parts.train) + len(parts.test) == len(rows)
    assert 20 <= len(parts.test) <= 60


def test_a_column_must_not_split_a_group(make_dataset: Make) -> None:
    rows = visits(4, 2).assign(part=["train"] * 5 + ["test"] * 3)
    dataset = make_dataset(split={"method": "column", "column": "part"}, group="person")
    with pytest.raises(UserError, match="1 groups of 'stones' have rows to train and") as caught:
        split(rows, dataset, 1)
    assert "person 2" in str(caught.value.given)


TIME = {"method": "time", "column": "day"}


def test_the_newest_rows_test_and_those_of_one_moment_stay_together(make_dataset: Make) -> None:
    rows = many(10).assign(day=["5", "1", "2", "3", "4", "5", "9", "8", "8", "7"])
    parts = split(rows, make_dataset(split={**TIME, "test": 0.25}), 1)
    assert parts.test.index.tolist() == [6, 7, 8]
    assert parts.train.index.tolist() == [0, 1, 2, 3, 4, 5, 9]


@pytest.mark.parametrize("after", ["2024-01-03", "2024-01-02T00:00:01"])
def test_rows_test_from_a_moment_on(make_dataset: Make, after: str) -> None:
    rows = many(6).assign(day=[f"2024-01-0{at}" for at in (4, 2, 3, 1, 5, 2)])
    parts = split(rows, make_dataset(split={**TIME, "after": after}), 1)
    assert parts.test.index.tolist() == [0, 2, 4]


def test_rows_in_the_gap_are_in_no_part(make_dataset: Make) -> None:
    rows = many(8).assign(day=list("12345678"))
    parts = split(rows, make_dataset(split={**TIME, "gap": 2}), 1)
    assert parts.test["day"].tolist() == ["7", "8"]
    assert parts.train["day"].tolist() == ["1", "2", "3", "4"]


@pytest.mark.parametrize("after", ["2024-01-01", "2024-03-01", "soon", 7])
def test_a_moment_that_splits_nothing_is_refused(make_dataset: Make, after: Any) -> None:
    rows = many(4).assign(day=["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"])
    with pytest.raises(UserError, match=r"split\.after of 'stones'") as caught:
        split(rows, make_dataset(split={**TIME, "after": after}), 1)
    assert caught.value.given == after


def test_who_is_tested_later_is_not_learnt_from(make_dataset: Make) -> None:
    rows = many(6).assign(day=list("123456"), person=list("abcdca"))
    parts = split(rows, make_dataset(split={**TIME, "test": 0.3}, group="person"), 1)
    assert parts.test["person"].tolist() == ["c", "a"]
    assert parts.train["person"].tolist() == ["b", "d"]


def test_an_empty_part_tells_how_many_groups_there_are(make_dataset: Make) -> None:
    rows = pd.DataFrame({"carat": [1.0] * 9, "price": [2.0] * 9, "person": ["me"] * 9})
    with pytest.raises(UserError) as caught:
        split(rows, make_dataset(group="person"), seed=1)
    assert "rows with the same person stay together, of which there is one" in caught.value.given


def classes(sizes: dict[str, int]) -> pd.DataFrame:
    labels = [label for label, size in sizes.items() for _ in range(size)]
    return many(len(labels)).assign(price=labels)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.9])
def test_no_class_misses_a_side(make_dataset: Make, share: float) -> None:
    dataset = make_dataset(task="multiclass", metric="accuracy", split={"test": share})
    sizes = {"much": 400, **{f"few{at}": 4 for at in range(9)}, "one": 1}
    rows = classes(sizes)
    plain = stable(rows, dataset)
    parts = split(rows, dataset, 1)
    for label, size in sizes.items():
        own = rows["price"] == label
        tested = int((parts.test["price"] == label).sum())
        if 0 < plain[own].sum() < size or size == 1:
            assert tested == plain[own].sum()
        else:
            assert tested == min(max(1, round(size * share)), size - 1)
    assert len(set(plain[rows["price"] != "much"])) == 2  # some of them would be right anyway


def test_a_class_that_misses_no_side_is_split_as_ever(make_dataset: Make) -> None:
    dataset = make_dataset(task="multiclass", metric="accuracy")
    rows = classes({"a": 100, "b": 100})
    test = stable(rows, dataset)
    pd.testing.assert_frame_equal(split(rows, dataset, 1).test, rows[test])
    added = pd.concat([rows, classes({"c": 2}).assign(carat=[7.5, 8.5])], ignore_index=True)
    parts = split(added, dataset, 1)
    assert set(rows[test].index) == set(parts.test.index) - {200, 201}
    assert len({200, 201} & set(parts.test.index)) == 1


def test_a_class_of_one_group_stays_on_its_side(make_dataset: Make) -> None:
    dataset = make_dataset(task="multiclass", metric="accuracy", group="person")
    rows = visits()
    rows["price"] = np.where(rows["person"] == 1, "own", "other")
    parts = split(rows, dataset, 1)
    assert not set(parts.train["person"]) & set(parts.test["person"])


def test_rows_that_chance_makes_equal_have_sides_of_their_own(make_dataset: Make) -> None:
    dataset = make_dataset(
        task="binary", metric="f1", target={"name": "price", "values": ["a", "b"]}
    )
    rows = pd.DataFrame({"carat": [1.0, 2.0] * 200, "facets": 3.0, "cut": "Good"})
    rows["price"] = ["a", "b", "b", "a", "b", "b", "b", "b"] * 50
    test = split(rows, dataset, 1).test
    assert len(test) == pytest.approx(80, abs=30)
    assert (test["price"] == "a").mean() == pytest.approx(0.25, abs=0.12)
    more = pd.concat([rows, rows.head(1)], ignore_index=True)
    assert set(split(more, dataset, 1).test.index) - {400} == set(test.index)
