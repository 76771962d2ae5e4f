from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from src.data.findings import Finding, plain
from src.data.gate import failures, figures, limits, missed
from src.data.rules import OF_A_CLASS, Gate, Gates, Limits
from src.evaluation.measures import per_class

CLASSES = {
    "Web Developer": {"precision": 0.9, "recall": 0.52, "f1": 0.66, "rows": 50},
    "SAP": {"precision": 0.4, "recall": 0.8, "f1": 0.53, "rows": 20},
    "Oracle DBA": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0},
}
PRESENT = {name: found for name, found in CLASSES.items() if found["rows"]}


def test_no_gates_is_a_pass() -> None:
    assert failures({"mae": 1e9}, {}) == []


@pytest.mark.parametrize(
    ("gate", "value", "said"),
    [
        (Gate(min=0.9), 0.91, []),
        (Gate(min=0.9), 0.9, []),
        (Gate(min=0.9), 0.89, ["r2 0.89 is below 0.9"]),
        (Gate(max=300), 299.0, []),
        (Gate(max=300), 300.0, []),
        (Gate(max=300), 301.5, ["r2 301.5 is above 300"]),
        (Gate(min=0), -0.1, ["r2 -0.1 is below 0"]),
        (Gate(max=0), 0.1, ["r2 0.1 is above 0"]),
        (Gate(min=1, max=2), 1.5, []),
        (Gate(min=1, max=2), 0.5, ["r2 0.5 is below 1"]),
        (Gate(min=1, max=2), 2.5, ["r2 2.5 is above 2"]),
    ],
)
def test_a_limit_may_be_reached_but_not_passed(gate: Gate, value: float, said: list[str]) -> None:
    assert failures({"r2": value}, {"r2": gate}) == said


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        (Gate(min=0.9), -4.13318e-06, "r2 0 is below 0.9"),
        (Gate(min=0.9), -0.0002, "r2 -0.0002 is below 0.9"),
        (Gate(min=0.8), 0.0251428123, "r2 0.0251428 is below 0.8"),
        (Gate(min=0.9), 0.89996, "r2 0.89996 is below 0.9"),
        (Gate(min=0.9), 0.8999999999999999, "r2 0.8999999999999999 is below 0.9"),
        (Gate(max=300), 300.0000004, "r2 300.0000004 is above 300"),
        (Gate(max=300), 90.9501, ""),
        (Gate(max=300), 1985.08, "r2 1985.08 is above 300"),
        (Gate(max=300), 53940123.4, "r2 53940100 is above 300"),
        (Gate(max=20000), 1234567.8, "r2 1234570 is above 20000"),
        (Gate(max=20000), 20000.4, "r2 20000.4 is above 20000"),
        (Gate(min=0.12345642), 0.12345641, "r2 0.123456 is below 0.12345642"),
        (Gate(min=0.12345642), 0.123456415, "r2 0.123456 is below 0.12345642"),
        (Gate(max=0.12345641), 0.12345642, "r2 0.12345642 is above 0.12345641"),
        (Gate(max=-0.5), -0.00000001, "r2 0 is above -0.5"),
        (Gate(min=-0.5), -1e6, "r2 -1000000 is below -0.5"),
        (Gate(min=0), -4.13318e-06, "r2 -4.13318e-06 is below 0"),
        (Gate(max=1e-9), 2.5e-9, "r2 2.5e-09 is above 1e-09"),
        (Gate(max=1), math.inf, "r2 inf is above 1"),
        (Gate(min=1e300), -math.inf, "r2 -inf is below 1e+300"),
    ],
)
def test_a_figure_is_as_exact_as_its_limit_asks_for_and_never_reads_as_a_pass(
    limit: Gate, value: float, said: str
) -> None:
    assert failures({"r2": value}, {"r2": limit}) == ([said] if said else [])


def test_every_missed_limit_is_told_in_the_order_of_the_gates() -> None:
    gates = {"f1": Gate(min=0.8), "log_loss": Gate(max=0.5), "accuracy": Gate(min=0.5)}
    measured = {"accuracy": 0.6, "log_loss": 0.7, "f1": 0.1}
    assert failures(measured, gates) == ["f1 0.1 is below 0.8", "log_loss 0.7 is above 0.5"]


