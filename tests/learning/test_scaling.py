from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from src.learning.scaling import Numbers

NAN = float("nan")


@pytest.fixture
def cells() -> np.ndarray:
    """Numbers of many sizes, some of them missing; the last two columns have one and no value."""
    rng = np.random.default_rng(0)
    found = rng.lognormal(0, 2, (157, 12)) * rng.choice([1e-3, 1, 1e5], 12)
    found[rng.random(found.shape) < 0.2] = NAN
    found[:, -2:] = [7.3, NAN]
    return found


@pytest.mark.parametrize("lay", [np.ascontiguousarray, np.asfortranarray])
def test_each_column_of_a_block_is_to_the_digit_what_it_is_alone(
    cells: np.ndarray, lay: Callable[[np.ndarray], np.ndarray]
) -> None:
    found = Numbers(is_filled=True).fit_transform(lay(cells))
    for at in range(cells.shape[1]):
        alone = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        ).fit_transform(cells[:, [at]])
        assert_array_equal(found[:, [at]], alone)


def test_numbers_without_a_missing_one_are_scaled_alone(cells: np.ndarray) -> None:
    full = np.nan_to_num(cells, nan=1.5)
    found = Numbers().fit(full)
    assert found.fill_ is None
    assert_array_equal(found.transform(full)[:, [3]], StandardScaler().fit_transform(full[:, [3]]))


def test_kept_numbers_stay_as_they_are(cells: np.ndarray) -> None:
    assert_array_equal(Numbers(is_kept=True).fit_transform(cells), cells)


def test_one_column_is_encoded_alone_as_among_the_others(cells: np.ndarray) -> None:
    whole = Numbers(is_filled=True).fit(cells)
    for at in range(cells.shape[1]):
        one = whole.one(at)
        assert_array_equal(one.transform(cells[:, [at]]), whole.transform(cells)[:, [at]])
