from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from sklearn import metrics as sk

from src.card import document, effects
from src.card.asked import Asked
from src.card.schema import Card
from src.evaluation import bootstrap, measures
from src.learning.intervals import conformal

TASKS = ("regression", "binary", "multiclass")


@pytest.mark.parametrize("task", TASKS)
def test_the_same_training_gives_the_same_card(subjects: Any, cards: Any, task: str) -> None:
    assert document.build(*subjects[task]) == cards[task]
    plain = document.plain(cards[task])
    assert msgspec.convert(plain, Card) == cards[task]
    assert b"NaN" not in msgspec.json.encode(plain)


def test_it_says_what_it_is_for_and_of_which_rows(cards: dict[str, Card]) -> None:
    card = cards["regression"]
    assert (card.dataset, card.model, card.schema) == ("stones", "mine", 1)
    assert (card.purpose.about, card.purpose.noun) == ("What a stone costs", "stone")
    assert (card.purpose.target, card.purpose.unit, card.purpose.classes) == ("price", "USD", [])
    assert (card.data.read, card.data.rejected, card.data.train, card.data.test) == (
        *(830, 30, 600, 300),
    )
    assert card.data.by_rule == {"duplicate": 20, "missing": 10}
    assert card.data.split == "by a hash of each row, 20% to test it"
    assert cards["binary"].purpose.positive == "yes"
    assert cards["multiclass"].purpose.positive is None
    assert cards["multiclass"].purpose.classes == ["low", "middle", "high"]


@pytest.mark.parametrize("task", TASKS)
def test_metrics_have_their_intervals(subjects: Any, cards: Any, task: str) -> None:
    subject, manifest = subjects[task]
    told = {one.name: one for one in cards[task].metrics}
    assert {name: one.value for name, one in told.items()} == manifest["metrics"]["test"]
    assert cards[task].metrics[0].name == subject.dataset.metric
    assert all(one.low < one.value < one.high for one in told.values())
    if task == "regression":
        errors = np.abs(subject.held_out.truth - subject.held_out.output)
        sure = 1.96 * errors.std() / np.sqrt(len(errors))
        assert told["mae"].high - told["mae"].low == pytest.approx(2 * sure, rel=0.2)
        assert told["mae"].mean == manifest["metrics"]["cv"]["mae"]["mean"]
    else:
        ends = bootstrap.share(sk.accuracy_score(*labels(subject)), 300)
        one = told["accuracy"]
        assert (one.low, one.high) == tuple(map(measures.rounded, ends))


def test_rows_of_a_group_are_one_witness(
    subjects: Any, cards: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "LEAST_GROUPS", 9)
    subject, manifest = subjects["regression"]
    dataset = replace(subject.dataset, group="facets")  # of which there are nine
    config = replace(subject.config, dataset=dataset)
    grouped = document.build(dataclasses.replace(subject, config=config), manifest)
    alone, together = (card.metrics[0] for card in (cards["regression"], grouped))
    assert together.value == alone.value
    assert together.low is not None
    assert (together.low, together.high) != (alone.low, alone.high)


def labels(subject: Any) -> tuple[np.ndarray, np.ndarray]:
    return subject.held_out.truth, subject.held_out.output.argmax(axis=1)


@pytest.mark.parametrize("task", TASKS)
def test_features_that_tell_the_same_have_one_line(cards: Any, task: str) -> None:
    found = cards[task].importance
    joint = found.causes[0]
    assert joint.name == "carat with width"
    assert {part.name for part in joint.parts} == {"carat", "width"}
    assert [one.worse for one in found.causes] == sorted(
        (one.worse for one in found.causes), reverse=True
    )
    assert {one.name for one in found.causes[1:]} == {"cut", "facets", "place"}
    assert all(one.parts == [] for one in found.causes[1:])
    by_name = {one.name: one for one in found.causes}
    assert joint.worse > by_name["cut"].worse > 5 * abs(by_name["place"].worse)
    assert joint.deviation > 0
    assert (found.rows, found.repeats) == (300, 5)
    assert found.metric == cards[task].purpose.metric
    assert found.value == cards[task].metrics[0].value, "all rows were taken"


def test_the_rise_is_in_the_metrics_unit_and_a_fall_of_accuracy(cards: Any) -> None:
    assert 50 < cards["regression"].importance.causes[0].worse < 150, "USD"
    assert 0 < cards["binary"].importance.causes[0].worse < 1


def test_effects_are_those_of_the_model(subjects: Any, cards: dict[str, Card]) -> None:
    subject, _ = subjects["regression"]
    drawn = {one.feature: one for one in cards["regression"].effects}
    carat = drawn["carat"]
    assert (carat.method, carat.unit, carat.values) == ("accumulated", "carat", [])
    assert len(carat.at) == len(carat.series[0].values) == len(carat.rows) + 1 == 21
    made = effects.of_number(Asked(subject.fitted.output, subject.train), "carat")
    assert made is not None
    assert carat.series[0].values == pytest.approx(made.effects[:, 0], rel=1e-4)
    assert carat.series[0].of == "price"
    cut = drawn["cut"]
    assert (cut.values, cut.at, cut.method) == (["Fair", "Good", "Ideal"], [], "accumulated")
    assert np.diff(cut.series[0].values) == pytest.approx([40, 40], abs=3)
    assert drawn["place"].method == "mean"
    assert drawn["place"].values == ["here", "there"]
    order = [one.feature for one in cards["regression"].effects]
    assert order.index("carat") < order.index("place"), "the most important first"


