from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.config.configuration import Model
from src.learning import exporting
from src.learning.recipe import Recipe
from src.support.structs import convert
from tests.inference import models

ENCODINGS: list[dict[str, Any]] = [
    {},
    {"numbers": "keep", "ordered": "rank"},
    {"ordered": "rank", "categories": "target"},
    {"text": {"weight": "count", "ngrams": [1, 2]}},
]
RIDGE = "sklearn.linear_model.Ridge"


def export(*words: Any, **named: Any) -> exporting.Exported:
    made = exporting.export(*models.fit(*words, **named))
    assert made is not None
    return made


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["table", "mixed"])
def test_what_is_exported_answers_as_the_model(
    task: str, encoding: dict[str, Any], kind: str
) -> None:
    targets = {"regression": RIDGE}
    target = targets.get(task, "sklearn.linear_model.LogisticRegression")
    if encoding.get("numbers") == "keep":  # gaps are left, which trees alone can take
        pytest.importorskip("xgboost")
        target = models.XGB[task]
    fitted, dataset, rows = models.fit(target, task, kind, encoding=encoding)
    made = models.exported(fitted, dataset, rows)
    asked = models.make_rows(300, seed=11, strange=True)
    found = made.output(models.as_records(asked, dataset))
    assert np.allclose(found, fitted.output(asked), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_model_with_very_many_values_is_exported(task: str) -> None:
    target = RIDGE if task == "regression" else "sklearn.linear_model.LogisticRegression"

    def many(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(place=[f"place {at * 7919 % 211}" for at in range(len(rows))])

    dataset, rows = models.make_dataset(task), many(models.make_rows(300, seed=1))
    values = {"name": "mine", "complexity": 1, "estimator": {task: {"_target_": target}}}
    classes = None if task == "regression" else models.CLASSES[: 2 if task == "binary" else 3]
    recipe = Recipe(dataset, convert(values, Model, "model"), classes, 3)
    fitted = recipe.fit(rows, models.make_target(rows, task))
    assert fitted.encoder.names().count("place") == (task != "multiclass")
    made = models.exported(fitted, dataset, rows)
    asked = many(models.make_rows(300, seed=11, strange=True))
    found = made.output(models.as_records(asked, dataset))
    assert np.allclose(found, fitted.output(asked), rtol=1e-5, atol=1e-6)


def test_a_model_without_gaps_may_still_be_asked_about_them() -> None:
    fitted, dataset, rows = models.fit(RIDGE)
    full = rows.fillna({"count": 1.0, "grade": "low", "kind": "a", "place": "north"})
    made = models.exported(fitted, dataset, full)
    assert np.isfinite(made.output([(1.0, None, None, None, None)])).all()


@pytest.mark.parametrize("target", [RIDGE, models.XGB["regression"]])
def test_the_same_model_makes_the_same_bytes(target: str) -> None:
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
    one, two = (export(target, kind="mixed").files() for _ in range(2))
    assert one == two
    assert {"predictor.json", "predictor.npz"} <= set(one)


def test_the_files_hold_no_pickle() -> None:
    files = export(RIDGE, kind="mixed").files()
    with np.load(io.BytesIO(files["predictor.npz"]), allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)
    json.loads(files["predictor.json"])


def test_a_model_of_ones_own_is_not_exported() -> None:
    fitted, dataset, rows = models.fit("sklearn.tree.DecisionTreeRegressor")
    assert exporting.export(fitted, dataset, rows) is None
    spec = json.loads(exporting.unexported(fitted, dataset, rows)["predictor.json"])
    assert (spec["kind"], spec["classes"]) == ("pickled", None)
    assert spec["typical"]["size"] == rows["size"].median()


def test_means_are_those_of_the_encoded_training_rows() -> None:
    fitted, dataset, rows = models.fit(RIDGE, kind="mixed")
    made = exporting.export(fitted, dataset, rows)
    assert made is not None
    encoded = fitted.encoder.transform(rows).toarray()
    assert np.allclose(made.arrays["means"], encoded.mean(axis=0))


def test_typical_is_the_middle_or_the_commonest() -> None:
    rows = pd.DataFrame(
        {
            "size": [1.0, 2.0, 9.0, 4.0],
            "count": [None, 3.0, None, 5.0],
            "grade": ["low", "high", "high", None],
            "kind": ["b", "a", "b", None],
            "place": ["x", "y", None, None],
            "words": ["a", "b", "c", "d"],
        }
    )
    assert exporting.typical(rows, models.make_dataset(kind="mixed")) == {
        "size": 3.0,
        "count": 4.0,
        "grade": "high",
        "kind": "b",
        "place": "x",
        "words": None,
    }
    gone = rows.assign(count=np.nan, place=None)
    found = exporting.typical(gone, models.make_dataset(kind="mixed"))
    assert (found["count"], found["place"]) == (None, None)


def test_records_are_plain_and_in_the_order_of_the_features() -> None:
    rows = pd.DataFrame(
        {
            "place": pd.Series(["x", None], dtype="str"),
            "count": [1.0, np.nan],
            "size": [0.5, 2.0],
            "kind": ["a", None],
            "grade": ["low", np.nan],
        }
    )
    found = exporting.records(rows, models.make_dataset())
    assert found == [(0.5, 1.0, "low", "a", "x"), (2.0, None, None, None, None)]
    assert [type(cell) for cell in found[0]] == [float, float, str, str, str]


@pytest.mark.parametrize("count", [3, 20, 55])
def test_golden_records_are_evenly_chosen(count: int) -> None:
    rows = models.make_rows(count).assign(size=np.arange(count) + 1.0)
    output = np.arange(count) * 2.0
    data = exporting.golden(rows, output, models.make_dataset())
    assert data == exporting.golden(rows, output, models.make_dataset())
    golden = json.loads(data)
    chosen = [int(one["record"]["size"]) - 1 for one in golden]
    assert [one["output"] for one in golden] == [2.0 * at for at in chosen]
    assert (chosen[0], chosen[-1], len(chosen)) == (0, count - 1, min(count, 20))
    steps = np.diff(chosen)
    assert steps.max() - steps.min() <= 1
    assert list(golden[0]["record"]) == list(models.make_dataset().features)


def test_golden_probabilities_are_lists() -> None:
    rows = models.make_rows(4)
    golden = json.loads(exporting.golden(rows, np.full((4, 2), 0.5), models.make_dataset()))
    assert golden[0]["output"] == [0.5, 0.5]


BENT = {
    "sklearn.linear_model.LogisticRegression": {"class_weight": "balanced"},
    models.XGB["binary"]: {"scale_pos_weight": 30.0},
}


@pytest.mark.parametrize("target", list(BENT))
@pytest.mark.parametrize("average", [1, 2])
def test_what_was_put_right_is_exported_so_and_explained(target: str, average: int) -> None:
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
    trees = models.SMALL_TREES if target.startswith("xgboost") else {}
    params = {**trees, **BENT[target]}
    fitted, dataset, rows = models.fit(target, "binary", params=params, average=average)
    made = models.exported(fitted, dataset, rows)
    assert made.kind in ("linear", "trees")
    asked = models.make_rows(200, seed=11, strange=True)
    records, expected = models.as_records(asked, dataset), fitted.output(asked)
    assert np.allclose(made.output(records), expected, rtol=1e-5, atol=1e-6)
    for at in range(20):
        explanation = made.explain(records[at], "two")
        total = explanation.base + sum(part.contribution for part in explanation.contributions)
        assert explanation.value == pytest.approx(expected[at, 1], abs=1e-5)
        assert total == pytest.approx(explanation.value)
