from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.learning.inspection import clues


@pytest.mark.parametrize("dtype", ["str", object])
def test_equal_words_are_one_and_a_missing_one_is_another(dtype: Any) -> None:
    clue = clues.of(pd.Series(["a", "b", None, "a", ""], dtype=dtype))
    (codes,) = clue.codes
    assert codes.tolist() == [0, 1, 2, 0, 2]
    assert clue.missing.tolist() == [False, False, True, False, True]
    assert clue.places is None


def test_few_numbers_are_taken_as_they_are() -> None:
    clue = clues.of(pd.Series([3.0, np.nan, 1.0, 3.0] * 5))
    (codes,) = clue.codes
    assert codes.tolist() == [1, 2, 0, 1] * 5
    assert clue.missing.tolist() == [False, True, False, False] * 5
    assert clue.places is None


def test_many_numbers_are_put_into_bins_of_rows_and_equal_ones_stay_together() -> None:
    values = np.repeat(np.arange(400.0), 3)
    values[:7] = np.nan
    clue = clues.of(pd.Series(values))
    assert clue.places is not None
    for codes in clue.codes:
        assert len(set(codes[:7])) == 1
        assert codes[0] not in codes[7:]
        assert all(len(set(codes[values == one])) == 1 for one in values[7:])
        assert (np.diff(codes[7:]) >= 0).all()
    fine, coarse = (np.bincount(codes[7:]) for codes in clue.codes)
    assert fine.max() <= 13
    assert coarse.max() <= 103


def test_numbers_of_which_none_is_there_are_one_value() -> None:
    clue = clues.of(pd.Series([np.nan] * 5))
    assert clue.codes[0].tolist() == [0] * 5
    assert clue.missing.all()
