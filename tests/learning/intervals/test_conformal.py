from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.features import Bounds
from src.data.schema import Dataset
from src.evaluation.judged import Judged
from src.learning.intervals import conformal
from src.support.structs import convert


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw truth and predictions; the error grows with the prediction and is skew."""
    rng = np.random.default_rng(seed)
    output = rng.uniform(1, 100, count)
    return output * np.exp(rng.gumbel(0, 0.02 + output / 500)), output


def dataset(task: str, coverage: float, bounds: Bounds | None = None) -> Dataset:
    limits = {} if bounds is None else msgspec.structs.asdict(bounds)
    values = {
        "name": "stones",
        "task": task,
        "source": "data/stones.csv",
        "target": {"name": "price", **limits},
        "features": {"carat": {"type": "number"}},
        "metric": "mae" if task == "regression" else "accuracy",
        "coverage": coverage,
    }
    return convert(values, Dataset)


def regression(
    truth: Any, output: Any, coverage: float = 0.9, bounds: Bounds | None = None, **how: Any
) -> dict[str, Any]:
    made = dataset("regression", coverage, bounds)
    found = conformal.pooled(made, Judged(np.array(truth), np.array(output), **how), log=False)
    json.dumps(found, allow_nan=False)
    return found


def factors(truth: Any, output: Any, coverage: float = 0.9, **how: Any) -> dict[str, Any]:
    """Calibrate a model of the logarithm."""
    rows = Judged(np.array(truth), np.array(output), **how)
    found = conformal.pooled(dataset("regression", coverage), rows, log=True)
    json.dumps(found, allow_nan=False)
    return found


def classes(truth: Any, output: Any, coverage: float = 0.9, **how: Any) -> dict[str, Any]:
    rows = Judged(np.array(truth), np.array(output), **how)
    found = conformal.pooled(dataset("multiclass", coverage), rows)
    json.dumps(found, allow_nan=False)
    return found


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("coverage", [0.6, 0.9, 0.98])
def test_new_rows_are_held_as_often_as_asked_cheap_and_dear_alike(
    coverage: float, log: bool
) -> None:
    found = (factors if log else regression)(*drawn(20_000), coverage)
    truth, output = drawn(20_000, seed=1)
    assert conformal.measure(found, Judged(truth, output))["coverage"] == pytest.approx(
        coverage, abs=0.01
    )
    low, high = conformal.limits(found, output)
    for tenth in np.array_split(np.argsort(output), 10):
        held = (low[tenth] <= truth[tenth]) & (truth[tenth] <= high[tenth])
        assert held.mean() == pytest.approx(coverage, abs=0.03)


def test_as_many_are_missed_above_as_below() -> None:
    found = regression(*drawn(20_000))
    truth, output = drawn(20_000, seed=1)
    low, high = conformal.limits(found, output)
    assert (truth < low).mean() == pytest.approx(0.05, abs=0.01)
    assert (truth > high).mean() == pytest.approx(0.05, abs=0.01)


def test_limits_are_order_statistics_of_what_was_missed() -> None:
    """Of 19 residuals, a new one is as likely before the first as after the last: 0.05 each."""
    errors = np.random.default_rng(0).permutation(np.arange(-9.0, 10.0))
    assert regression(100 + errors, np.full(19, 100.0), 0.9)["low"] == [-9.0]
    assert regression(100 + errors, np.full(19, 100.0), 0.8)["low"] == [-8.0]
    assert regression(100 + errors, np.full(19, 100.0), 0.85)["low"] == [-9.0]  # rather too wide
    found = regression(100 + errors, np.full(19, 100.0), 0.8)
    assert found["high"] == [8.0]
    assert found["edges"] == []
    low, high = conformal.limits(found, np.array([50.0]))
    assert (low.tolist(), high.tolist()) == ([42.0], [58.0])


def test_of_a_logarithm_the_limits_are_factors() -> None:
    output = np.full(19, 10.0)
    found = factors(output * 2.0 ** np.arange(-9, 10), output, 0.8)
    assert found["low"] == [pytest.approx(2.0**-8)]
    low, high = conformal.limits(found, np.array([3.0]))
    assert (low[0], high[0]) == (pytest.approx(3 / 256), pytest.approx(3 * 256))


def test_a_prediction_of_nothing_leaves_the_factors_finite() -> None:
    found = factors([5.0, 6.0], [0.0, 5.0])
    assert found["high"][0] > 1e90


def test_a_bin_begins_at_its_edge() -> None:
    found = {**regression([1.0], [1.0]), "edges": [10.0], "low": [-1.0, -2.0], "high": [1.0, 2.0]}
    low, high = conformal.limits(found, np.array([9.0, 10.0]))
    assert (low.tolist(), high.tolist()) == ([8.0, 8.0], [10.0, 12.0])


def test_few_rows_give_the_extremes() -> None:
    found = regression([1.0, 2.0, 5.0], [2.0, 2.0, 2.0], 0.99)
    assert (found["low"], found["high"]) == ([-1.0], [3.0])


@pytest.mark.parametrize(
    ("rows", "bins"), [(10, 1), (599, 1), (600, 2), (3000, 10), (6000, 20), (50_000, 20)]
)
def test_bins_have_some_300_rows_and_are_at_most_20(rows: int, bins: int) -> None:
    truth, output = drawn(rows)
    found = regression(truth, output)
    assert len(found["low"]) == len(found["high"]) == len(found["edges"]) + 1 == bins
    counts = np.bincount(np.searchsorted(found["edges"], output, side="right"))
    assert counts.min() >= min(rows, 299)


@pytest.mark.parametrize(
    "output",
    [np.full(6000, 5.0), np.repeat([1.0, 2.0], 3000), np.r_[np.zeros(5900), np.arange(100.0)]],
    ids=["one", "two", "mostly one"],
)
def test_equal_predictions_share_a_bin_of_many_rows(output: np.ndarray) -> None:
    truth = output + np.random.default_rng(0).normal(size=6000)
    found = regression(truth, output)
    counts = np.bincount(np.searchsorted(found["edges"], output, side="right"))
    assert counts.min() >= 150
    assert len(counts) == len(found["low"])
    assert len(counts) <= len(np.unique(output))


@pytest.mark.parametrize(
    ("bounds", "least", "most"),
    [
        (Bounds(), None, None),
        (Bounds(above=0), 0.0, None),
        (Bounds(min=1, below=9), 1.0, 9.0),
        (Bounds(min=1, above=0, max=8, below=9), 1.0, 8.0),
    ],
)
def test_limits_keep_to_the_targets_bounds(
    bounds: Bounds, least: float | None, most: float | None
) -> None:
    found = regression([-40.0, 60.0] * 20, [5.0] * 40, bounds=bounds)
    assert (found["least"], found["most"]) == (least, most)
    low, high = conformal.limits(found, np.array([5.0]))
    assert low[0] == (-40.0 if least is None else least)
    assert high[0] == (60.0 if most is None else most)


def test_a_prediction_is_always_within() -> None:
    found = regression([15.0, 16.0] * 20, [10.0] * 40, bounds=Bounds(above=0, below=50))
    values = np.array([10.0, -3.0, 60.0])
    low, high = conformal.limits(found, values)
    assert low.tolist() == [10.0, -3.0, 50.0]
    assert high.tolist() == [16.0, 3.0, 60.0]


def test_the_width_and_the_share_are_measured() -> None:
    found = regression([9.0, 11.0] * 20, [10.0] * 40)
    measured = conformal.measure(found, Judged(np.array([10.0, 12.0]), np.array([10.0, 10.5])))
    assert measured == {"coverage": 0.5, "width": 2.0}


def probable(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw three classes from probabilities that are known."""
    rng = np.random.default_rng(seed)
    output = rng.dirichlet([0.7, 0.7, 0.7], count)
    truth = (rng.random(count)[:, None] > output.cumsum(axis=1)).sum(axis=1)
    return np.minimum(truth, 2), output


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.97])
def test_sets_hold_the_true_class_as_often_as_asked(coverage: float) -> None:
    found = classes(*probable(5000, 0), coverage)
    truth, output = probable(5000, 1)
    measured = conformal.measure(found, Judged(truth, output))
    assert measured["coverage"] == pytest.approx(coverage, abs=0.015)
    assert 1 < measured["width"] < 3