def test_a_metric_that_is_not_defined_fails_and_it_is_said_why() -> None:
    said = failures({"roc_auc": None}, {"roc_auc": Gate(max=1)})
    assert said == ["roc_auc is not defined on the held-out rows: a class has no row"]
    said = failures({"mape": None}, {"mape": Gate(max=1)})
    assert said == ["mape is not defined on the held-out rows: a true value is 0"]


def test_a_metric_that_was_not_measured_fails() -> None:
    said = failures({}, {"roc_auc": Gate(max=1)})
    assert said == ["roc_auc is not defined on the held-out rows"]


def test_a_metric_that_is_not_a_number_fails() -> None:
    assert failures({"r2": math.nan}, {"r2": Gate(min=0.9)})


def test_a_class_that_is_named_has_limits_of_its_own() -> None:
    gates = {"recall": Gate(classes={"Web Developer": Limits(min=0.6), "SAP": Limits(min=0.8)})}
    assert failures({}, gates, PRESENT) == ["recall of Web Developer 0.52 is below 0.6"]


def test_each_class_is_limited() -> None:
    gates = {"precision": Gate(each=Limits(min=0.5)), "f1": Gate(each=Limits(max=0.6))}
    assert failures({}, gates, PRESENT) == [
        "precision of SAP 0.4 is below 0.5",
        "f1 of Web Developer 0.66 is above 0.6",
    ]


def test_the_limits_of_a_named_class_stand_in_place_of_each() -> None:
    named = {"Web Developer": Limits(min=0.5)}
    assert failures({}, {"recall": Gate(each=Limits(min=0.7), classes=named)}, PRESENT) == []
    assert failures({}, {"recall": Gate(each=Limits(min=0.7))}, PRESENT)


def test_all_rows_and_their_classes_are_limited_side_by_side() -> None:
    gates = {"recall": Gate(min=0.7, each=Limits(min=0.6)), "f1": Gate(min=0.5)}
    assert failures({"recall": 0.65, "f1": 0.9}, gates, PRESENT) == [
        "recall 0.65 is below 0.7",
        "recall of Web Developer 0.52 is below 0.6",
    ]


@pytest.mark.parametrize("gate", [Gate(each=Limits(min=0)), Gate(classes={"SAP": Limits(max=1)})])
@pytest.mark.parametrize("found", [None, {}, {"SAP": {**CLASSES["SAP"], "rows": 0}}])
def test_a_class_without_figures_fails(gate: Gate, found: dict[str, dict[str, float]]) -> None:
    said = failures({"recall": 1.0}, {"recall": gate}, found)
    assert len(said) == 1
    assert said[0].endswith("is not defined on the held-out rows")


def test_the_figures_are_those_that_are_limited() -> None:
    gates = {
        "f1_macro": Gate(min=0.5),
        "recall": Gate(each=Limits(min=0.5)),
        "precision": Gate(classes={"SAP": Limits(min=0.5), "Unheard": Limits(min=0.1)}),
    }
    found = figures({"f1_macro": 0.6, "accuracy": 0.7}, gates, CLASSES)
    assert found == {
        "f1_macro": 0.6,
        "recall of Web Developer": 0.52,
        "recall of SAP": 0.8,
        "recall of Oracle DBA": None,
        "precision of SAP": 0.4,
        "precision of Unheard": None,
    }
    allowed = limits(gates, CLASSES)
    assert list(allowed) == list(found)
    assert {words: limit.min for words, limit in allowed.items()} == {
        **dict.fromkeys(found, 0.5),
        "precision of Unheard": 0.1,
    }


def test_every_metric_of_a_class_is_measured() -> None:
    found = per_class(np.array([0, 1]), np.eye(2), ["a", "b"])
    gates = {name: Gate(each=Limits(min=1)) for name in OF_A_CLASS}
    assert failures({}, gates, found) == []
    assert len(figures({}, gates, found)) == 6


