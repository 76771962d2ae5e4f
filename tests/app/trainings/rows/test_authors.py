"""Whose word rows are, and how much of them the labels of one key may be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth import keys as api_keys
from app.http.exchange import HERE
from app.trainings.rows import authors
from src.data import cleaning, splitting
from src.data.schema import Dataset

Make = Callable[..., Dataset]
TRUSTED = frozenset({authors.FILE, "bank"})


def test_who_may_promote_is_trusted_and_who_the_dataset_names(
    database: peewee.Database, make_dataset: Make
) -> None:
    api_keys.create(database, "boss", ["label", "admin"])
    api_keys.create(database, "gone", ["label", "admin"])
    api_keys.create(database, "clerk", ["label", "train", "predict"])
    api_keys.revoke(database, "gone")
    trusted = authors.trusted(database, make_dataset(labels={"trusted_keys": ["bank"]}))
    assert trusted == {authors.FILE, HERE.name, "boss", "bank"}


@pytest.mark.parametrize(
    ("totals", "others", "most", "expected"),
    [
        ([6000], 6000, 0.2, 1500),
        ([1500], 6000, 0.2, math.inf),
        ([6000, 6000], 6000, 0.2, 2000),
        ([6000, 10], 6000, 0.2, 1502.5),
        ([9000] * 4, 6000, 0.2, 6000),
        ([90_000] * 5, 6000, 0.2, math.inf),  # none of them can be more than a fifth
        ([6000], 6000, 1.0, math.inf),
        ([6000], 0, 0.2, math.inf),
        ([], 6000, 0.2, math.inf),
    ],
)
def test_how_much_of_a_key_is_taken(
    totals: list[float], others: float, most: float, expected: float
) -> None:
    assert authors.cap(totals, others, most) == pytest.approx(expected)


@given(
    totals=st.lists(st.integers(1, 10_000), min_size=1, max_size=6),
    others=st.integers(1, 10_000),
    most=st.floats(0.01, 1),
)
def test_no_key_is_more_than_its_share_and_no_more_is_left_out_than_that_needs(
    totals: list[int], others: int, most: float
) -> None:
    cap = authors.cap(totals, others, most)

    def whole(limit: float) -> float:
        return others + sum(min(total, limit) for total in totals)

    greatest = min(max(totals), cap)
    assert greatest <= most * whole(cap) * (1 + 1e-9)
    if cap < max(totals):
        more = cap * 1.001 + 1e-6
        assert more > most * whole(more), "more could be taken"


def frame(dataset: Dataset, rows: list[dict[str, Any]]) -> pd.DataFrame:
    usual = {"x": "1", "price": "5", **dict.fromkeys(dataset.extra_columns(), "1")}
    return pd.DataFrame([{**usual, **row} for row in rows], columns=dataset.columns(), dtype="str")


def drawn(count: int, start: int = 0, **more: str) -> list[dict[str, Any]]:
    return [{"x": str(at), **more} for at in range(start, start + count)]


def kept(
    dataset: Dataset, rows: list[dict[str, Any]], keys: list[str]
) -> tuple[np.ndarray, list[Counter[str]]]:
    """Return which rows are left, and whose they are on either side."""
    table, names = frame(dataset, rows), np.array(keys, dtype=object)
    is_left = ~authors.surplus(table, names, TRUSTED, dataset, 7)
    cleaned = cleaning.clean(table[is_left].reset_index(drop=True), dataset).rows
    parts = splitting.split(cleaned, dataset, 7)
    return is_left, [Counter(names[is_left][part.index]) for part in (parts.train, parts.test)]


@pytest.fixture
def make(make_dataset: Make) -> Make:
    return lambda **changes: make_dataset(features={"x": {"type": "number"}}, **changes)


def test_of_each_side_a_key_has_its_share_the_newest_first(make: Make) -> None:
    rows = drawn(600) + drawn(400, start=1000)
    is_left, sides = kept(make(), rows, ["shop"] * 600 + [authors.FILE] * 400)
    for side in sides:
        assert side["shop"] == side[authors.FILE] // 4
    last = np.flatnonzero(is_left[:600])[-1]
    assert last < 200, "what came first in the rows is the newest"


def test_whoever_puts_all_labels_on_the_side_that_judges_has_its_share_there(make: Make) -> None:
    dataset = make(split={"method": "column", "column": "side"})
    rows = drawn(600, side="test") + drawn(400, start=1000, side="train")
    rows += drawn(100, start=2000, side="test")
    _, (train, test) = kept(dataset, rows, ["shop"] * 600 + [authors.FILE] * 500)
    assert train == {authors.FILE: 400}
    assert test == {authors.FILE: 100, "shop": 25}


def test_what_is_trusted_is_not_bounded(make: Make) -> None:
    rows = drawn(600) + drawn(100, start=1000)
    is_left, _ = kept(make(), rows, ["bank"] * 600 + [authors.FILE] * 100)
    assert is_left.all()


def test_a_label_that_says_its_own_weight_is_bounded_by_it(make: Make) -> None:
    dataset = make(weight="counts")
    rows = drawn(20, counts="1000000") + drawn(400, start=1000)
    is_left, _ = kept(dataset, rows, ["shop"] * 20 + [authors.FILE] * 400)
    assert not is_left[:20].any()
    assert is_left[20:].all()


def test_what_repeats_a_label_does_not_come_in_its_place(make: Make) -> None:
    """Else a label that was posted ten times would have to be left out ten times."""
    rows = drawn(300) * 10 + drawn(400, start=1000)
    _, sides = kept(make(), rows, ["shop"] * 3000 + [authors.FILE] * 400)
    for side in sides:
        assert side["shop"] <= side[authors.FILE] / 4


def test_where_there_is_nothing_else_nothing_is_left_out(make: Make) -> None:
    is_left, _ = kept(make(), drawn(200), ["shop"] * 120 + ["till"] * 80)
    assert is_left.all()
