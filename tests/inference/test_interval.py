from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.schema import Dataset
from src.evaluation.judged import Judged
from src.inference.cells import Cells
from src.inference.interval import Interval
from src.learning.intervals import conformal
from src.support.structs import convert

PLAIN: dict[str, Any] = {
    "coverage": 0.9,
    "measured": 0.91,
    "width": 12.5,
    "log": False,
    "edges": [10.0, 20.0],
    "low": [-1.0, -2.0, 3.0],
    "high": [1.0, 4.0, 5.0],
    "least": 0.0,
    "most": 30.0,
}
FLOATS = st.floats(-1e6, 1e6)
VALUES: dict[str, Any] = {
    "name": "stones",
    "task": "regression",
    "source": "data/stones.csv",
    "target": {"name": "price"},
    "features": {"carat": {"type": "number"}},
    "metric": "mae",
    "coverage": 0.8,
}
REGRESSION = convert({**VALUES, "target": {"name": "price", "min": -10, "max": 1e5}}, Dataset)


def interval(**changes: Any) -> Interval:
    return Interval.from_manifest({**PLAIN, **changes})


@pytest.mark.parametrize(
    ("value", "limits"),
    [
        (5.0, (4.0, 6.0)),
        (9.999, (8.999, 10.999)),
        (10.0, (8.0, 14.0)),
        (0.5, (0.0, 1.5)),
        (20.0, (20.0, 25.0)),
        (28.0, (28.0, 30.0)),
        (-7.0, (-7.0, 0.0)),
        (40.0, (30.0, 40.0)),
    ],
)
def test_limits_are_those_of_the_values_bin_and_hold_it(
    value: float, limits: tuple[float, float]
) -> None:
    assert interval().around_one(value) == limits
    assert [type(limit) for limit in interval().around_one(value)] == [float, float]


def test_factors_multiply() -> None:
    found = interval(log=True, low=[0.5, 0.75, 0.9], high=[2.0, 1.5, 1.1], most=None)
    assert found.around_one(4.0) == (2.0, 8.0)
    assert found.around_one(16.0) == (12.0, 24.0)


def test_what_was_promised_and_what_was_measured_is_at_hand() -> None:
    assert (interval().coverage, interval().measured, interval().width) == (0.9, 0.91, 12.5)
    bare = Interval.from_manifest({"coverage": 0.8, "threshold": 0.5})
    assert (bare.coverage, bare.measured, bare.width) == (0.8, None, None)


def test_many_values_have_limits_in_two_arrays() -> None:
    low, high = interval().around(np.array([5.0, 10.0]))
    assert (low.tolist(), high.tolist()) == ([4.0, 8.0], [6.0, 14.0])
    low, high = interval().around(np.array([]))
    assert low.shape == high.shape == (0,)


@pytest.mark.parametrize(
    ("probabilities", "likely"),
    [
        ([0.2, 0.5, 0.3], [1, 2]),
        ([0.3, 0.4, 0.3], [0, 1, 2]),
        ([0.02, 0.9, 0.08], [1]),
        ([0.25, 0.25, 0.25, 0.25], [0]),
    ],
)
def test_the_classes_that_are_likely_are_those_above_the_threshold(
    probabilities: list[float], likely: list[int]
) -> None:
    found = Interval.from_manifest({"coverage": 0.9, "threshold": 0.3})
    assert found.likely(probabilities) == likely
    assert found.likely(np.array(probabilities)) == likely
    assert np.flatnonzero(found.are_likely(np.array([probabilities]))[0]).tolist() == likely


@pytest.mark.parametrize("is_factor", [True, False])
def test_limits_by_column_are_those_of_each_record_to_the_last_digit(is_factor: bool) -> None:
    spread = {
        "carat": {"edges": [0.3, 0.9], "factors": [0.93, 1.07, 1.31, 0.99]},
        "cut": {"values": ["Fair", "Ideal"], "factors": [1.1, 0.77, 1.01]},
    }
    ends = {"low": [0.61, 0.75, 0.9], "high": [1.7, 1.5, 1.1]} if is_factor else {}
    values = {**PLAIN, **ends, "log": is_factor, "spread": spread}
    found = Interval.from_manifest(values, ["carat", "cut"])
    draw = np.random.default_rng(3)
    answers = draw.uniform(-5, 40, 300)
    carats = [None if carat > 1.2 else carat for carat in draw.uniform(0, 1.5, 300).tolist()]
    records = list(zip(carats, draw.choice(["Fair", "Ideal", "new"], 300).tolist(), strict=True))
    low, high = found.around_many(answers, Cells(records))
    pairs = map(found.around_one, answers.tolist(), records)
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == list(pairs)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=40), st.lists(FLOATS, max_size=9))
def test_serving_applies_limits_as_training_measured_them(
    pairs: list[tuple[float, float]], values: list[float]
) -> None:
    truth, output = np.array(pairs).T
    calibration = conformal.pooled(REGRESSION, Judged(truth, output))
    asked = np.array([*values, *output])
    expected = conformal.limits(calibration, asked)
    found = Interval.from_manifest(calibration).around(asked)
    np.testing.assert_array_equal(found, expected)


def test_serving_applies_factors_as_training_measured_them() -> None:
    rng = np.random.default_rng(0)
    output = rng.uniform(1, 100, 2000)
    rows = Judged(output * rng.lognormal(0, 0.2, 2000), output)
    calibration = conformal.pooled(REGRESSION, rows, log=True)
    found = Interval.from_manifest(calibration).around(output)
    np.testing.assert_array_equal(found, conformal.limits(calibration, output))


def test_serving_finds_the_classes_that_training_measured() -> None:
    rng = np.random.default_rng(0)
    output = rng.dirichlet([1, 1, 1], 500)
    truth = np.minimum(rng.integers(0, 5, 500), 2)
    dataset = convert({**VALUES, "task": "multiclass", "metric": "accuracy"}, Dataset)
    calibration = conformal.calibrate(dataset, Judged(truth, output), pd.DataFrame())
    assert len(set(calibration["thresholds"])) == 3
    found = Interval.from_manifest(calibration)
    for row, held in zip(output, conformal.members(calibration, output), strict=True):
        assert found.likely(row.tolist()) == np.flatnonzero(held).tolist()


def test_serving_needs_neither_pandas_nor_scikit_learn(root: Path) -> None:
    code = "import sys, src.inference.interval; print({'pandas', 'sklearn'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
