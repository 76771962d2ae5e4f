from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from src.data.decide import Costs, Decide
from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.evaluation.judged import Judged
from src.learning import deciding
from src.learning.deciding import Cuts

Make = Callable[..., Dataset]
BINARY = {"task": "binary", "target": {"name": "price"}, "metric": "accuracy"}
COSTS = {"false_positive": 1.0, "false_negative": 20.0}


def drawn(count: int = 600, share: float = 0.25, seed: int = 0, digits: int = 9) -> Judged:
    """Draw rows whose probabilities tell a little of their truth, and are about right."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(count) < share).astype(int)
    score = draw.normal(0, 1, count) + 1.5 * truth
    odds = 1.5 * score - 1.5**2 / 2 + np.log(share / (1 - share))
    likely = (1 / (1 + np.exp(-odds))).round(digits)
    return Judged(truth, np.column_stack([1 - likely, likely]))


def weighed(rows: Judged, seed: int = 1) -> tuple[Judged, Judged]:
    """Return rows with whole weights, and the same rows as often as they weigh."""
    counts = np.random.default_rng(seed).integers(0, 4, len(rows.truth))
    often = np.repeat(np.arange(len(rows.truth)), counts)
    return (
        Judged(rows.truth, rows.output, counts.astype(float)),
        Judged(rows.truth[often], rows.output[often]),
    )


def every_threshold(rows: Judged) -> np.ndarray:
    """List a threshold between all probabilities, and one above them."""
    likely = np.unique(rows.output[:, 1])
    return np.append(likely, (1 + likely[-1]) / 2)


def by_each(rows: Judged, figure: Callable[[np.ndarray, np.ndarray], float]) -> list[float]:
    """Compute a figure at every threshold."""
    likely = rows.output[:, 1]
    return [figure(rows.truth, (likely >= at).astype(int)) for at in every_threshold(rows)]


def at_threshold(rows: Judged, threshold: float) -> np.ndarray:
    return (rows.output[:, 1] >= threshold).astype(int)


@pytest.mark.parametrize("digits", [9, 2, 1])  # with few, many rows are equal
@pytest.mark.parametrize("metric", ["f1", "accuracy"])
def test_no_threshold_is_better(metric: str, digits: int) -> None:
    rows = drawn(digits=digits)
    figure = getattr(sk, f"{metric}_score")
    chosen = deciding.threshold(Decide(metric=metric), rows)
    found = figure(rows.truth, at_threshold(rows, chosen))
    assert found == pytest.approx(max(by_each(rows, figure)))
    if metric == "f1":
        assert found > figure(rows.truth, at_threshold(rows, 0.5)) + 0.02


@pytest.mark.parametrize(("false_positive", "false_negative"), [(1, 20), (20, 1), (3, 3)])
def test_no_threshold_costs_less(false_positive: float, false_negative: float) -> None:
    rows = drawn()

    def cost(truth: np.ndarray, called: np.ndarray) -> float:
        table = sk.confusion_matrix(truth, called, labels=[0, 1])
        return float(false_positive * table[0, 1] + false_negative * table[1, 0])

    costs = Costs(false_positive, false_negative)
    chosen = deciding.threshold(Decide(cost=costs), rows)
    assert cost(rows.truth, at_threshold(rows, chosen)) == min(by_each(rows, cost))
    # Of calibrated probabilities the best is known: where both kinds of error cost the same.
    known = false_positive / (false_positive + false_negative)
    many = drawn(40_000, seed=5)
    assert deciding.threshold(Decide(cost=costs), many) == pytest.approx(known, abs=0.05)


@pytest.mark.parametrize("least", [0.5, 0.7, 0.9])
def test_the_most_is_found_at_a_precision(least: float) -> None:
    rows = drawn(2000)
    precision, recall, _ = sk.precision_recall_curve(rows.truth, rows.output[:, 1])
    chosen = at_threshold(rows, deciding.threshold(Decide(min_precision=least), rows))
    assert sk.precision_score(rows.truth, chosen) >= least
    best = recall[:-1][precision[:-1] >= least].max()
    assert sk.recall_score(rows.truth, chosen) == pytest.approx(best)


@pytest.mark.parametrize("least", [0.5, 0.9, 1.0])
def test_the_surest_is_found_at_a_recall(least: float) -> None:
    rows = drawn(2000)
    precision, recall, _ = sk.precision_recall_curve(rows.truth, rows.output[:, 1])
    chosen = at_threshold(rows, deciding.threshold(Decide(min_recall=least), rows))
    assert sk.recall_score(rows.truth, chosen) >= least
    best = precision[:-1][recall[:-1] >= least].max()
    assert sk.precision_score(rows.truth, chosen) == pytest.approx(best)


@pytest.mark.parametrize(
    "rule",
    [
        Decide(metric="f1"),
        Decide(metric="accuracy"),
        Decide(cost=Costs(1, 5)),
        Decide(min_precision=0.7),
    ],
)
def test_a_row_counts_as_often_as_it_weighs(rule: Decide) -> None:
    rows, often = weighed(drawn())
    chosen, known = (deciding.threshold(rule, one) for one in (rows, often))
    assert at_threshold(often, chosen).tolist() == at_threshold(often, known).tolist()


def test_the_threshold_lies_halfway_between_two_rows() -> None:
    output = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.2, 0.8]])
    rows = Judged(np.array([0, 0, 1, 1]), output)
    assert deciding.threshold(Decide(metric="f1"), rows) == pytest.approx(0.4)


def test_cuts_range_from_nobody_to_everybody() -> None:
    cuts = Cuts.of(drawn())
    assert (cuts.called[0], cuts.called[-1]) == (0, 600)
    assert cuts.right[-1] == cuts.positives
    assert (np.diff(cuts.thresholds) < 0).all()
    assert cuts.figures()["precision"][0] == 0


def test_where_nothing_is_asked_for_nothing_is_said(make_dataset: Make) -> None:
    assert deciding.decide(make_dataset(**BINARY), drawn()) is None


def made(make_dataset: Make, rows: Judged, **rules: Any) -> dict[str, Any]:
    found = deciding.decide(make_dataset(**BINARY, **rules), rows)
    assert found is not None
    return json.loads(json.dumps(found, allow_nan=False))


def test_what_it_comes_to_is_told_beside_that_of_one_half(make_dataset: Make) -> None:
    rows = drawn()
    found = made(make_dataset, rows, decide={"cost": COSTS})
    called = at_threshold(rows, found["threshold"])
    for name in ("accuracy", "precision", "recall", "f1"):
        figure = getattr(sk, f"{name}_score")
        assert found["out_of_fold"][name] == pytest.approx(figure(rows.truth, called), rel=1e-5)
        half = figure(rows.truth, at_threshold(rows, 0.5))
        assert found["at_half"][name] == pytest.approx(half, rel=1e-5)
    assert found["out_of_fold"]["cost"] < 0.7 * found["at_half"]["cost"]
    assert found["by"] == "the least cost: 1 a false positive, 20 a false negative"
    assert (found["costs"], found["notes"]) == (COSTS, [])
    assert "band" not in found
    assert Decision.of({"decision": found}).costs == (1.0, 20.0)


@pytest.mark.parametrize(("count", "share"), [(40, 0.4), (30_000, 0.25), (50_000, 0.001)])
def test_the_curve_is_short_and_shows_the_whole_of_it(
    make_dataset: Make, count: int, share: float
) -> None:
    rows = drawn(count, share)
    found = made(make_dataset, rows, decide={"metric": "f1"})
    curve, threshold = found["curve"], found["threshold"]
    assert len(curve) <= 100
    assert len(curve) > min(40, rows.truth.sum()) / 2
    at = [point["threshold"] for point in curve]
    assert at == sorted(at)
    (chosen,) = [p for p in curve if p["threshold"] == pytest.approx(threshold, rel=1e-5)]
    assert chosen["f1"] == found["out_of_fold"]["f1"]
    assert chosen["f1"] >= max(point["f1"] for point in curve)
    assert chosen["called"] == pytest.approx(at_threshold(rows, threshold).mean(), rel=1e-5)
    assert (curve[-1]["recall"], curve[0]["recall"]) == (0, 1)


def test_what_is_not_reached_is_come_near_to_and_told(make_dataset: Make) -> None:
    rows = drawn(300)
    wrong = rows.truth.copy()
    wrong[rows.output[:, 1].argmax()] = 0
    rows = Judged(wrong, rows.output)
    found = made(make_dataset, rows, decide={"min_precision": 1.0})
    best = max(by_each(rows, lambda *pair: sk.precision_score(*pair, zero_division=0)))
    assert best < 1
    assert found["out_of_fold"]["precision"] == pytest.approx(best, rel=1e-5)
    (note,) = found["notes"]
    assert note.startswith("precision 1 is not reached; the best is")


@pytest.mark.parametrize("spoilt", [1.0, 3.0])
def test_probabilities_that_are_off_are_told_apart(make_dataset: Make, spoilt: float) -> None:
    rows = drawn(4000)
    odds = np.log(rows.output[:, 1] / rows.output[:, 0]) + np.log(spoilt) * 2
    likely = 1 / (1 + np.exp(-odds))
    bent = Judged(rows.truth, np.column_stack([1 - likely, likely]))
    found = made(make_dataset, bent, decide={"metric": "f1"})
    loss = found["log_loss"]
    assert loss["model"] == pytest.approx(sk.log_loss(rows.truth, bent.output), rel=1e-5)
    assert loss["calibrated"] == pytest.approx(sk.log_loss(rows.truth, rows.output), rel=0.01)
    share = rows.truth.mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert loss["share_alone"] == pytest.approx(entropy, rel=1e-5)
    # Its F1 is as good as before.
    straight = made(make_dataset, rows, decide={"metric": "f1"})
    assert found["out_of_fold"]["f1"] == pytest.approx(straight["out_of_fold"]["f1"])
    assert any("the probabilities are off" in note for note in found["notes"]) == (spoilt > 1)


def test_a_model_that_says_the_same_of_all_is_decided_too(make_dataset: Make) -> None:
    rows = drawn()
    same = Judged(rows.truth, np.tile([0.75, 0.25], (len(rows.truth), 1)))
    found = made(make_dataset, same, decide={"metric": "f1"}, abstain={"share": 0.1})
    assert found["out_of_fold"]["recall"] == 1
    assert found["out_of_fold"]["abstained"] == 0  # all of them or none


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_least_sure_share_is_left_to_a_person(make_dataset: Make, share: float) -> None:
    rows = drawn(2000)
    found = made(make_dataset, rows, decide={"metric": "f1"}, abstain={"share": share})
    assert found["out_of_fold"]["abstained"] == pytest.approx(share, abs=0.001)
    low, high = found["band"]
    threshold = found["threshold"]
    assert 0 <= low < threshold < high <= 1
    assert (threshold - low) / threshold == pytest.approx((high - threshold) / (1 - threshold))


@pytest.mark.parametrize(("key", "least"), [("min_accuracy", 0.93), ("min_f1", 0.8)])
def test_as_few_are_left_as_it_takes(make_dataset: Make, key: str, least: float) -> None:
    rows = drawn(3000)
    found = made(make_dataset, rows, decide={"metric": "f1"}, abstain={key: least})
    name = f"{key.removeprefix('min_')}_answered"
    reached, left = found["out_of_fold"][name], found["out_of_fold"]["abstained"]
    assert least <= reached < least + 0.01
    assert 0.01 < left < 0.8
    assert found["notes"] == []
    fewer = {"share": left - 0.002}
    other = made(make_dataset, rows, decide={"metric": "f1"}, abstain=fewer)
    assert other["out_of_fold"][name] < least


def test_what_is_reached_already_leaves_nothing_to_a_person(make_dataset: Make) -> None:
    found = made(make_dataset, drawn(), abstain={"min_accuracy": 0.5})
    assert found["out_of_fold"]["abstained"] == 0
    assert (found["threshold"], found["by"]) == (0.5, "the likelier of the two classes")


def test_an_accuracy_out_of_reach_is_told(make_dataset: Make) -> None:
    draw = np.random.default_rng(0)
    likely = draw.uniform(0.3, 0.7, 400)  # of which nothing follows
    rows = Judged(draw.integers(0, 2, 400), np.column_stack([1 - likely, likely]))
    found = made(make_dataset, rows, abstain={"min_accuracy": 0.99})
    assert found["out_of_fold"]["abstained"] <= 1 - deciding.FEWEST / 400
    (note,) = [one for one in found["notes"] if "accuracy" in one]
    assert note.startswith("accuracy 0.99 on what is answered is not reached; the best is")


def test_a_band_that_is_given_is_kept(make_dataset: Make) -> None:
    rows = drawn()
    found = made(make_dataset, rows, decide={"metric": "f1"}, abstain={"between": [0.2, 0.6]})
    likely = rows.output[:, 1]
    left = ((likely > 0.2) & (likely < 0.6)).mean()
    assert found["band"] == [0.2, 0.6]
    assert found["out_of_fold"]["abstained"] == pytest.approx(left, rel=1e-5)
    assert "abstained" not in found["at_half"]


def test_weights_count_in_what_is_left_to_a_person(make_dataset: Make) -> None:
    rows, often = weighed(drawn(2000))
    rules: dict[str, Any] = {"decide": {"metric": "f1"}, "abstain": {"min_accuracy": 0.92}}
    one, other = (made(make_dataset, each, **rules)["out_of_fold"] for each in (rows, often))
    assert one["abstained"] == pytest.approx(other["abstained"], abs=0.003)
    assert one["accuracy_answered"] == pytest.approx(other["accuracy_answered"], abs=0.003)
