from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from src.evaluation import bootstrap, measures
from src.evaluation.bootstrap import LEAST, compare, interval, share
from src.evaluation.decision import LIKELIEST, Decision


def outputs(truth: np.ndarray, right: float, random: np.random.Generator) -> np.ndarray:
    """Make answers of two classes that name the true one in a share of the rows."""
    said = np.where(random.random(len(truth)) < right, truth, 1 - truth)
    return np.eye(2)[said] * 0.6 + 0.2


def test_the_interval_of_a_mean_is_what_statistics_says() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    found = interval(lambda rows: {"mean": values[rows].mean()}, 400, seed=1, rounds=2000)
    error = values.std() / np.sqrt(400)
    low, high = found["mean"]
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.02)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.02)


@pytest.mark.parametrize("level", [0.6, 0.95])
def test_intervals_hold_the_truth_as_often_as_they_say(level: float) -> None:
    random = np.random.default_rng(5)
    held = 0
    for seed in range(300):
        values = random.random(80) < 0.3
        found = interval(
            lambda rows, values=values: {"share": float(values[rows].mean())},
            80,
            seed=seed,
            level=level,
        )
        low, high = found["share"]
        held += low <= 0.3 <= high
    assert held / 300 == pytest.approx(level, abs=0.07)


def test_more_rows_make_it_narrower() -> None:
    values = np.random.default_rng(0).normal(size=6400)
    widths = []
    for count in (100, 6400):
        low, high = interval(lambda rows: {"mean": values[rows].mean()}, count, seed=0, rounds=400)[
            "mean"
        ]
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(8, rel=0.25)


def test_rounds_that_do_not_define_a_figure_are_left_out() -> None:
    def compute(rows: np.ndarray) -> dict[str, float | None]:
        has_first = bool((rows == 0).any())  # in 63 of a hundred rounds
        return {
            "often": 2.0 if has_first else None,
            "rarely": None if has_first else 3.0,
            "never": None,
            "no number": np.nan,
        }

    assert interval(compute, 50, seed=0) == {"often": (2.0, 2.0)}


def test_no_rows_have_no_interval() -> None:
    assert interval(lambda rows: {"mean": 1.0}, 0, seed=0) == {}


def test_few_rows_have_no_interval() -> None:
    def found(count: int) -> dict[str, tuple[float, float]]:
        return interval(lambda rows: {"mean": 1.0, "right": 1.0}, count, seed=0, shares=["right"])

    assert found(LEAST - 1) == {}
    assert set(found(LEAST)) == {"mean", "right"}


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),  # worked examples of statisticians
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (29, 29, 0.883, 1)],
)
def test_the_interval_of_a_share_is_wilsons(
    right: int, count: int, low: float, high: float
) -> None:
    assert share(right / count, count) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("value", "count"), [(0.0, 30), (1.0, 30), (1.0, 47), (0.5, 1)])
def test_the_interval_of_a_share_is_of_shares_and_holds_it(value: float, count: int) -> None:
    low, high = share(value, count)
    assert 0 <= low <= value <= high <= 1
    assert low < high


def test_a_share_that_no_draw_can_move_has_an_interval_nevertheless() -> None:
    def compute(rows: np.ndarray) -> dict[str, float | None]:
        return {"right": 1.0, "mean": float(len(rows)), "missing": None}

    found = interval(compute, 40, seed=0, shares=["right", "missing", "unknown"], level=0.8)
    assert found == {"right": share(1.0, 40, 0.8), "mean": (40, 40)}
    assert found["right"][0] > share(1.0, 40)[0] > 0.9


def test_the_seed_decides_what_is_drawn() -> None:
    values = np.random.default_rng(0).normal(size=50)

    def drawn(seed: int) -> dict[str, tuple[float, float]]:
        return interval(lambda rows: {"mean": values[rows].mean()}, 50, seed=seed)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_better_is_above_zero_whichever_way_the_metric_points(metric: str) -> None:
    random = np.random.default_rng(2)
    truth = random.integers(0, 2, 500)
    good, poor = outputs(truth, 0.9, random), outputs(truth, 0.6, random)
    found = compare("binary", metric, truth, good, poor, seed=0, rounds=200)
    assert found.is_better
    assert found.ours == measures.rounded(measures.score("binary", metric, truth, good))
    assert found.theirs == measures.rounded(measures.score("binary", metric, truth, poor))
    assert found.ours is not None
    assert found.theirs is not None
    assert found.difference == pytest.approx(abs(found.ours - found.theirs), rel=1e-4)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < found.difference < found.high
    other = compare("binary", metric, truth, poor, good, seed=0, rounds=200)
    assert not other.is_better
    assert (other.low, other.high) == (-found.high, -found.low)


def test_a_better_regression_is_found() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(size=200)
    near, far = truth + random.normal(0, 0.1, 200), truth + random.normal(0, 0.3, 200)
    for metric in ("mae", "r2"):
        assert compare("regression", metric, truth, near, far, seed=0, rounds=100).is_better
        assert not compare("regression", metric, truth, far, near, seed=0, rounds=100).is_better


def test_a_model_is_never_better_than_itself() -> None:
    random = np.random.default_rng(3)
    truth = random.integers(0, 2, 60)
    output = outputs(truth, 0.8, random)
    for metric in ("f1", "log_loss", "roc_auc"):
        found = compare("binary", metric, truth, output, output, seed=0, rounds=50)
        assert (found.difference, found.low, found.high) == (0, 0, 0)
        assert not found.is_better


