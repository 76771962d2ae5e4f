from __future__ import annotations

import numpy as np
import pytest

from src.evaluation.judged import Judged
from src.learning import mixing

RNG = np.random.default_rng(0)
TRUTH = 1000 * RNG.normal(10, 3, 400)
NOISE = 1000 * RNG.normal(0, 1, (3, 400))


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_errors_that_cancel_out_are_weighed_by_their_size(metric: str) -> None:
    outputs = [TRUTH + NOISE[0], TRUTH + 2 * NOISE[1], TRUTH + 9000 + NOISE[2]]
    first, second, third = mixing.weights(metric, outputs, Judged(TRUTH, TRUTH))
    assert first == pytest.approx(0.8, abs=0.1), "as the inverse of the variance"
    assert third == 0
    assert first + second + third == pytest.approx(1, abs=1e-5)


def test_rows_that_weigh_nothing_say_nothing() -> None:
    good = np.arange(400) < 200
    outputs = [np.where(good, TRUTH, 0.0), np.where(good, 0.0, TRUTH)]
    rows = Judged(TRUTH, TRUTH, good.astype(float))
    assert mixing.weights("mae", outputs, rows) == [1.0, 0.0]


def test_of_classes_a_sure_and_wrong_model_counts_little() -> None:
    truth = RNG.integers(0, 3, 300)
    told = np.eye(3)[truth]
    modest, boastful = 0.7 * told + 0.1, np.eye(3)[(truth + (np.arange(300) % 3 == 0)) % 3]
    weights = mixing.weights("accuracy", [modest, boastful], Judged(truth, modest))
    assert weights[0] > 0.8


def test_models_that_answer_alike_count_alike() -> None:
    assert mixing.weights("mae", [TRUTH, TRUTH], Judged(TRUTH, TRUTH)) == [0.5, 0.5]
