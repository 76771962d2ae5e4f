from __future__ import annotations

import numpy as np
import pytest

from src.support import distances
from src.support.distances import Mahalanobis

COVARIANCE = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])


def test_a_whole_row_counts_by_all_its_columns() -> None:
    row = np.array([1.0, -2.0, 3.0])
    expected = row @ np.linalg.inv(COVARIANCE) @ row
    assert Mahalanobis(COVARIANCE).squared(row[None]) == pytest.approx([expected])


def test_a_gap_is_as_if_its_column_were_not_there() -> None:
    rows = np.array([[1.0, np.nan, 3.0], [np.nan] * 3, [1.0, -2.0, 3.0], [1.0, np.nan, 3.0]])
    first, none, whole, last = Mahalanobis(COVARIANCE).squared(rows)
    small = np.linalg.inv(COVARIANCE[np.ix_([0, 2], [0, 2])])
    assert first == last == pytest.approx(np.array([1.0, 3.0]) @ small @ np.array([1.0, 3.0]))
    assert none == 0
    assert whole > first


def test_not_all_patterns_of_gaps_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "MOST_PATTERNS", 1)
    made = Mahalanobis(COVARIANCE)
    gaps = np.array([[True, False, False], [False, True, False]])
    for _ in range(2):
        sizes = [made.inverse(gap).shape for gap in gaps]
        assert sizes == [(2, 2)] * 2
    assert len(made._parts) == 1
