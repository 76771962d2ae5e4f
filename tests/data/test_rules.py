from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from src.data import rules, schema, schema_checks
from src.data.findings import RULES as FINDINGS
from src.data.rules import Gate, Limits, Retrain
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import convert

Make = Callable[..., Dataset]
ROLES: dict[str, Any] = {
    "task": "multiclass",
    "metric": "f1_macro",
    "target": {"name": "role", "values": ["SAP", "Web Developer", 0]},
}


def refused(dataset: Dataset) -> str:
    with pytest.raises(UserError) as caught:
        schema_checks.check(dataset)
    return str(caught.value)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("0s", 0), ("60s", 60), ("15m", 900), ("12h", 43_200), ("1d", 86_400), ("2w", 1_209_600)],
)
def test_a_duration_is_a_whole_number_and_its_unit(duration: str, expected: float) -> None:
    assert rules.seconds(duration) == expected


@pytest.mark.parametrize("text", ["", "60", "s", "1.5h", "-1d", "1 d", "1D", "1y", "1d\n", "1h30m"])
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(UserError, match="not a duration") as caught:
        rules.seconds(text)
    assert caught.value.given == text
    assert caught.value.choices == ["60s", "15m", "12h", "1d", "1w"]


def test_a_gate_may_limit_all_rows_each_class_and_named_ones(make_dataset: Make) -> None:
    limits = {"each": {"min": 0.5}, "classes": {"Web Developer": {"min": 0.6}, 0: {"max": 0.9}}}
    dataset = make_dataset(**ROLES, gate={"recall": limits, "f1_macro": {"min": 0.5}})
    schema_checks.check(dataset)
    gate = dataset.gate["recall"]
    assert gate.of("SAP") == Limits(min=0.5)
    assert gate.of("Web Developer") == Limits(min=0.6)
    assert gate.of("0") == Limits(max=0.9)
    assert Gate(min=1).of("SAP") is None
    target = {"name": "late", "values": [0, 1]}
    both = {"recall": {"min": 0.7, **limits, "classes": {1: {"min": 0.6}}}}
    schema_checks.check(make_dataset(task="binary", metric="f1", target=target, gate=both))


def test_the_name_of_a_class_is_text_however_yaml_reads_it(make_dataset: Make) -> None:
    for name in (0, "0"):
        dataset = make_dataset(**ROLES, gate={"f1": {"classes": {name: {"min": 0.5}}}})
        assert dataset.gate["f1"].classes == {"0": Limits(min=0.5)}
        assert convert(msgspec.json.decode(msgspec.json.encode(dataset)), Dataset) == dataset
    with pytest.raises(UserError, match="A name in") as caught:
        make_dataset(**ROLES, gate={"f1": {"classes": {True: {"min": 0.5}}}})
    assert "'dataset.gate.f1.classes' is not valid" in str(caught.value)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"recal": {"min": 1}}, ["Unknown metric 'recal' of a multiclass dataset", "'recall'?"]),
        (
            {"recall": {"min": 0.5}},
            [
                "each class has its own recall",
                "gate.recall.min",
                "gate.recall.each",
                "recall_macro",
            ],
        ),
        (
            {"recall": {"max": 0.5, "each": {"min": 0.1}}},
            ["each class has its own recall", "gate.recall.max"],
        ),
        (
            {"accuracy": {"each": {"min": 1}}},
            ["'accuracy' is a figure of all rows", "accuracy.min"],
        ),
        ({"f1_macro": {"classes": {"SAP": {"min": 1}}}}, ["'f1_macro' is a figure of all rows"]),
        ({"recall": {}}, ["The gate on 'recall' has no limit", "min, max, each, classes"]),
        ({"recall": {"each": {}}}, ["The gate on 'recall' of each class has no limit"]),
        ({"recall": {"classes": {"SAP": {}}}}, ["The gate on 'recall' of SAP has no limit"]),
        (
            {"recall": {"classes": {"Web Develper": {"min": 1}}}},
            [
                "Unknown class in gate.recall.classes 'Web Develper'",
                "allowed: SAP, Web Developer, 0",
                "did you mean 'Web Developer'?",
            ],
        ),
    ],
)
def test_a_gate_that_can_never_be_checked_is_told(
    make_dataset: Make, gate: dict[str, Any], said: list[str]
) -> None:
    message = refused(make_dataset(**ROLES, gate=gate))
    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"leaks": {"max": 0}}, ["'leaks' has no figure to limit", "gate.leaks: refuse"]),
        ({"gap": {}}, ["'gap' has no figure to limit"]),
        ({"accuracy": "refuse"}, ["'accuracy' is a metric", "gate.accuracy.min"]),
        ({"coverage": {}}, ["The gate on 'coverage' has no limit"]),
        ({"coverage": {"each": {"min": 0.5}}}, ["'coverage' is a figure of all rows"]),
        (
            {"accuracy": {"by": {"cut": {"min": 1}}}},
            ["'accuracy' is not measured by segment", "gate.coverage.by, gate.f1_macro.by"],
        ),
        ({"coverage": {"by": {"cut": {}}}}, ["The gate on 'coverage' by cut has no limit"]),
        (
            {"coverage": {"by": {"carrat": {"min": 0.8}}}},
            ["Unknown feature in gate.coverage.by 'carrat'", "did you mean 'carat'?"],
        ),
        ({"leak": "refuse"}, ["'leak'", "leaks, shift, coverage", "did you mean 'leaks'?"]),
    ],
)
def test_a_gate_on_findings_that_can_never_be_checked_is_told(
    make_dataset: Make, gate: dict[str, Any], said: list[str]
) -> None:
    message = refused(make_dataset(**ROLES, gate=gate))
    for words in said:
        assert words in message


