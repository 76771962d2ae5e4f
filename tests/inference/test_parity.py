from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src.inference import parity, predictor
from src.support.errors import UserError
from tests.inference import models

KINDS = {
    "regression": "sklearn.linear_model.Ridge",
    "multiclass": "sklearn.linear_model.LogisticRegression",
}


def saved(path: Path, task: str) -> tuple[predictor.Predictor, dict[str, Any]]:
    manifest = models.save(path, *models.fit(KINDS[task], task))
    return predictor.load(path, manifest), manifest


@pytest.mark.parametrize("task", KINDS)
def test_stored_records_are_answered_as_they_were(task: str, tmp_path: Path) -> None:
    made, manifest = saved(tmp_path, task)
    parity.check_golden(made, tmp_path, manifest)


@pytest.mark.parametrize("task", KINDS)
def test_no_answer_at_all_is_refused(task: str, tmp_path: Path) -> None:
    made, manifest = saved(tmp_path, task)

    class Lost(type(made)):  # type: ignore[misc]
        def output(self, asked: Any) -> np.ndarray:
            return super().output(asked) * math.nan

    made.__class__ = Lost
    with pytest.raises(UserError, match="stored record 1 of 20"):
        parity.check_golden(made, tmp_path, manifest)


@pytest.mark.parametrize("task", KINDS)
def test_another_answer_is_refused_and_its_record_named(task: str, tmp_path: Path) -> None:
    made, manifest = saved(tmp_path, task)
    golden = json.loads((tmp_path / "golden.json").read_text())
    golden[6]["output"] = (np.array(golden[6]["output"]) * 1.01).tolist()
    data = json.dumps(golden).encode()
    (tmp_path / "golden.json").write_bytes(data)
    with pytest.raises(UserError, match=r"damaged: golden\.json"):
        parity.check_golden(made, tmp_path, manifest)
    manifest["files"]["golden.json"] = hashlib.sha256(data).hexdigest()
    with pytest.raises(UserError, match="stored record 7 of 20 otherwise"):
        parity.check_golden(made, tmp_path, manifest)


def test_a_difference_is_a_share_of_a_value_and_of_a_probability_itself(tmp_path: Path) -> None:
    record = (8.0, 3.0, "high", "a", "north")
    made, _ = saved(tmp_path / "one", "regression")
    value = made.output([record])
    assert parity.largest(made, [record], value * 1.01) == pytest.approx(0.01 / 1.01)
    made, _ = saved(tmp_path / "two", "multiclass")
    chances = made.output([record])
    other = chances + np.array([0.0, 0.02, 0.01])
    assert parity.largest(made, [record], other) == pytest.approx(0.02)
    assert parity.largest(made, [record], chances * math.nan) == math.inf


def test_near_zero_a_difference_is_measured_by_the_usual_size(tmp_path: Path) -> None:
    made, _ = saved(tmp_path, "regression")
    answers = {1.0: 4.0, 2.0: 1e-9, 3.0: 8.0}

    class Given(type(made)):  # type: ignore[misc]
        def output(self, asked: Any) -> np.ndarray:
            return np.array([answers[record[0]] for record in asked])

    made.__class__ = Given
    records = [(size, 3.0, "high", "a", "north") for size in answers]
    assert parity.largest(made, records, np.array([4.0, 3e-9, 8.0])) == pytest.approx(2e-9 / 4)


def test_records_are_asked_together_and_alone(tmp_path: Path) -> None:
    made, _ = saved(tmp_path, "regression")
    records = [(float(size), 3.0, "high", "a", "north") for size in range(1, 9)]
    expected = made.output(records)
    assert parity.largest(made, records, expected) < 1e-12

    class Alone(type(made)):  # type: ignore[misc]
        def output(self, asked: Any) -> np.ndarray:
            return super().output(asked) * (1.5 if len(asked) == 1 else 1)

    made.__class__ = Alone
    assert parity.largest(made, records, expected) == pytest.approx(0.5)
