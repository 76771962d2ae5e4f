from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from app.http import problems
from app.predictions import answers, openapi
from app.registry.loaded import LoadedVersion
from app.store import ids
from src.support.errors import UserError
from tests.app import project
from tests.app.warned import codes, messages

LoadServing = Callable[..., LoadedVersion]


def record(one: LoadedVersion, **changes: Any) -> tuple[Any, ...]:
    given = {**project.RECORDS[one.dataset.name], **changes}
    return tuple(given[name] for name in one.records.names)


def saying(one: LoadedVersion, output: Any) -> LoadedVersion:
    """Make a serving whose model says this, whatever it is asked."""
    fake = SimpleNamespace(output=lambda records: np.array(output))
    return replace(one, predictor=fake)  # type: ignore[arg-type]


def test_a_value_comes_with_the_range_it_is_likely_in(load_serving: LoadServing) -> None:
    one = load_serving("stones", "linear")
    (answer,) = answers.answer(one, [record(one)], "the-id")
    assert list(answer) == ["id", "price", "interval", "model", "warnings"]
    assert answer["warnings"] == []
    assert answer["id"] == "the-id"
    assert answer["model"] == {"name": "linear", "version": 3}
    interval = answer["interval"]
    assert interval["low"] < answer["price"] < interval["high"]
    assert interval["coverage"] == 0.9


def test_the_answer_to_an_example_is_that_of_the_model(load_serving: LoadServing) -> None:
    one = load_serving("stones", "xgboost")
    answer = answers.example(one, one.example(is_real=True))
    assert ids.is_one(answer["id"])
    assert answer["price"] == pytest.approx(one.golden[0]["output"])


def test_a_value_that_the_target_cannot_have_comes_with_a_warning(
    load_serving: LoadServing,
) -> None:
    one = saying(load_serving("stones", "linear"), [-3.5, 7.0])
    odd, fine = answers.answer(one, [record(one)] * 2, "the-id")
    assert odd["price"] == -3.5
    assert "answer_out_of_bounds" in codes(odd)
    assert "price is -3.5 USD, which is not above 0, as each price is." in messages(odd)
    assert "answer_out_of_bounds" not in codes(fine)


def test_a_class_comes_with_all_probabilities_and_the_likely_classes(
    load_serving: LoadServing,
) -> None:
    one = load_serving("notes", "linear_svc")
    (answer,) = answers.answer(one, [record(one)], "the-id")
    assert answer["room"] == "garden"
    assert answer["probability"] == max(answer["probabilities"].values())
    assert set(answer["probabilities"]) == set(project.ROOMS)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert "garden" in answer["interval"]["classes"]


def test_classes_that_are_numbers_stay_numbers(load_serving: LoadServing) -> None:
    one = load_serving("debts", "xgboost")
    (answer,) = answers.answer(one, [record(one)], "the-id")
    assert answer["late"] == 0
    assert isinstance(answer["late"], int)
    assert set(answer["probabilities"]) == {"0", "1"}
    assert set(answer["interval"]["classes"]) <= {0, 1}


def test_every_record_has_an_answer_of_its_own_in_order(load_serving: LoadServing) -> None:
    one = load_serving("stones", "xgboost")
    records = [record(one, carat=carat) for carat in (0.3, 2.9, 0.3)]
    found = answers.answer(one, records, "first")
    assert found[0]["id"] == "first"
    assert all(ids.is_one(answer["id"]) for answer in found[1:])
    assert len({answer["id"] for answer in found}) == 3
    assert found[0]["price"] == found[2]["price"] < found[1]["price"]


@pytest.mark.parametrize(
    ("dataset", "model"),
    [(dataset, model) for dataset, models in project.MODELS.items() for model in models],
)
def test_the_reasons_add_up(load_serving: LoadServing, dataset: str, model: str) -> None:
    one = load_serving(dataset, model)
    for answer in answers.answer(one, [record(one)] * 2, "x", is_explained=True):
        why = answer["why"]
        total = why["base"] + sum(part["contribution"] for part in why["contributions"])
        value = answer["price"] if dataset == "stones" else answer["probability"]
        assert total == pytest.approx(value, rel=1e-9)
        assert why["sentence"].endswith(".")
        assert why["method"] in ("trees", "linear", "sampled")
        names = {part["feature"] for part in why["contributions"]}
        assert names <= set(one.records.names)
        assert all(("word" in part) != ("value" in part) for part in why["contributions"])
        assert msgspec.json.encode(answer)


def test_a_missing_value_has_its_reason_too(load_serving: LoadServing) -> None:
    one = load_serving("stones", "xgboost")
    (answer,) = answers.answer(one, [record(one, depth=None)], "x", is_explained=True)
    parts = {part["feature"]: part["value"] for part in answer["why"]["contributions"]}
    assert parts.get("depth") is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_no_answer(load_serving: LoadServing, value: float) -> None:
    one = saying(load_serving("stones", "linear"), [1.0, value])
    with pytest.raises(UserError) as caught:
        answers.answer(one, [(), ()], "x")
    assert problems.status(caught.value) == 422
    assert caught.value.given == "record 2"


@pytest.mark.parametrize("row", [[np.nan, np.nan], [0.5, np.nan], [np.nan, 0.5], [np.inf, 0.0]])
def test_a_probability_that_is_no_number_is_no_answer(
    load_serving: LoadServing, row: list[float]
) -> None:
    one = saying(load_serving("debts", "logistic"), [row])
    with pytest.raises(UserError) as caught:
        answers.answer(one, [()], "x")
    assert problems.status(caught.value) == 422


def test_a_range_that_is_no_number_is_no_answer(load_serving: LoadServing) -> None:
    def widen(manifest: Any) -> None:
        manifest["interval"].update(log=True, low=[0.5], high=[10.0])

    one = saying(load_serving("stones", "linear", widen), [1e308])
    with pytest.raises(UserError) as caught:
        answers.answer(one, [()], "x")
    assert problems.status(caught.value) == 422


def test_a_record_unlike_all_that_was_learnt_from_is_warned_of(load_serving: LoadServing) -> None:
    stones, debts = load_serving("stones", "linear"), load_serving("debts", "logistic")
    far, plain = answers.answer(stones, [record(stones, carat=19.0), record(stones)], "x")
    assert plain["warnings"] == []
    assert codes(far) == ["outside_learnt_range", "answer_unlike_similar"]
    (strange,) = answers.answer(debts, [record(debts, owner="moon")], "x")
    assert "unseen_category" in codes(strange)


def test_a_bundle_from_before_goes_on_to_answer(load_serving: LoadServing) -> None:
    def forget(manifest: Any) -> None:
        del manifest["learnt"]

    one = load_serving("stones", "linear", forget)
    (far,) = answers.answer(one, [record(one, carat=19.0)], "x")
    assert far["warnings"] == []


def test_the_codes_are_all_that_the_description_lists() -> None:
    listed = openapi.WARNING["properties"]["code"]["enum"]
    assert listed == list(answers.CODES)
    assert len(set(listed)) == len(listed)
