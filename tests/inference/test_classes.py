from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from src.data.schema import Dataset
from src.inference import classes


@pytest.mark.parametrize(
    ("listed", "names", "expected"),
    [
        ([0, 1], ["0", "1"], [0, 1]),
        (None, ["0", "1"], [0, 1]),
        (None, ["00", "1"], ["00", "1"]),
        (None, ["no", "yes"], ["no", "yes"]),
        (None, None, None),
    ],
)
def test_classes_are_as_the_dataset_writes_them(
    make_dataset: Callable[..., Dataset],
    listed: list[Any] | None,
    names: list[str] | None,
    expected: list[Any] | None,
) -> None:
    target = {"name": "late", **({} if listed is None else {"values": listed})}
    dataset = make_dataset(task="binary", target=target, metric="accuracy")
    assert classes.of({"details": {} if names is None else {"classes": names}}, dataset) == expected
