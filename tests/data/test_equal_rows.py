from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.data import equal_rows
from src.data.coded import Batch, Column, Rows

numbers = st.sampled_from([0.0, -0.0, 1.5, -1.5, math.nan, 1e300])
words = st.sampled_from(["", "nan", "a", "b", None])
frames = st.lists(st.tuples(numbers, words), max_size=30)


def frame_of(rows: list[tuple[float, str | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["number", "word"])
    return frame.astype({"number": np.float64, "word": "str"})


def marks_of(frame: pd.DataFrame) -> equal_rows.Marks:
    return equal_rows.marks(Batch.of(frame).columns.values())


@settings(max_examples=60)
@given(frames, st.integers(1, 7))
def test_rows_are_seen_as_pandas_sees_them_whatever_the_batches(
    rows: list[tuple[float, str | None]], size: int
) -> None:
    frame = frame_of(rows)
    seen = equal_rows.Seen()
    parts = [frame.iloc[at : at + size] for at in range(0, len(frame), size)]
    told = [seen.add(marks_of(part)) for part in parts]
    assert np.concatenate([*told, np.zeros(0, bool)]).tolist() == frame.duplicated().tolist()


def test_the_table_grows_and_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_rows, "SLOTS", 2)
    values = np.random.default_rng(0).integers(0, 4000, 10_000).astype(np.float64)
    seen = equal_rows.Seen()
    told = [seen.add(equal_rows.marks([Column.of(pd.Series(part))]))
            for part in np.array_split(values, 13)]  # fmt: skip
    assert np.concatenate(told).tolist() == pd.Series(values).duplicated().tolist()


def test_nothing_but_zeros_is_a_row_too() -> None:
    zeros = np.zeros(3, dtype=np.uint64)
    assert equal_rows.Seen().add((zeros, zeros)).tolist() == [False, True, True]


def test_both_marks_tell_rows_apart() -> None:
    one = np.array([1, 1, 1], dtype=np.uint64)
    other = np.array([1, 2, 1], dtype=np.uint64)
    assert equal_rows.Seen().add((one, other)).tolist() == [False, False, True]


def test_the_share_of_equal_rows_counts_all_of_them() -> None:
    rows = Rows([Batch.of(frame_of([(1, "a"), (2, "a")])), Batch.of(frame_of([(1, "a"), (3, "")]))])
    assert equal_rows.share(rows.batches, ["number", "word"]) == 0.5
    assert equal_rows.share(rows.batches, ["word"]) == 0.75
