from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from src.card import coverage
from src.evaluation import bootstrap


def groups(cells: list, inside: list, promised: float = 0.9) -> dict[str, coverage.Group]:
    found = coverage.by_group(np.array(inside), {"place": pd.Series(cells)}, promised)
    return {one.value: one for one in found}


def test_each_value_has_its_share_with_wilsons_interval() -> None:
    found = groups(["a"] * 100 + ["b"] * 50, [True] * 95 + [False] * 5 + [True] * 30 + [False] * 20)
    assert (found["a"].rows, found["a"].share, found["a"].is_short) == (100, 0.95, False)
    assert (found["b"].rows, found["b"].share, found["b"].is_short) == (50, 0.6, True)
    for one in found.values():
        assert (one.share_low, one.share_high) == bootstrap.share(one.share, one.rows)
        assert one.feature == "place"


def test_what_is_short_takes_the_number_of_groups_into_account() -> None:
    """Of two hundred groups, one that is as bad as chance makes one in a hundred is not named."""
    inside = [True] * 82 + [False] * 18
    assert groups(["a"] * 100, inside)["a"].is_short
    many = groups(
        [*["a"] * 100, *(f"v{at}" for at in range(29) for _ in range(10))], [*inside, *[True] * 290]
    )
    assert len(many) == 30
    assert not many["a"].is_short
    assert many["a"].share_high < 0.9, "by itself it is"


def test_few_rows_are_no_group_and_missing_ones_are_one() -> None:
    found = groups(["a"] * 20 + ["b"] * 9 + [None] * 12, [True] * 41)
    assert {name: one.rows for name, one in found.items()} == {"a": 20, "missing": 12}


def test_many_numbers_are_quarters_and_few_are_values() -> None:
    numbers = [float(at) for at in range(100)]
    found = groups([*numbers, *[np.nan] * 10], [True] * 110)
    assert [one.rows for one in found.values()] == [25, 25, 25, 25, 10]
    assert next(iter(found)) == "0 to 24.75"
    assert list(groups([2.0] * 20 + [10.0] * 20, [True] * 40)) == ["2", "10"]


def test_without_columns_there_are_no_groups() -> None:
    assert coverage.by_group(np.ones(5, dtype=bool), {}, 0.9) == []
    assert pytest.approx(0.05) == coverage.ALPHA
