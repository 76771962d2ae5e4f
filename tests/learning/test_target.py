from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.schema import Dataset
from src.learning import target as targets
from src.learning.target import Target
from src.support.errors import UserError

Make = Callable[..., Dataset]


def rows(values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"price": values})


def classes_of(
    make_dataset: Make, train: str, test: str, task: str = "multiclass", **target: Any
) -> list[str] | None:
    dataset = make_dataset(task=task, metric="accuracy", target={"name": "price", **target})
    return Target(dataset, rows(train.split()), rows(test.split())).classes


def test_values_of_a_regression_are_numbers(dataset: Dataset) -> None:
    target = Target(dataset, rows([1, 2]), rows([3]))
    assert target.classes is None
    encoded = target.encode(rows([3, 4]))
    assert encoded.dtype == np.float64
    assert encoded.tolist() == [3.0, 4.0]
    assert target.decode(np.array([1.5, 2.5])).tolist() == [1.5, 2.5]


def test_classes_are_alphabetical(make_dataset: Make) -> None:
    assert classes_of(make_dataset, "pear fig apple", "fig") == ["apple", "fig", "pear"]


def test_classes_keep_the_order_in_which_they_are_listed(make_dataset: Make) -> None:
    listed = ["pear", "apple", "fig"]
    assert classes_of(make_dataset, "fig apple pear", "fig", values=listed) == listed


def test_a_listed_class_that_no_row_has_is_left_out(make_dataset: Make) -> None:
    found = classes_of(make_dataset, "fig apple", "fig", values=["pear", "fig", "apple"])
    assert found == ["fig", "apple"]


def test_numbers_that_name_classes_are_found_as_text(make_dataset: Make) -> None:
    found = classes_of(make_dataset, "0 1", "1", task="binary", values=[1, 0], positive=1)
    assert found == ["0", "1"]


@pytest.mark.parametrize(
    ("positive", "expected"),
    [("no", ["yes", "no"]), ("yes", ["no", "yes"]), (None, ["no", "yes"])],
)
def test_the_positive_class_is_the_last(
    make_dataset: Make, positive: str | None, expected: list[str]
) -> None:
    found = classes_of(make_dataset, "yes no", "no", task="binary", positive=positive)
    assert found == expected


def test_the_positive_class_leaves_the_others_in_their_order(make_dataset: Make) -> None:
    found = classes_of(make_dataset, "a b c d", "a", values=["d", "b", "c", "a"], positive="b")
    assert found == ["d", "c", "a", "b"]


def test_classes_are_positions_and_back(make_dataset: Make) -> None:
    dataset = make_dataset(task="multiclass", metric="accuracy")
    target = Target(dataset, rows(["b", "c", "a"]), rows(["a"]))
    encoded = target.encode(rows(["c", "a", "b"]))
    assert encoded.dtype == np.int64
    assert encoded.tolist() == [2, 0, 1]
    assert target.decode(np.eye(3)[encoded]).tolist() == ["c", "a", "b"]
    assert target.decode(np.array([[0.2, 0.5, 0.3]])).tolist() == ["b"]


def refusal(
    make_dataset: Make,
    train: list[Any],
    test: list[Any],
    folds: int = 2,
    task: str = "multiclass",
) -> UserError:
    metric = "mae" if task == "regression" else "accuracy"
    dataset = make_dataset(task=task, metric=metric)
    target = Target(dataset, rows(train), rows(test))
    with pytest.raises(UserError) as caught:
        targets.check(target, rows(train), folds, dataset)
    return caught.value


def accepted(make_dataset: Make, train: list[Any], folds: int, task: str = "multiclass") -> None:
    metric = "mae" if task == "regression" else "accuracy"
    dataset = make_dataset(task=task, metric=metric)
    targets.check(Target(dataset, rows(train), rows(train)), rows(train), folds, dataset)


def test_five_rows_are_too_few_for_five_folds(make_dataset: Make) -> None:
    error = refusal(make_dataset, [1, 2, 3, 4, 5], [6], folds=5, task="regression")
    assert "'stones' has too few rows" in error.what
    assert error.given == "5 training rows, with 5 folds of cross-validation"
    assert error.choices == ["at least 10 training rows"]
    assert "folds=2" in (error.fix or "")


def test_five_rows_are_enough_for_two_folds(make_dataset: Make) -> None:
    accepted(make_dataset, [1, 2, 3, 4, 5], 2, "regression")


def test_the_fewest_rows_are_two_a_fold(make_dataset: Make) -> None:
    accepted(make_dataset, list(range(10)), 5, "regression")
    refusal(make_dataset, list(range(9)), [1], folds=5, task="regression")


def test_a_constant_target_teaches_nothing(make_dataset: Make) -> None:
    error = refusal(make_dataset, [7.5] * 8, [1, 2], task="regression")
    assert "'price' is the same in every training row" in error.what
    assert error.given == 7.5


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_one_class_only_teaches_nothing(make_dataset: Make, task: str) -> None:
    error = refusal(make_dataset, ["a"] * 8, ["a"], task=task)
    assert "'price' has one class only" in error.what
    assert error.given == "a"


def test_a_binary_target_has_two_classes(make_dataset: Make) -> None:
    error = refusal(make_dataset, list("aabbcc"), ["a"], task="binary")
    assert "has 3 classes" in error.what
    assert error.given == "a, b, c"
    assert "multiclass" in (error.fix or "")


def test_a_class_rarer_than_the_folds_is_told_with_its_rows(make_dataset: Make) -> None:
    error = refusal(make_dataset, list("aaaabbbcc"), ["a"], folds=4)
    assert "fewer training rows than there are folds" in error.what
    assert error.given == "b (3), c (2)"
    assert error.choices == ["at least 4 training rows of each class"]


def test_a_class_with_a_row_for_every_fold_is_enough(make_dataset: Make) -> None:
    accepted(make_dataset, list("aaaabbb"), 3)


def test_a_class_that_only_the_test_rows_have_cannot_be_learnt(make_dataset: Make) -> None:
    error = refusal(make_dataset, list("aaabbb"), ["c"])
    assert error.given == "c (0)"


def test_a_positive_class_that_never_stands_there_lists_the_classes(
    make_dataset: Callable[..., Dataset],
) -> None:
    target = {"name": "price", "positive": "Ja"}
    dataset = make_dataset(task="binary", metric="f1", target=target)
    rows = pd.DataFrame({"price": ["ja", "nein"] * 10})
    with pytest.raises(UserError, match="positive class of 'price' 'Ja'") as caught:
        targets.check(Target(dataset, rows, rows), rows, 3, dataset)
    assert caught.value.choices == ["ja", "nein"]
