from __future__ import annotations

import math

import numpy as np
import pytest

from src.inference.links import Answers

CLASSES = [("sigmoid", 1), ("softmax", 4), ("sigmoids", 4)]


def draw(seed: int, members: int, width: int, size: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first, last = rng.normal(0, size, (2, members * width))
    return first, last


@pytest.mark.parametrize(("link", "width"), CLASSES)
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("size", [1e-9, 1.0, 8.0])
def test_the_average_derivative_times_the_way_is_the_change(
    link: str, width: int, members: int, size: float
) -> None:
    answers = Answers(link, members)
    for seed in range(5):
        first, last = draw(seed, members, width, size)
        change = answers(last) - answers(first)
        for target in range(2 if link == "sigmoid" else width):
            slope = answers.slope(first, last, target)
            assert slope @ (last - first) == pytest.approx(change[target], abs=1e-6)


@pytest.mark.parametrize(("link", "width"), CLASSES)
def test_nowhere_to_go_is_the_derivative_itself(link: str, width: int) -> None:
    answers = Answers(link, 2)
    here, _ = draw(1, 2, width)
    for at in range(len(here)):
        step = np.zeros_like(here)
        step[at] = 1e-6
        change = (answers(here + step) - answers(here - step)) / 2e-6
        for target in range(len(change)):
            assert answers.slope(here, here, target)[at] == pytest.approx(change[target], abs=1e-8)


def test_members_are_averaged_behind_the_link() -> None:
    found = Answers("sigmoid", 2)(np.array([[0.0, math.log(3)]]))
    assert np.allclose(found, [[0.375, 0.625]])


@pytest.mark.parametrize(("link", "width"), CLASSES)
def test_probabilities_sum_to_one_even_far_out(link: str, width: int) -> None:
    scores = np.array([[-1e4] * width, [1e4] * width, [0.0] * width])
    found = Answers(link, 1)(scores)
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(axis=1), 1)
    slope = Answers(link, 1).slope(scores[0], scores[1], 0)
    assert np.isfinite(slope).all()


def test_one_against_the_rest_is_even_where_all_are_impossible() -> None:
    assert Answers("sigmoids", 1)(np.full((1, 4), -1e4)).tolist() == [[0.25] * 4]


@pytest.mark.parametrize(
    ("first", "last"), [(1.0, 3.0), (3.0, 1.0), (2.0, 2.0), (2.0, 2.0 + 1e-12), (-900.0, 5.0)]
)
def test_values_behind_a_logarithm_change_by_the_logarithmic_mean(
    first: float, last: float
) -> None:
    (slope,) = Answers("exp", 1).slope(np.array([first]), np.array([last]), None)
    if last - first:
        change = math.exp(first) * math.expm1(last - first) if abs(last - first) < 1 else None
        expected = change if change is not None else math.exp(last) - math.exp(first)
        assert slope * (last - first) == pytest.approx(expected, rel=1e-9)
    else:
        assert slope == pytest.approx(math.exp(first))


def test_values_beyond_reason_stay_finite() -> None:
    answers = Answers("exp", 1)
    assert answers(np.array([[1e6]])) == pytest.approx(math.exp(300))
    assert np.isfinite(answers.slope(np.array([0.0]), np.array([1e6]), None)).all()


def test_plain_values_are_their_scores() -> None:
    answers = Answers("identity", 1)
    assert answers(np.array([[2.0], [3.0]])).tolist() == [2.0, 3.0]
    assert answers.slope(np.array([2.0]), np.array([5.0]), None).tolist() == [1.0]


@pytest.mark.parametrize("members", [1, 3])
def test_log_odds_are_put_right_member_by_member(members: int) -> None:
    bent = [[0.5 + at, -1.0 + at] for at in range(members)]
    answers = Answers("sigmoid", members, bent)
    first, last = draw(0, members, 1, 1.0)
    each = [
        1 / (1 + math.exp(-(slope * score + shift)))
        for (slope, shift), score in zip(bent, first.tolist(), strict=True)
    ]
    assert answers(first)[1] == pytest.approx(np.mean(each))
    both = answers(np.stack([first, last]))
    assert np.allclose(both, [answers(first), answers(last)])
    for target in (0, 1):
        slope = answers.slope(first, last, target)
        change = (answers(last) - answers(first))[target]
        assert slope @ (last - first) == pytest.approx(change, abs=1e-9)
