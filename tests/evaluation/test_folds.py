"""A model is better where chance does not explain it, fold by fold."""

from __future__ import annotations

import math

import pytest

from src.evaluation import folds

SAME = [0.7, 0.8, 0.6, 0.9, 0.7]


def moved(by: float, sway: float = 0.0) -> list[float]:
    return [one + by + sway * (-1) ** at for at, one in enumerate(SAME)]


@pytest.mark.parametrize(
    ("ours", "is_better"),
    [
        (moved(0.05, 0.001), True),  # a little, on each fold
        (moved(0.05, 0.2), False),  # as much, by two folds of five
        (moved(0.05), True),
        (SAME, False),
        (moved(-0.05, 0.001), False),
    ],
)
def test_a_gain_counts_where_all_folds_show_it(ours: list[float], is_better: bool) -> None:
    assert folds.is_better("accuracy", ours, SAME) == is_better


def test_less_of_an_error_is_better() -> None:
    assert folds.is_better("mae", moved(-0.05, 0.001), SAME)
    assert not folds.is_better("mae", moved(0.05, 0.001), SAME)


def test_folds_share_rows_which_makes_their_scores_too_much_alike() -> None:
    gains = [0.02, 0.05, -0.01, 0.04, 0.02]  # t is 2.3 if they were drawn anew, and 1.6 here
    ours = [one + gain for one, gain in zip(SAME, gains, strict=True)]
    assert not folds.is_better("accuracy", ours, SAME)


def test_what_is_not_defined_is_no_better() -> None:
    assert not folds.is_better("accuracy", [math.nan, *SAME[1:]], SAME)
    assert not folds.is_better("accuracy", SAME, [math.nan, *SAME[1:]])