def test_the_threshold_is_reached_by_the_share_of_true_classes() -> None:
    likely = np.arange(1, 20) / 20  # of 19, with 20 places for a new one
    output = np.column_stack([likely, 1 - likely])
    assert classes(np.zeros(19, dtype=int), output, 0.9)["threshold"] == 2 / 20
    assert classes(np.zeros(19, dtype=int), output, 0.8)["threshold"] == 4 / 20
    assert classes(np.zeros(19, dtype=int), output, 0.99)["threshold"] == 1 / 20
    few = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])  # two of them would be 2 of 4 places
    assert classes([0, 0, 0], few, 0.6)["threshold"] == 0.7


def test_the_likeliest_class_is_always_in_the_set() -> None:
    held = conformal.members({"threshold": 0.9}, np.array([[0.4, 0.35, 0.25], [0.0, 0.05, 0.95]]))
    assert held.tolist() == [[True, False, False], [False, False, True]]


def test_sets_are_measured_by_their_size() -> None:
    output = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]])
    measured = conformal.measure({"threshold": 0.35}, Judged(np.array([0, 2]), output))
    assert measured == {"coverage": 0.5, "width": 1.5}


@given(
    st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0.01, 1e6)), min_size=1, max_size=60),
    st.floats(0.51, 0.99),
    st.booleans(),
)
def test_the_rows_calibrated_on_are_held_at_least_as_often(
    pairs: list[tuple[float, float]], coverage: float, log: bool
) -> None:
    truth, output = np.array(pairs).T
    found = (factors if log else regression)(truth, output, coverage)
    low, high = conformal.limits(found, output)
    assert np.isfinite([low, high]).all()
    slack = 1e-9 * (truth + output)  # of exp(log(...)), and of sums
    missed = ((truth < low - slack) | (truth > high + slack)).sum()
    assert missed <= 2 * math.floor((len(pairs) + 1) * (1 - coverage) / 2)