def test_what_is_found_can_be_refused_and_coverage_be_limited(make_dataset: Make) -> None:
    gate = {**dict.fromkeys(FINDINGS, "refuse"), "f1_macro": {"min": 0.5}}
    by_cut = {
        "coverage": {"by": {"cut": {"min": 0.8}}},
        "f1_macro": {"by": {"carat": {"min": 0.5}}},
    }
    for one in (gate, {**gate, "coverage": {"min": 0.88}}, by_cut):
        dataset = make_dataset(**ROLES, gate=one)
        schema_checks.check(dataset)
        assert convert(msgspec.json.decode(msgspec.json.encode(dataset)), Dataset) == dataset


def test_a_word_that_no_gate_knows_is_told(make_dataset: Make) -> None:
    with pytest.raises(UserError) as caught:
        make_dataset(gate={"leaks": "refus"})
    assert "'dataset.gate.leaks' is not valid" in str(caught.value)
    assert "did you mean 'refuse'?" in str(caught.value)
    with pytest.raises(UserError) as caught:
        make_dataset(gate={"r2": 0.9})
    assert caught.value.choices == ["keys (min, max, each, classes, by)", "refuse"]


def test_a_class_of_a_target_that_lists_none_may_have_any_name(make_dataset: Make) -> None:
    gate = {"recall": {"classes": {"anything": {"min": 0.5}}}}
    schema_checks.check(make_dataset(**{**ROLES, "target": {"name": "role"}}, gate=gate))


def test_a_regression_has_no_classes(make_dataset: Make) -> None:
    assert "'r2' is a figure of all rows" in refused(
        make_dataset(gate={"r2": {"each": {"min": 0}}})
    )
    assert "Unknown metric 'recall' of a regression" in refused(
        make_dataset(gate={"recall": {"min": 0}})
    )


def test_without_a_word_the_better_version_serves_and_nothing_is_retrained(
    make_dataset: Make,
) -> None:
    dataset = make_dataset()
    assert (dataset.promote, dataset.on_breach, dataset.retrain) == ("auto", "warn", None)


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("promote", ["auto", "manual", "keys (most_changed)"]),
        ("on_breach", ["refuse", "rollback", "warn"]),
    ],
)
def test_what_follows_is_one_of_a_few(make_dataset: Make, key: str, choices: list[str]) -> None:
    for choice in (one for one in choices if " " not in one):
        assert getattr(make_dataset(**{key: choice}), key) == choice
    with pytest.raises(UserError, match=key) as caught:
        make_dataset(**{key: "sometimes"})
    assert caught.value.choices == choices


