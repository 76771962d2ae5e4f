from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.inference import parity
from src.learning import exporting
from src.learning.blended import Blended, Part
from tests.inference import models

RIDGE = "sklearn.linear_model.Ridge"
LOGISTIC = "sklearn.linear_model.LogisticRegression"
CASES: list[tuple[str, str, list[tuple[str, dict[str, Any]]]]] = [
    (
        *("regression", "mixed"),
        [
            (RIDGE, {}),
            (models.XGB["regression"], {"target_transform": "log", "average": 2}),
        ],
    ),
    ("binary", "table", [(LOGISTIC, {"average": 2}), (models.XGB["binary"], {})]),
    (
        *("multiclass", "mixed"),
        [
            (LOGISTIC, {"encoding": {"text": {"ngrams": [1, 2]}}}),
            ("sklearn.svm.LinearSVC", {}),
            (models.XGB["multiclass"], {}),
        ],
    ),
]


def blended(task: str, kind: str, members: list[tuple[str, dict[str, Any]]]) -> tuple[Any, ...]:
    weights = np.arange(1, len(members) + 1) / sum(range(len(members) + 1))
    parts = []
    for (target, more), weight in zip(members, weights.tolist(), strict=True):
        fitted, dataset, rows = models.fit(target, task, kind, **more)
        parts.append(Part(target, weight, fitted))
    return Blended(parts, fitted.classes), dataset, rows


@pytest.mark.parametrize(("task", "kind", "members"), CASES)
def test_it_answers_as_the_fitted_blend_and_its_reasons_add_up(
    task: str, kind: str, members: Any
) -> None:
    pytest.importorskip("xgboost")
    fitted, dataset, rows = blended(task, kind, members)
    made = models.exported(fitted, dataset, rows)
    asked = models.make_rows(60, seed=8, strange=True)
    records = models.as_records(asked, dataset)
    assert parity.largest(made, records, fitted.output(asked)) <= parity.allowed(made)
    for record in records[:20]:
        for name in (None, *(made.classes or [])):
            found = made.explain(record, name)
            total = found.base + sum(part.contribution for part in found.contributions)
            assert total == pytest.approx(found.value, rel=1e-9, abs=1e-12)
            said = [(part.feature, part.word) for part in found.contributions]
            assert len(said) == len(set(said)), "what two members know is said once"
    assert found.method == "mean"


def test_a_contribution_is_the_weighted_sum_of_the_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.inference.predictor.exact", lambda found: found)
    members = [(RIDGE, {}), (RIDGE, {"params": {"alpha": 50.0}})]
    fitted, dataset, rows = blended("regression", "table", members)
    record = models.as_records(rows, dataset)[0]
    own = [models.exported(part.fitted, dataset, rows).explain(record) for part in fitted.parts]
    found = models.exported(fitted, dataset, rows).explain(record)
    one, other = ({part.feature: part.contribution for part in each.contributions} for each in own)
    for part in found.contributions:
        expected = one[part.feature] / 3 + 2 * other[part.feature] / 3
        assert part.contribution == pytest.approx(expected)


def test_a_member_without_an_export_leaves_the_blend_without_one() -> None:
    members = [(RIDGE, {}), ("sklearn.tree.DecisionTreeRegressor", {})]
    fitted, dataset, rows = blended("regression", "table", members)
    assert exporting.export(fitted, dataset, rows) is None
