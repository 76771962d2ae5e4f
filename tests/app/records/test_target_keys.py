from __future__ import annotations

import pytest

from app.records import target_keys
from app.store import redaction
from app.store.redaction import HIDDEN, Redaction

TASKS = ("regression", "binary", "multiclass")
NAMES = ("price", *target_keys.OF_ANSWERS, *target_keys.OF_CLASSES, *target_keys.OF_LABELS)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", [*NAMES, *target_keys.OF_SIMILAR, *target_keys.OF_NUMBERS])
def test_a_target_stands_where_nothing_else_does_and_is_read_there(name: str, task: str) -> None:
    answer, label = target_keys.in_answers(name, task), target_keys.in_labels(name, task)
    assert answer not in target_keys.OF_ANSWERS
    assert label not in target_keys.OF_LABELS
    assert target_keys.in_similar(name) not in target_keys.OF_SIMILAR
    assert target_keys.predicted({"id": 2, answer: 1}, name) == 1
    assert target_keys.true({"id": 2, label: 1}, name) == 1


def test_a_name_stays_where_it_is_free() -> None:
    assert target_keys.in_answers("source", "binary") == "source"
    assert target_keys.in_answers("threshold", "regression") == "threshold"
    assert target_keys.in_labels("model", "regression") == "model"
    assert target_keys.in_labels("review", "binary") == "review"
    assert target_keys.in_similar("id") == "id"


def test_what_an_answer_does_not_say_is_none() -> None:
    assert target_keys.predicted({"id": 1}, "price") is None
    assert target_keys.true({}, "price") is None
    assert target_keys.predicted({"id": 1, "cost": 7, "interval": {}}, None) == 7


def test_a_hidden_target_is_hidden_under_its_other_keys() -> None:
    assert (target_keys.PREDICTED, target_keys.TRUE) == redaction.OF_TARGETS
    hidden = Redaction(["Why"]).record({"predicted_why": 1, "true_why": 2, "predicted_x": 3})
    assert hidden == {"predicted_why": HIDDEN, "true_why": HIDDEN, "predicted_x": 3}
