from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from src.card import curves

ROWS = 3000


@pytest.fixture(scope="module")
def chances() -> np.ndarray:
    return np.random.default_rng(0).beta(1, 2, ROWS)


@pytest.fixture(scope="module")
def is_positive(chances: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).uniform(size=ROWS) < chances**1.5


@pytest.fixture(params=["distinct", "tied"])
def scores(chances: np.ndarray, request: pytest.FixtureRequest) -> np.ndarray:
    return chances if request.param == "distinct" else chances.round(1)


@pytest.fixture(params=[False, True], ids=["alike", "weighted"])
def weights(request: pytest.FixtureRequest) -> np.ndarray | None:
    return np.random.default_rng(2).uniform(0.1, 3, ROWS) if request.param else None


def test_the_roc_is_scikit_learns(is_positive, scores, weights) -> None:
    curve = curves.roc(is_positive, scores, weights)
    x, y, _ = sk.roc_curve(is_positive, scores, sample_weight=weights, drop_intermediate=False)
    assert curve.x == pytest.approx(x)
    assert curve.y == pytest.approx(y)
    area = sk.roc_auc_score(is_positive, scores, sample_weight=weights)
    assert curve.area == pytest.approx(area)


def test_precision_and_recall_are_scikit_learns(is_positive, scores, weights) -> None:
    curve = curves.precision_recall(is_positive, scores, weights)
    precision, recall, _ = sk.precision_recall_curve(is_positive, scores, sample_weight=weights)
    assert curve.x == pytest.approx(recall[::-1])
    assert curve.y == pytest.approx(precision[::-1])
    area = sk.average_precision_score(is_positive, scores, sample_weight=weights)
    assert curve.area == pytest.approx(area)


@pytest.mark.parametrize("draw", [curves.roc, curves.precision_recall])
def test_a_curve_of_fewer_points_keeps_its_ends_and_its_area(draw, is_positive, chances) -> None:
    whole = draw(is_positive, chances)
    thin = whole.thinned()
    assert len(whole.x) > 10 * curves.MOST >= 10 * len(thin.x) > curves.MOST
    assert thin.area == whole.area
    assert (thin.x[0], thin.y[0], thin.x[-1], thin.y[-1]) == (
        *(whole.x[0], whole.y[0], whole.x[-1], whole.y[-1]),
    )
    points = set(zip(whole.x.tolist(), whole.y.tolist(), strict=True))
    assert set(zip(thin.x.tolist(), thin.y.tolist(), strict=True)) <= points
    assert np.trapezoid(thin.y, thin.x) == pytest.approx(np.trapezoid(whole.y, whole.x), abs=0.01)
    assert thin.thinned() == thin


def test_a_curve_without_a_class_is_none() -> None:
    scores = np.array([0.2, 0.7])
    assert curves.roc(np.array([True, True]), scores) is None
    assert curves.roc(np.array([False, False]), scores) is None
    assert curves.precision_recall(np.array([False, False]), scores) is None
    assert curves.precision_recall(np.array([True, True]), scores).area == 1


def test_reliability_is_scikit_learns(is_positive, chances) -> None:
    bins, error = curves.reliability(is_positive, chances)
    share, predicted = calibration_curve(is_positive, chances, n_bins=10, strategy="quantile")
    assert [one.share for one in bins] == pytest.approx(share.tolist())
    assert [one.predicted for one in bins] == pytest.approx(predicted.tolist())
    assert sum(one.rows for one in bins) == ROWS
    apart = [one.rows * abs(one.share - one.predicted) for one in bins]
    assert error == pytest.approx(sum(apart) / ROWS)
    assert error > 0.05, "they are not calibrated"
    assert all(one.low <= one.predicted <= one.high for one in bins)


def test_a_bins_interval_is_wilsons() -> None:
    """Eight of ten: (0.490, 0.943), as tables of the interval have it."""
    is_so = np.array([True] * 8 + [False] * 2)
    (one,) = curves.binned(is_so, np.full(10, 0.5))
    assert (one.rows, one.share, one.predicted) == (10, 0.8, 0.5)
    assert one.share_low == pytest.approx(0.4902, abs=1e-4)
    assert one.share_high == pytest.approx(0.9433, abs=1e-4)


def test_equal_predictions_stay_together() -> None:
    predicted = np.array([0.1] * 50 + [0.9] * 50)
    bins = curves.binned(predicted > 0.5, predicted)
    assert [(one.low, one.high, one.rows, one.share) for one in bins] == [
        (0.1, 0.1, 50, 0.0),
        (0.9, 0.9, 50, 1.0),
    ]