def test_effects_of_classes_are_those_of_probabilities(cards: dict[str, Card]) -> None:
    (series,) = cards["binary"].effects[0].series
    assert series.of == "yes"
    assert 0.1 < np.ptp(series.values) <= 1
    assert [one.of for one in cards["multiclass"].effects[0].series] == ["low", "middle", "high"]


def test_only_the_most_important_effects_are_drawn(
    subjects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "MOST_EFFECTS", 2)
    card = document.build(*subjects["regression"])
    assert len(card.effects) == 2
    assert {one.feature for one in card.effects} < {"carat", "width", "cut"}


def test_large_sets_are_sampled(subjects: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "ROWS", 100)
    card = document.build(*subjects["binary"])
    assert card.importance.rows == 100
    assert document.build(*subjects["binary"]) == card, "by a seed"


def test_ranges_are_checked_by_the_predicted_value(subjects: Any, cards: Any) -> None:
    subject, manifest = subjects["regression"]
    told = cards["regression"].coverage
    inside, _ = conformal.inside_and_width(manifest["interval"], subject.held_out, subject.test)
    assert len(told.bins) == 10
    assert [one.rows for one in told.bins] == [30] * 10
    assert sum(one.share * one.rows for one in told.bins) == pytest.approx(inside.sum())
    assert told.measured == pytest.approx(inside.mean(), rel=1e-5)
    assert told.low < told.measured < told.high
    assert {one.feature for one in told.groups} == {"cut", "place"}
    by_class = cards["multiclass"].coverage
    assert by_class.bins == []
    named = {one.value for one in by_class.groups if one.feature == "price"}
    assert named == {"low", "middle", "high"}


def test_two_classes_have_curves_and_several_have_figures(subjects: Any, cards: Any) -> None:
    assert cards["regression"].curves is None
    subject, _ = subjects["binary"]
    truth, chances = subject.held_out.truth, subject.held_out.output[:, 1]
    told = cards["binary"].curves
    assert told.roc.area == pytest.approx(sk.roc_auc_score(truth, chances), rel=1e-5)
    assert told.precision.area == pytest.approx(
        sk.average_precision_score(truth, chances), rel=1e-5
    )
    assert len(told.roc.x) == len(told.roc.y) <= 100
    subject, _ = subjects["multiclass"]
    for at, one in enumerate(cards["multiclass"].curves.classes):
        is_class, chances = subject.held_out.truth == at, subject.held_out.output[:, at]
        assert one.roc_auc == pytest.approx(sk.roc_auc_score(is_class, chances), rel=1e-5)
        precise = sk.average_precision_score(is_class, chances)
        assert one.average_precision == pytest.approx(precise, rel=1e-5)
        assert one.rows == is_class.sum()


def test_probabilities_are_checked_those_of_several_by_the_likeliest(
    subjects: Any, cards: Any
) -> None:
    assert cards["regression"].calibration is None
    assert cards["binary"].calibration.of == "yes"
    told = cards["multiclass"].calibration
    assert told.of == "the likeliest class"
    right = sum(one.share * one.rows for one in told.bins) / 300
    assert right == pytest.approx(sk.accuracy_score(*labels(subjects["multiclass"][0])), rel=1e-4)


def test_actual_and_predicted_values_keep_the_extremes(subjects: Any, cards: Any) -> None:
    subject, _ = subjects["regression"]
    points = np.array(cards["regression"].points)
    assert len(points) == 300
    assert points[:, 0].min() == measures.rounded(subject.held_out.truth.min())
    assert points[:, 0].max() == measures.rounded(subject.held_out.truth.max())
    assert cards["binary"].points == []


def test_it_says_how_to_make_it_again(subjects: Any, cards: dict[str, Card]) -> None:
    told = cards["regression"].reproduction
    assert told.command == "python -m src.train dataset=stones model=mine seed=1 folds=3"
    assert (told.commit, told.dirty, told.md5, told.seed) == ("c" * 40, False, "0" * 32, 1)
    assert told.versions["numpy"] == "2.4"
    subject, manifest = subjects["regression"]
    labels = {**manifest, "data": {**manifest["data"], "md5": None, "snapshot": "f" * 64}}
    card = document.build(subject, labels)
    assert (card.reproduction.md5, card.data.snapshot) == (None, "f" * 64)


def test_what_was_found_and_decided_is_passed_on(subjects: Any, make_subject: Any) -> None:
    subject, manifest = subjects["regression"]
    leak = {"rule": "leaks", "code": "x", "says": "it leaks", "do": "leave it out"}
    told = {**manifest, "data": {**manifest["data"], "findings": [leak]}}
    card = document.build(subject, told)
    assert [one.says for one in card.findings] == ["it leaks"]
    assert "leaks" in card.searched
    assert card.decision is None
    target = {"name": "price", "values": ["no", "yes"], "positive": "yes"}
    subject, manifest = make_subject("binary", target=target, decide={"metric": "f1"})
    card = document.build(subject, manifest)
    assert card.decision is not None
    assert card.decision.positive == "yes"
    assert card.decision.threshold == manifest["decision"]["threshold"]


def test_a_metric_that_is_not_defined_has_no_importance(subjects: Any) -> None:
    subject, manifest = subjects["binary"]
    alike = subject.held_out.truth == 1
    one_class = subject.held_out.take(alike)
    dataset = replace(subject.dataset, metric="roc_auc")
    changed = document.Subject(
        replace(subject.config, dataset=dataset),
        *(subject.fitted, subject.train, subject.test[alike], one_class),
    )
    card = document.build(changed, manifest)
    assert card.importance is None
    assert card.curves.roc is None
    assert card.effects
