from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from app.predictions import answers
from app.records import target_keys
from app.registry import loaded
from app.registry.datasets import examples
from app.registry.loaded import LoadedVersion
from app.store.redaction import Redaction
from src.config import paths
from src.inference import opened
from src.support.errors import UserError
from tests.app import project

LoadServing = Callable[..., LoadedVersion]


@pytest.mark.parametrize("name", [*target_keys.OF_ANSWERS, "price"])
def test_a_target_of_a_name_that_an_answer_has_stands_beside_it(
    load_serving: LoadServing, name: str
) -> None:
    def rename(manifest: Any) -> None:
        manifest["config"]["dataset"]["target"]["name"] = name

    one = load_serving("stones", "linear", rename)
    answer = answers.example(one, one.example())
    assert one.predicted == (name if name == "price" else f"predicted_{name}")
    assert isinstance(answer.pop(one.predicted), float)
    assert set(answer) == {"id", "interval", "model", "warnings"}


def test_what_is_loaded_knows_limits_and_examples(load_serving: LoadServing) -> None:
    one = load_serving("stones", "linear")
    assert set(one.golden[0]["record"]) == set(one.records.names)
    assert one.similar is not None
    assert load_serving("debts", "logistic").similar is None
    assert load_serving("debts", "logistic").classes == [0, 1]
    assert load_serving("notes", "naive_bayes").classes == sorted(project.ROOMS)


@pytest.mark.parametrize("is_real", [False, True])
def test_its_examples_are_records_that_it_takes(load_serving: LoadServing, is_real: bool) -> None:
    one = load_serving("stones", "linear")
    first, second, *_ = many = one.examples(is_real=is_real)
    assert first == one.example(is_real=is_real) != second == one.example(1, is_real=is_real)
    assert one.example(len(one.golden if is_real else many), is_real=is_real) == first
    assert len(many) == examples.SOME < len(one.golden)
    for record in many:
        one.records.decode(msgspec.json.encode(record))
        assert None not in record.values()
    golden = [row["record"] for row in one.golden]
    assert all((one.records.as_object(one.values(row)[0]) in golden) == is_real for row in many)


@pytest.mark.parametrize("is_real", [False, True])
@pytest.mark.parametrize(
    ("dataset", "model"), [("stones", "linear"), ("debts", "logistic"), ("notes", "naive_bayes")]
)
def test_its_example_of_a_label_has_what_the_model_answers(
    load_serving: LoadServing, dataset: str, model: str, is_real: bool
) -> None:
    one = load_serving(dataset, model)
    label, target = one.example_label(is_real=is_real), one.dataset.target.name
    example = one.example(is_real=is_real)
    said = answers.example(one, example)[target]
    assert label == {**example, target: pytest.approx(said) if dataset == "stones" else said}


@pytest.mark.parametrize("answer", [-3.5, float("nan")])
def test_an_example_of_a_label_has_a_target_that_can_be(
    load_serving: LoadServing, answer: float
) -> None:
    one = load_serving("stones", "linear")
    fake = SimpleNamespace(output=lambda records: np.array([answer]))
    assert replace(one, predictor=fake).example_label()["price"] > 0  # type: ignore[arg-type]


def test_in_its_examples_a_hidden_field_is_made_of_the_yaml_alone(
    trained: Path, load_serving: LoadServing, tmp_path: Path
) -> None:
    plain = load_serving("stones", "linear")
    hidden = loaded.load(
        plain.version,
        tmp_path,
        most_records=10,
        longest_text=100,
        redaction=Redaction(["Carat", "cut"]),
    )
    for is_real in (False, True):
        ours = hidden.examples(is_real=is_real)
        assert {record["carat"] for record in ours} == {10.0}, "between 0 and 20"
        assert ours[0]["cut"] == project.CUTS[0]
        for one, other in zip(ours, plain.examples(is_real=is_real), strict=False):
            assert one["facets"] == other["facets"]


@pytest.mark.parametrize("name", ["predictor.npz", "golden.json", "similar_keys.npy"])
def test_a_byte_that_changed_is_noticed(load_serving: LoadServing, name: str) -> None:
    project.damage(paths.BUNDLES / "stones" / "linear" / name)
    with pytest.raises(UserError, match=f"damaged: {name}"):
        load_serving("stones", "linear")


def test_nothing_is_unpickled_of_a_model_that_was_exported(load_serving: LoadServing) -> None:
    project.damage(paths.BUNDLES / "stones" / "linear" / "model.joblib")
    assert load_serving("stones", "linear").predictor.kind == "linear"


def test_another_answer_to_a_golden_record_is_noticed(load_serving: LoadServing) -> None:
    def alter(golden: Any) -> None:
        golden[0]["output"] *= 1.01

    project.retell(paths.BUNDLES / "stones" / "xgboost", "golden.json", alter)
    with pytest.raises(UserError, match="stored record 1"):
        load_serving("stones", "xgboost")


def test_a_model_that_cannot_be_unpickled_here_says_what_to_install(
    load_serving: LoadServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn.neighbors")

    monkeypatch.setattr(opened.predictors, "load", load)
    with pytest.raises(UserError, match="has no export") as caught:
        load_serving("stones", "linear")
    assert "sklearn" in str(caught.value.given)
    assert caught.value.fix == "pip install -c constraints.txt '.[train]'"
