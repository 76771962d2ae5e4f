"""Whether labels are enough, and how many are needed where they are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.registry.datasets.live_config import LiveConfig
from app.trainings.preconditions import check, check_hidden
from src.config.configuration import Config
from src.data.schema import Dataset
from src.support.errors import UserError

Given = Callable[..., tuple[Dataset, Config]]


@pytest.fixture
def given(home: Path) -> Given:
    configured = LiveConfig()
    configured.refresh()

    def make(dataset: str, search: str = "none", **changes: Any) -> tuple[Dataset, Config]:
        model = {"debts": "logistic", "notes": "naive_bayes", "stones": "linear"}[dataset]
        config = configured.config(dataset, model, search, None)
        return config.dataset, msgspec.structs.replace(config, **changes)

    return make


def refusal(given: tuple[Dataset, Config], counts: dict[str, int]) -> str:
    with pytest.raises(UserError) as caught:
        check(*given, counts)
    return str(caught.value)


def test_the_least_that_is_enough_is_what_the_refusal_asks_for(given: Given) -> None:
    debts = given("debts")  # 3 folds, a fifth held out
    assert "at least 8 labels" in refusal(debts, {"0": 3, "1": 2})
    assert "at least 8 labels" in refusal(debts, {"0": 4, "1": 3})
    check(*debts, {"0": 4, "1": 4})
    assert "at least 4 labels of each class" in refusal(debts, {"0": 5, "1": 3})


def test_a_search_needs_enough_for_its_own_folds(given: Given) -> None:
    counts = {"0": 4, "1": 4}
    check(*given("debts", folds=2), counts)
    assert "at least 8 labels" in refusal(given("debts", "optuna", folds=2), {"0": 3, "1": 3})
    check(*given("debts", "optuna", folds=2), counts)


def test_one_class_is_none(given: Given) -> None:
    said = refusal(given("debts"), {"1": 40})
    assert "1 (40)" in said
    assert "at least two classes of 0, 1" in said


def test_rare_classes_are_named(given: Given) -> None:
    said = refusal(given("notes"), {"kitchen": 20, "garden": 1, "office": 3})
    assert "garden (1), office (3)" in said
    assert "kitchen" not in said


def test_rare_classes_stop_nothing_where_they_are_set_aside(given: Given) -> None:
    dataset, config = given("notes")
    counts = {"kitchen": 20, "garden": 20, "office": 1}
    check(dataset, config, counts)
    strict = msgspec.structs.replace(dataset, rare="error")
    assert "office (1)" in refusal((strict, config), counts)


def test_a_price_has_no_classes(given: Given) -> None:
    stones = given("stones")
    check(*stones, {str(price): 1 for price in range(8)})
    assert "0 labels" in refusal(stones, {})


@pytest.mark.parametrize("name", ["owner", "LATE"])
def test_labels_with_a_hidden_column_are_not_trained_on(given: Given, name: str) -> None:
    dataset, _ = given("debts")
    with pytest.raises(UserError, match="never stored here") as caught:
        check_hidden(dataset, 1, ("x", name))
    assert caught.value.code == "labels_not_taken"
    check_hidden(dataset, 0, (name,))
    check_hidden(dataset, 1, ("x",))
