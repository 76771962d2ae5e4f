from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from src.inference.reasons.sampled_shapley import sampled

TYPICAL, RECORD = (1.0, "a", None), (3.0, "b", "text")


def answer(records: Sequence[tuple[Any, ...]]) -> np.ndarray:
    return np.array([one(*record) for record in records])


def one(number: float, level: str, text: str | None) -> float:
    return number * (2 if level == "b" else 1) + 10 * (text is not None) + (level == "b")


def test_sums_from_the_typical_answer_to_the_records() -> None:
    base, amounts = sampled(answer, TYPICAL, RECORD)
    assert base == one(*TYPICAL)
    assert base + sum(amounts) == pytest.approx(one(*RECORD), rel=1e-12)


def test_is_the_average_over_orders() -> None:
    def changed(known: set[int]) -> float:
        return one(*(RECORD[at] if at in known else TYPICAL[at] for at in range(3)))

    expected = np.zeros(3)
    for order in permutations(range(3)):
        for place, at in enumerate(order):
            known = set(order[:place])
            expected[at] += (changed(known | {at}) - changed(known)) / 6
    _, amounts = sampled(answer, TYPICAL, RECORD)
    # An order and its reverse share out evenly what two features do together.
    assert amounts == pytest.approx(expected, rel=1e-12)


def test_the_same_record_has_the_same_reasons_each_time() -> None:
    assert sampled(answer, TYPICAL, RECORD) == sampled(answer, TYPICAL, RECORD)


def test_a_feature_that_is_typical_adds_nothing() -> None:
    _, amounts = sampled(answer, TYPICAL, (3.0, "a", "text"))
    assert amounts == [2.0, 0.0, 10.0]
