"""Two versions that were trained on something else; the usual ways are in test_versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from app.registry import comparison
from app.registry.comparison import ConfigurationDifference, MetricComparison
from app.registry.loaded import LoadedVersion
from app.registry.store import Registered
from tests.app import project

Load = Callable[..., LoadedVersion]
ROWS = [{"record": project.STONE, "actual": 5000.0}]


class Doubled:
    """Answer twice what a version does."""

    def __init__(self, serving: LoadedVersion) -> None:
        self._predictor = serving.predictor

    def output(self, records: Any) -> Any:
        return 2 * self._predictor.output(records)


def registered(**manifest: Any) -> Registered:
    config = {
        "dataset": {"task": "regression", "features": {"carat": {"min": 1}}},
        "model": {
            "name": "ridge",
            "params": {"alpha": 1},
            "estimator": {"regression": {"_target_": "A"}, "binary": {"_target_": "B"}},
            "space": {"params.alpha": {"low": 1}},
        },
    }
    whole = {
        "config": config,
        "tuned": None,
        "data": {"md5": "m", "rows": 9},
        "git": {},
        "versions": {},
        "metrics": {"test": {"mae": 3.0, "mape": None}, "cv": {}},
    }
    return Registered("stones", 1, "", "ridge", "", {**whole, **manifest})


def test_what_a_search_found_counts_and_not_what_it_began_with() -> None:
    tuned = {"name": "ridge", "params": {"alpha": 7}, "estimator": {}, "space": {"a": {"low": 1}}}
    differences = comparison.configuration(registered(), registered(tuned=tuned))
    assert ConfigurationDifference(key="model.params.alpha", a=1, b=7) in differences
    keys = [one.key for one in differences]
    assert "model.space.a.low" in keys, "it was searched"
    assert "model.space.params.alpha.low" not in keys, "that was not"
    assert "model.estimator.binary._target_" not in keys, "of another task"


def test_a_figure_that_one_of_them_lacks_makes_none_of_them_better() -> None:
    other = registered(metrics={"test": {"mae": 2.0, "r2": 0.5}, "cv": {"mae": {"mean": 2.5}}})
    metrics = {(one.part, one.name): one for one in comparison.metrics(registered(), other)}
    assert metrics["test", "mae"].better == "b"
    assert metrics["test", "r2"] == MetricComparison("test", "r2", a=None, b=0.5, better=None)
    assert metrics["cv", "mae"].better is None
    assert metrics["test", "mape"].better is None


def test_a_record_that_one_of_them_does_not_take_is_left_out(load_serving: Load) -> None:
    first = load_serving("stones", "linear")
    second = replace(first, predictor=Doubled(first))  # type: ignore[arg-type]
    odd = {"record": {**project.STONE, "cut": "Odd"}}
    bare = {"record": {"facets": 5, "cut": "Good"}}
    rows = comparison.rows(first, second, [*ROWS, odd, bare], of=7)
    assert (rows.of, rows.compared, rows.left_out) == (7, 1, 2)
    most = rows.most[0]
    assert most.record == project.STONE
    assert most.actual == 5000
    assert most.b.value == pytest.approx(2 * most.a.value, rel=1e-4)
    more = {"record": {**project.STONE, "colour": "red"}}
    assert comparison.rows(first, second, [more], of=7).compared == 1, "what none of them asks for"


def test_values_and_classes_are_not_compared(load_serving: Load) -> None:
    first, second = load_serving("stones", "linear"), load_serving("debts", "logistic")
    rows = comparison.rows(first, second, ROWS, of=7)
    assert msgspec.to_builtins(rows) == {
        "of": 7,
        "compared": 0,
        "left_out": 1,
        "agree": 0,
        "most": [],
    }


def test_a_class_that_one_of_them_does_not_know_counts_as_nothing(load_serving: Load) -> None:
    first = load_serving("notes", "naive_bayes")
    renamed = replace(first, classes=["cellar", *(first.classes or [])[1:]])
    records = [{"record": {"text": "the rose by the hedge"}}]
    rows = comparison.rows(first, renamed, records, of=7)
    lost = first.predictor.output([("the rose by the hedge",)])[0][0]
    assert abs(rows.most[0].difference - lost) < 1e-6