def test_a_row_that_counts_twice_moves_the_limits_as_two_rows_would() -> None:
    truth, _ = drawn(900)
    counts = np.arange(900) % 3
    twice = np.repeat(np.arange(900), counts)
    for calibrate in (regression, factors):
        found = calibrate(truth, np.ones(900), weights=counts * 1.0)
        expected = calibrate(truth[twice], np.ones(900))
        assert found["low"] == expected["low"]
        assert found["high"] == expected["high"]


def test_classes_are_likely_by_the_weight_of_their_rows() -> None:
    rng = np.random.default_rng(1)
    output = rng.dirichlet([1, 1, 1], 600)
    truth, counts = rng.integers(0, 3, 600), np.arange(600) % 3
    twice = np.repeat(np.arange(600), counts)
    found = classes(truth, output, 0.8, weights=counts * 1.0)
    assert found == classes(truth[twice], output[twice], 0.8)


def test_coverage_and_width_are_weighted() -> None:
    found = regression(*drawn(2000))
    truth, output = drawn(50, seed=2)
    counts = np.arange(50) % 2
    odd = counts == 1
    measured = conformal.measure(found, Judged(truth, output, counts * 1.0))
    assert measured == pytest.approx(conformal.measure(found, Judged(truth[odd], output[odd])))


def test_a_rare_class_is_held_as_often_as_a_frequent_one() -> None:
    rng = np.random.default_rng(0)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        truth = (rng.random(count) < 0.05).astype(int)
        score = rng.normal(0, 1, count) + 1.5 * truth - 2.9
        chance = 1 / (1 + np.exp(-score))
        return truth, np.column_stack([1 - chance, chance])

    made = dataset("binary", 0.9)
    found = conformal.calibrate(made, Judged(*drawn(8000)), pd.DataFrame())
    truth, output = drawn(8000)
    for thresholds, least, most in ((found["thresholds"], 0.85, 0.95), (None, 0.0, 0.7)):
        held = conformal.members({**found, "thresholds": thresholds}, output)
        assert least <= held[truth == 1, 1].mean() <= most


def test_a_class_of_few_rows_has_the_threshold_of_all() -> None:
    truth = np.array([0] * 200 + [1] * 20)
    output = np.column_stack([np.linspace(0.3, 0.9, 220), np.linspace(0.7, 0.1, 220)])
    found = conformal.calibrate(dataset("binary", 0.9), Judged(truth, output), pd.DataFrame())
    assert found["thresholds"][1] == found["threshold"] != found["thresholds"][0]
