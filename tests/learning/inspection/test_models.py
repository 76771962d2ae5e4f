from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.evaluation.judged import Judged
from src.learning.inspection import models
from src.learning.inspection.models import Part
from src.learning.sampling import Sampling


def part(count: int, seed: int = 0, noise: float = 1.0, **sampling: Any) -> Part:
    """Draw rows that a model has answered, off by some noise; with groups, by the same in each."""
    rng = np.random.default_rng(seed)
    groups = sampling.get("groups")
    missed = rng.normal(0, noise, count if groups is None else int(groups.max()) + 1)
    truth = rng.normal(0, 3, count)
    output = truth + (missed if groups is None else missed[groups])
    return Part(Judged(truth, output, sampling.get("weights")), Sampling(**sampling))


def low(measured: float, known: Part, held_out: Part, promised: float = 0.9) -> list[Any]:
    return models.coverage(promised, measured, known, held_out)


def test_a_promise_that_is_broken_by_more_than_chance_is_found() -> None:
    assert low(0.88, part(4000), part(1000)) == []
    (one,) = low(0.86, part(4000), part(1000))
    assert (one.rule, one.code) == ("coverage", "coverage_low")
    assert one.figures == {"promised": 0.9, "measured": 0.86, "rows": 1000}
    assert "promise to hold 90.0% of the truths held 86.0%, on 1,000 held-out rows" in one.says
    assert low(0.95, part(4000), part(1000)) == [], "a promise may be more than kept"
    assert low(0.86, part(4000), part(100)) == [], "of a hundred rows four fewer are chance"
    assert low(0.86, part(200), part(1000)) == [], "few rows calibrate roughly"


def test_groups_are_counted_and_not_rows() -> None:
    groups = np.repeat(np.arange(50), 20)
    assert low(0.83, part(4000), part(1000)) != []
    assert low(0.83, part(4000), part(1000, groups=groups)) == []
    (one,) = low(0.5, part(4000), part(1000, groups=groups))
    assert one.figures["groups"] == 50
    assert "on 50 held-out groups" in one.says


def test_rows_that_count_little_are_not_counted_whole() -> None:
    weights = np.where(np.arange(1000) < 100, 1.0, 1e-6)
    assert part(1000, weights=weights).units == pytest.approx(100, abs=1)
    assert part(1000, weights=np.full(1000, 7.0)).units == pytest.approx(1000)
    assert part(1000, weights=np.zeros(1000)).units == 1000


def test_a_sound_promise_is_hardly_ever_accused() -> None:
    """Limits that a few hundred rows calibrate hold more or less than they promise, by chance."""
    rng = np.random.default_rng(1)
    accused = 0
    known, tested = part(300), part(200)
    for _ in range(2000):
        errors, tries = rng.normal(0, 1, 300), rng.normal(0, 1, 200)
        limit = np.sort(np.abs(errors))[int(np.ceil(301 * 0.9)) - 1]
        accused += bool(low(float((np.abs(tries) <= limit).mean()), known, tested))
    assert accused <= 6  # two are expected


def apart(known: Part, held_out: Part, scores: list[float], **keys: Any) -> list[Any]:
    values = {"task": "regression", "metric": "mae", "seed": 1, **keys}
    task, metric, seed = values["task"], values["metric"], values["seed"]
    return models.gap(models.Measure(task, metric), scores, known, held_out, seed)


MAE = 0.8  # of a normal distribution
FOLDS = [MAE - 0.02, MAE, MAE + 0.02]


def test_figures_that_are_apart_by_more_than_chance_are_found() -> None:
    assert apart(part(4000), part(1000, 1), FOLDS) == []
    (worse,) = apart(part(4000), part(1000, 1, noise=1.3), FOLDS)
    assert (worse.rule, worse.code) == ("gap", "figures_apart")
    assert worse.figures["cross_validated"] == pytest.approx(MAE)
    assert worse.figures["held_out"] == pytest.approx(1.3 * MAE, rel=0.05)
    assert "trust the held-out figure" in worse.do
    (better,) = apart(part(4000), part(1000, 1, noise=0.7), FOLDS)
    assert "trust the cross-validated figure" in better.do


def test_a_figure_that_a_fold_reached_is_no_surprise() -> None:
    assert apart(part(4000), part(1000, 1, noise=1.3), [*FOLDS, 1.2]) == []


def test_few_rows_leave_much_to_chance() -> None:
    assert apart(part(4000), part(30, 1, noise=1.3), FOLDS) == []
    assert apart(part(4000), part(9, 1, noise=9), FOLDS) == [], "too few to know"
    assert apart(part(4000), part(0), FOLDS) == []


def test_groups_leave_more_to_chance_than_their_rows() -> None:
    groups = np.repeat(np.arange(20), 50)
    rows = part(1000, 7, noise=1.5, groups=groups)
    alone = Part(rows.rows, Sampling())
    assert apart(part(4000), alone, FOLDS) != []
    assert apart(part(4000), rows, FOLDS) == []


def test_blocks_keep_groups_whole_and_follow_the_time() -> None:
    groups = np.repeat(np.arange(40), 3)
    blocks = part(120, groups=groups).blocks(1)
    assert blocks is not None
    assert np.bincount(blocks).tolist() == [6] * 20
    assert all(len(set(blocks[groups == one])) == 1 for one in range(40))
    assert blocks.tolist() != sorted(blocks)
    along = part(120, moments=np.arange(120.0)[::-1]).blocks(1)
    assert along is not None
    assert along[::-1].tolist() == sorted(along)


def test_classes_are_compared_by_what_is_defined() -> None:
    rng = np.random.default_rng(2)
    truth = (rng.random(2000) < 0.5).astype(int)
    sure = np.where(truth == 1, 0.9, 0.1)
    wrong = np.where(rng.random(2000) < 0.2, 1 - sure, sure)
    known, held_out = (
        Part(Judged(truth, np.column_stack([1 - one, one])), Sampling()) for one in (sure, wrong)
    )
    for metric in ("accuracy", "roc_auc", "log_loss", "f1"):
        best = {"log_loss": -float(np.log(0.9))}.get(metric, 1.0)
        keys = {"task": "binary", "metric": metric}
        assert apart(known, held_out, [best, best], **keys), metric
        assert apart(known, known, [best, best], **keys) == [], metric
    one_class = Part(Judged(truth[truth == 1], held_out.rows.output[truth == 1]), Sampling())
    assert apart(known, one_class, [1.0], task="binary", metric="roc_auc") == []


def test_a_sound_model_is_hardly_ever_accused() -> None:
    accused = 0
    for seed in range(300):
        known, held_out = part(500, seed), part(120, seed + 1000)
        errors = np.abs(known.rows.truth - known.rows.output)
        scores = [float(one.mean()) for one in np.split(errors, 5)]
        accused += bool(apart(known, held_out, scores))
    assert accused <= 3
