from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from src.evaluation.decision import LIKELIEST, Decision, sureness

OUTPUT = np.array([[0.9, 0.1], [0.7, 0.3], [0.5, 0.5], [0.2, 0.8]])


def test_without_a_threshold_the_likeliest_class_is_chosen_and_of_equals_the_first() -> None:
    assert LIKELIEST.called(OUTPUT).tolist() == [0, 0, 0, 1]
    three = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])
    assert LIKELIEST.called(three).tolist() == [1, 0]
    assert not LIKELIEST.abstains(OUTPUT).any()
    assert Decision.of({}) == LIKELIEST


def test_a_threshold_is_reached_by_what_equals_it() -> None:
    assert Decision(0.3).called(OUTPUT).tolist() == [0, 1, 1, 1]
    assert Decision(0.81).called(OUTPUT).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("made", [LIKELIEST, Decision(0.3), Decision(0.3, band=(0.2, 0.5))])
def test_one_row_is_decided_as_many_are(made: Decision) -> None:
    rows = OUTPUT.tolist()
    assert [made.called_one(row) for row in rows] == made.called(OUTPUT).tolist()
    assert [made.abstains_from(row) for row in rows] == made.abstains(OUTPUT).tolist()


def test_the_ends_of_the_band_are_answered() -> None:
    made = Decision(0.4, band=(0.3, 0.8))
    assert made.abstains(OUTPUT).tolist() == [False, False, True, False]


def test_the_positive_class_may_stand_first() -> None:
    made, turned = Decision(0.3, band=(0.2, 0.4)), OUTPUT[:, ::-1]
    other = replace(made, positive=0)
    assert other.called(turned).tolist() == (1 - made.called(OUTPUT)).tolist()
    assert other.abstains(turned).tolist() == made.abstains(OUTPUT).tolist()


def test_a_third_class_that_nothing_is_given_to_is_never_chosen() -> None:
    wide = np.column_stack([OUTPUT, np.zeros(4)])
    assert Decision(0.3).called(wide).tolist() == Decision(0.3).called(OUTPUT).tolist()


def test_it_is_read_from_a_manifest() -> None:
    costs = {"false_positive": 1, "false_negative": 20}
    told = {"threshold": 0.2, "band": [0.1, 0.4], "costs": costs, "by": "the least cost"}
    assert Decision.of({"decision": told}) == Decision(0.2, (0.1, 0.4), (1, 20))
    assert Decision.of({"decision": {"threshold": 0.2}}) == Decision(0.2)


def test_sureness_is_nothing_at_the_threshold_and_whole_at_both_ends() -> None:
    assert sureness(0.2, np.array([0, 0.1, 0.2, 0.6, 1])) == pytest.approx([1, 0.5, 0, 0.5, 1])
    assert sureness(0.5, OUTPUT[:, 1]) == pytest.approx(np.abs(OUTPUT[:, 0] - OUTPUT[:, 1]))
    assert np.isfinite(sureness(0.0, np.array([0.0, 0.5]))).all()
    assert np.isfinite(sureness(1.0, np.array([1.0, 0.5]))).all()
