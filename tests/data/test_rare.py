from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from src.data import rare, schema_checks
from src.data.schema import Dataset
from src.data.splitting import Parts
from src.support.errors import UserError

Make = Callable[..., Dataset]
TRAIN = "aaaaabbbbbccd"
TEST = "abcde"


def set_aside(make_dataset: Make, train: str = TRAIN, **keys: Any) -> rare.SetAside:
    target = {"name": "price", **keys.pop("target", {})}
    dataset = make_dataset(task="multiclass", metric="accuracy", target=target, **keys)
    frames = [pd.DataFrame({"price": list(letters)}) for letters in (train, TEST)]
    frames[1].index += len(train)
    return rare.set_aside(Parts(*frames), dataset, folds=4)


def labels(part: pd.DataFrame) -> str:
    return "".join(part["price"])


def test_classes_of_fewer_rows_to_train_than_folds_are_left_out_and_told(
    make_dataset: Make,
) -> None:
    aside = set_aside(make_dataset)
    assert labels(aside.parts.train) == "aaaaabbbbb"
    assert labels(aside.parts.test) == "ab"
    assert aside.dropped.index.tolist() == [10, 11, 12, 15, 16, 17]
    assert aside.dropped[12] == "price d is of too few rows to learn from"
    assert "(4) are left out, 6 rows: c (2), d (1), e (0);" in aside.note


def test_they_can_be_learnt_as_one_class(make_dataset: Make) -> None:
    aside = set_aside(make_dataset, "aaaaabbbbbccdd", rare="other")
    assert labels(aside.parts.train) == "aaaaabbbbb" + "other" * 4
    assert labels(aside.parts.test) == "ab" + "other" * 3
    assert aside.dropped.empty
    assert "are learnt as 'other': c (2), d (2), e (0)" in aside.note


def test_what_is_rare_even_together_is_left_out(make_dataset: Make) -> None:
    aside = set_aside(make_dataset, rare="other")
    assert labels(aside.parts.train) == "aaaaabbbbb"
    assert len(aside.dropped) == 6


@pytest.mark.parametrize(
    ("train", "keys"),
    [
        ("aaaaabbbbbccccdddde", {"rare": "error"}),
        ("aaaaabbb", {}),
        (TRAIN, {"target": {"positive": "d"}}),
        ("aaaabbbbccccddddeeee", {}),
    ],
    ids=["error", "one class would be left", "the class of interest", "none is rare"],
)
def test_nothing_is_set_aside(make_dataset: Make, train: str, keys: dict[str, Any]) -> None:
    aside = set_aside(make_dataset, train, **keys)
    assert labels(aside.parts.train) == train
    assert labels(aside.parts.test) == TEST
    assert aside.dropped.empty
    assert aside.note == ""


def test_nothing_is_set_aside_where_no_row_to_test_would_be_left(make_dataset: Make) -> None:
    dataset = make_dataset(task="multiclass", metric="accuracy")
    parts = Parts(*(pd.DataFrame({"price": list(letters)}) for letters in ("aaaabbbbc", "c")))
    assert rare.set_aside(parts, dataset, folds=4).parts is parts


def test_other_must_be_one_of_the_classes(make_dataset: Make) -> None:
    keys: dict[str, Any] = {"task": "multiclass", "metric": "accuracy", "rare": "other"}
    schema_checks.check(
        make_dataset(**keys, target={"name": "price", "values": ["a", "b", "other"]})
    )
    schema_checks.check(make_dataset(**keys, target={"name": "price"}))
    with pytest.raises(UserError, match="none of the target's values") as caught:
        schema_checks.check(make_dataset(**keys, target={"name": "price", "values": ["a", "b"]}))
    assert "add other to target.values" in str(caught.value)