def test_what_chance_explains_is_not_better() -> None:
    random = np.random.default_rng(4)
    better = 0
    for seed in range(100):
        truth = random.integers(0, 2, 100)
        ours, theirs = (outputs(truth, 0.8, random) for _ in range(2))
        better += compare(
            "binary", "accuracy", truth, ours, theirs, seed=seed, rounds=100
        ).is_better
    assert better <= 8  # one in forty, where neither is better


def test_rows_that_are_hard_for_both_cancel_out() -> None:
    random = np.random.default_rng(6)
    truth = random.normal(size=300)
    hard = random.normal(0, 1, 300)
    ours = truth + hard
    alike = truth + 1.1 * hard  # errs where ours errs, and a little more
    unlike = truth + 1.1 * random.permutation(hard)
    paired = compare("regression", "mae", truth, ours, alike, seed=0, rounds=300)
    unpaired = compare("regression", "mae", truth, ours, unlike, seed=0, rounds=300)
    assert paired.difference == pytest.approx(unpaired.difference, rel=1e-5)
    assert paired.is_better
    assert not unpaired.is_better
    assert paired.low is not None
    assert paired.high is not None
    assert unpaired.low is not None
    assert unpaired.high is not None
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 3


def test_a_comparison_is_the_same_for_a_seed() -> None:
    random = np.random.default_rng(7)
    truth = random.integers(0, 2, 100)
    ours, theirs = outputs(truth, 0.8, random), outputs(truth, 0.7, random)

    def found(seed: int) -> bootstrap.Comparison:
        return compare("binary", "log_loss", truth, ours, theirs, seed=seed, rounds=50)

    assert found(1) == found(1)
    assert found(1) != found(2)


def test_rows_on_which_the_metric_is_not_defined_show_nothing_better() -> None:
    output = np.array([[0.2, 0.8], [0.3, 0.7]])
    found = compare("binary", "roc_auc", np.array([1, 1]), output, output, seed=0, rounds=20)
    assert json.loads(msgspec.json.encode(found)) == {
        **dict.fromkeys(("ours", "theirs", "difference", "low", "high")),
        "is_better": False,
    }


def test_a_metric_that_few_rounds_define_shows_nothing_better() -> None:
    truth = np.array([0, 1, 2])  # a round that draws each once is rare
    output, poor = np.eye(3), np.roll(np.eye(3), 1, axis=1)
    found = compare("multiclass", "roc_auc", truth, output, poor, seed=0, rounds=100)
    assert found.difference is not None
    assert (found.low, found.high, found.is_better) == (None, None, False)


def test_each_model_is_compared_by_its_own_threshold() -> None:
    random = np.random.default_rng(2)
    truth = (random.random(400) < 0.3).astype(int)
    likely = np.clip(0.1 + 0.2 * truth + random.normal(0, 0.05, 400), 0, 1)
    output = np.column_stack([1 - likely, likely])
    made = Decision(0.2)
    found = compare(
        "binary", "f1", truth, output, output, seed=0, rounds=50, decisions=(made, LIKELIEST)
    )
    assert found.theirs == 0
    assert found.ours == measures.evaluate("binary", truth, output, None, made)["f1"] > 0.8
    assert found.is_better
    same = compare("binary", "f1", truth, output, output, seed=0, rounds=50, decisions=(made, made))
    assert same.difference == 0


def test_rows_of_a_group_are_drawn_together() -> None:
    each = np.random.default_rng(0).normal(10, 2, 60)
    persons = np.repeat(np.arange(60), 15)
    shuffled = np.random.default_rng(1).permutation(len(persons))
    persons, values = persons[shuffled], each[persons[shuffled]]

    def mean(rows: np.ndarray) -> dict[str, float]:
        return {"mean": float(values[rows].mean())}

    low, high = interval(mean, 900, seed=1, rounds=1000, groups=persons)["mean"]
    error = each.std() / np.sqrt(60)
    assert (low, high) == pytest.approx(
        (each.mean() - 1.96 * error, each.mean() + 1.96 * error), abs=0.06
    )
    narrow = interval(mean, 900, seed=1, rounds=1000)["mean"]
    assert (high - low) / (narrow[1] - narrow[0]) == pytest.approx(np.sqrt(15), rel=0.15)


def test_a_share_of_groups_is_no_surer_than_they_are() -> None:
    is_right = np.repeat(np.arange(40) % 4 > 0, 10)
    figures = {"share": 0.75}
    wide, narrow = (
        interval(lambda rows: {"share": float(is_right[rows].mean())} if len(rows) else figures,
                 400, seed=1, shares=["share"], groups=groups)["share"]
        for groups in (np.repeat(np.arange(40), 10), None)
    )  # fmt: skip
    assert narrow == share(0.75, 400)
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_few_groups_make_no_model_better() -> None:
    random = np.random.default_rng(3)
    truth = np.zeros(600)
    # A model that suits some persons.
    offset = np.repeat([-0.9, -0.7, 0.5, 0.4, -0.5, 0.3] * 2, 50)
    ours, theirs = np.abs(1 + offset + random.normal(0, 0.1, 600)), np.ones(600)
    rows = compare("regression", "mae", truth, ours, theirs, seed=1)
    people = compare(
        "regression", "mae", truth, ours, theirs, seed=1, groups=np.repeat(np.arange(12), 50)
    )
    assert rows.difference == people.difference
    assert rows.is_better
    assert not people.is_better


def test_of_too_few_groups_nobody_can_tell() -> None:
    truth, groups = np.zeros(200), np.arange(200) % 9
    values = np.random.default_rng(0).normal(size=200)
    told = compare("regression", "mae", truth, values / 2, values, seed=1, groups=groups)
    assert (told.low, told.high, told.is_better) == (None, None, False)
    assert interval(lambda rows: {"mean": values[rows].mean()}, 200, seed=1, groups=groups) == {}
