from __future__ import annotations

import numpy as np

from src.scoring import summary
from src.scoring.learnt import BINS, Learnt
from src.scoring.receipts import Told


def test_quantiles_are_about_those_of_the_answers_in_and_out_of_what_was_learnt() -> None:
    draw = np.random.default_rng(0)
    edges = np.quantile(draw.normal(100, 20, 5000), np.linspace(0, 1, BINS + 1), method="nearest")
    learnt = Learnt(edges, {})
    for answers in (draw.normal(100, 20, 4000), draw.normal(110, 10, 4000)):
        told = Told(answers=learnt.counts(answers), least=answers.min(), most=answers.max())
        found = summary.quantiles(told, learnt)
        np.testing.assert_allclose(found, np.quantile(answers, summary.SHARES), atol=1.0)
    beyond = np.full(10, 1e6)
    told = Told(answers=learnt.counts(beyond), least=1e6, most=1e6)
    assert summary.quantiles(told, learnt) == [1e6] * len(summary.SHARES)


def test_classes_are_counted_by_name() -> None:
    assert Learnt(np.empty(0), {"0": 1, "1": 2}).counts([1, 0, 1]) == {"1": 2, "0": 1}