@pytest.mark.parametrize("retrain", [{"after_labels": 1}, {"at_least_every": "1w"}])
def test_retraining_needs_one_occasion(make_dataset: Make, retrain: dict[str, Any]) -> None:
    dataset = make_dataset(retrain=retrain)
    schema_checks.check(dataset)
    assert dataset.retrain is not None
    found = (dataset.retrain.debounce, dataset.retrain.model, dataset.retrain.use)
    assert found == ("0s", None, "both")


@pytest.mark.parametrize(
    ("retrain", "said"),
    [
        ({}, ["Nothing says when to retrain", "retrain.after_labels, retrain.at_least_every"]),
        ({"debounce": "60s"}, ["Nothing says when to retrain"]),
        (
            {"at_least_every": "daily"},
            ["'retrain.at_least_every' is not a duration", "daily", "1d"],
        ),
        ({"at_least_every": "0h"}, ["every 0 seconds", "given:   0h"]),
        ({"after_labels": 9, "debounce": "60"}, ["'retrain.debounce' is not a duration", "60s"]),
    ],
)
def test_a_retraining_that_cannot_be_is_told(
    make_dataset: Make, retrain: dict[str, Any], said: list[str]
) -> None:
    message = refused(make_dataset(retrain=retrain))
    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("retrain", "said"),
    [
        ({"after_labels": 0}, "a whole number at least 1"),
        ({"after_labels": 1, "use": "neither"}, "both, file, labels"),
        ({"after_label": 1}, "did you mean 'after_labels'?"),
    ],
)
def test_a_wrong_key_of_a_retraining_is_told(
    make_dataset: Make, retrain: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as caught:
        make_dataset(retrain=retrain)
    assert said in str(caught.value)


def test_rules_are_frozen() -> None:
    for part, key in ((Limits(), "min"), (Gate(), "classes"), (Retrain(), "model")):
        with pytest.raises(AttributeError):
            setattr(part, key, getattr(part, key))


def test_a_training_sees_no_rules(make_dataset: Make) -> None:
    plain = make_dataset(coverage=0.7, noun="stone")
    ruled = make_dataset(
        coverage=0.7,
        noun="stone",
        gate={"mae": {"max": 1}},
        promote="manual",
        on_breach="rollback",
        retrain={"after_labels": 5},
    )
    assert ruled != plain
    assert schema.without_rules(ruled) == plain == schema.without_rules(plain)


def test_what_is_promoted_by_itself_may_change_so_much(make_dataset: Make) -> None:
    usual = rules.Promotion().most_changed
    assert make_dataset().most_changed == make_dataset(promote="auto").most_changed == usual
    assert make_dataset(promote={"most_changed": 0.5}).most_changed == 0.5
    assert make_dataset(promote={}).most_changed == usual


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"promote": "never"}, ["'dataset.promote' is not valid", "auto", "manual"]),
        ({"promote": {"most_changed": 1.5}}, ["'dataset.promote.most_changed'", "1.5", "<= 1"]),
        ({"promote": {"most_changed": "much"}}, ["'dataset.promote.most_changed'", "much"]),
        ({"promote": {"most": 0.2}}, ["Unknown key 'dataset.promote.most'", "most_changed"]),
        ({"labels": {"most_of_one_key": 0}}, ["'dataset.labels.most_of_one_key'", "> 0"]),
        ({"labels": {"most_of_one_key": 1.1}}, ["'dataset.labels.most_of_one_key'", "<= 1"]),
        ({"labels": {"trusted_keys": "bank"}}, ["'dataset.labels.trusted_keys'", "bank"]),
        ({"labels": {"trusted": ["bank"]}}, ["Unknown key 'dataset.labels.trusted'", "trusted_k"]),
        ({"labels": "all"}, ["'dataset.labels' is not valid", "all"]),
    ],
)
def test_rules_on_promotion_and_labels_that_mean_nothing_are_errors(
    make_dataset: Make, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        make_dataset(**changes)
    for word in words:
        assert word in str(caught.value)
