"""Which few rows a judgement hangs on, by figures that a person can compute."""

from __future__ import annotations

import numpy as np
import pytest

from app.trainings.judging.leave_out import MOST, Figures, Judgement, influential

CALM = np.linspace(0.5, 1.5, 200)  # errors whose mean is 1


def judged(errors: np.ndarray, limit: float, *, is_close: bool = False) -> Judgement:
    """Judge rows by their mean error, which has an upper limit."""

    def measure(rows: np.ndarray) -> Figures:
        return {"error": float(errors[rows].mean())}

    def distances(figures: Figures) -> Figures:
        value = figures["error"]
        return {"error": None if value is None else value - limit}

    return Judgement(len(errors), measure, distances, is_close)


def rows_of(judgement: Judgement, rows: list[int] | None = None) -> list[int]:
    every = list(range(judgement.count)) if rows is None else rows
    return [step.row for step in influential(judgement, every, 7)]


def test_one_row_that_a_limit_is_missed_by() -> None:
    errors = np.append(CALM, 201.0)
    (step,) = influential(judged(errors, 1.1), range(201), 7)
    assert step.row == 200
    assert step.before["error"] == pytest.approx(401 / 201)
    assert step.figures["error"] == pytest.approx(1.0)


def test_where_nothing_is_missed_no_row_is_named() -> None:
    assert rows_of(judged(CALM, 1.1)) == []


def test_rows_are_dropped_until_it_passes_the_worst_first() -> None:
    errors = np.append(CALM, [90.0, 150.0, 120.0])
    assert rows_of(judged(errors, 1.1)) == [201, 202, 200]


def test_only_rows_that_may_be_dropped_are() -> None:
    errors = np.append(CALM, [90.0, 150.0])
    assert rows_of(judged(errors, 1.8), [3, 200]) == [200]


def test_where_it_does_not_pass_only_what_moves_it_beyond_chance_is_named() -> None:
    errors = np.append(CALM, [150.0, 1.6])
    assert rows_of(judged(errors, 0.5)) == [201 - 1], "the second is one of many"
    assert rows_of(judged(CALM, 0.5)) == []


def test_no_more_than_two_are_named_where_it_does_not_pass() -> None:
    errors = np.append(CALM, [150.0, 140.0, 130.0, 120.0])
    assert rows_of(judged(errors, 0.5)) == [200, 201]


def test_no_more_than_five_nor_a_twentieth_are_dropped() -> None:
    many = np.append(CALM, [100.0] * (MOST + 1))
    assert len(rows_of(judged(many, 1.5))) == MOST
    few = np.append(CALM[::5], [50.0, 50.0, 50.0])  # of 43 rows
    assert len(rows_of(judged(few, 2.5))) == 2
    assert rows_of(judged(few, 2.0)) == [], "two are not enough, and no further off than the third"


def test_a_row_that_tips_the_scales_counts_where_chance_does_not() -> None:
    judgement = judged(CALM, float(CALM.mean()) - 0.001)
    assert rows_of(judgement) == [199], "exact"
    assert rows_of(judged(CALM, float(CALM.mean()) - 0.001, is_close=True)) == []
    errors = np.append(CALM, 201.0)
    assert rows_of(judged(errors, 1.1, is_close=True)) == [200]


def test_a_figure_that_is_not_defined_is_missed() -> None:
    def measure(rows: np.ndarray) -> Figures:
        return {"rows": None if 7 in rows else 1.0}

    judgement = Judgement(100, measure, lambda figures: {"rows": -1.0 if figures["rows"] else None})
    assert rows_of(judgement) == [7]


def test_of_two_limits_the_row_counts_that_helps_both() -> None:
    one, other = np.ones((2, 100))
    one[3], other[3], one[4] = 51.0, 51.0, 52.0

    def measure(rows: np.ndarray) -> Figures:
        return {"one": float(one[rows].mean()), "other": float(other[rows].mean())}

    def distances(figures: Figures) -> Figures:
        return {name: (value or 0.0) - 1.2 for name, value in figures.items()}

    assert rows_of(Judgement(100, measure, distances)) == [3, 4]