LEAK = Finding("leaks", "id", "id names the row", "take it out", ["id"])
LOW = Finding("coverage", "coverage_low", "90% held 80%", "promise less")


def manifest(*, rows: Sequence[Finding] = (), model: Sequence[Finding] = ()) -> dict[str, Any]:
    return {
        "metrics": {"test": {"r2": 0.95}, "interval": {"coverage": 0.87, "width": 3.0}},
        "details": {"per_class": None},
        "data": {"findings": plain(rows)},
        "findings": plain(model),
    }


def test_what_is_found_is_refused_where_the_gate_says_so() -> None:
    found = manifest(rows=[LEAK], model=[LOW])
    assert missed(found, {}) == []
    assert missed(found, {"leaks": "refuse"}) == ["leaks: id names the row"]
    assert missed(found, {"gap": "refuse", "shift": "refuse", "groups": "refuse"}) == []
    both: Gates = {"r2": Gate(min=0.99), "coverage": "refuse", "leaks": "refuse"}
    assert missed(found, both) == [
        "r2 0.95 is below 0.99",
        "leaks: id names the row",
        "coverage: 90% held 80%",
    ]
    assert missed(manifest(), both) == ["r2 0.95 is below 0.99"]


def test_the_measured_coverage_has_limits_like_a_metric() -> None:
    assert missed(manifest(), {"coverage": Gate(min=0.88)}) == ["coverage 0.87 is below 0.88"]
    assert missed(manifest(), {"coverage": Gate(min=0.87)}) == []
    without = {**manifest(), "metrics": {"test": {"r2": 0.95}}}
    said = missed(without, {"coverage": Gate(min=0.88)})
    assert said == ["coverage is not defined on the held-out rows"]


def test_an_old_model_passes_unless_the_gate_asks_for_what_nobody_looked_for() -> None:
    old = manifest()
    del old["findings"], old["data"]
    assert missed(old, {"r2": Gate(min=0.9), "coverage": Gate(min=0.8)}) == []
    assert missed(old, {"leaks": "refuse", "gap": "refuse"}) == [
        "leaks, gap: not looked for when it was trained; train it again"
    ]


def test_findings_have_no_figures_to_follow() -> None:
    gates: Gates = {"leaks": "refuse", "coverage": Gate(min=0.8)}
    assert figures({"coverage": 0.9, "r2": 0.5}, gates) == {"coverage": 0.9}
    assert list(limits(gates)) == ["coverage"]


def segmented(**changes: Any) -> dict[str, Any]:
    one = {
        "by": ["clarity"],
        "segment": "clarity I1",
        "rows": 60,
        "metric": 0.91,
        "coverage": 0.7,
        "coverage_low": 0.57,
        "coverage_high": 0.8,
    }
    told = manifest()
    told["details"] = {"segments": [{**one, **changes}, {**one, "by": ["clarity", "cut"]}]}
    told["config"] = {"dataset": {"metric": "r2"}}
    return told


def test_coverage_of_a_segment_is_missed_where_chance_does_not_explain_it() -> None:
    gates: Gates = {"coverage": Gate(by={"clarity": Limits(min=0.85)})}
    assert missed(segmented(), gates) == [
        "coverage of clarity I1 (60 rows) 0.7 is below 0.85",
    ]
    assert missed(segmented(coverage_high=0.86), gates) == []


def test_the_metric_of_a_segment_is_limited_as_it_is() -> None:
    gates: Gates = {"r2": Gate(by={"clarity": Limits(min=0.92)})}
    assert missed(segmented(), gates) == ["r2 of clarity I1 (60 rows) 0.91 is below 0.92"]
    assert missed(segmented(metric=0.93), gates) == []
    assert missed(segmented(metric=None), gates) == [], "too few classes to tell"


def test_segments_that_nobody_looked_at_are_not_passed() -> None:
    gates: Gates = {"coverage": Gate(by={"cut": Limits(min=0.85)})}
    said = ["coverage by cut is not known of any of its values; train it again"]
    assert missed(segmented(), gates) == said
    other = segmented()
    other["details"] = {}
    assert missed(other, gates) == said
