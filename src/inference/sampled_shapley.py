"""Shapley values of any model at all: by asking it about records that are partly typical."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from src.inference.scalar_expressions import Record

ORDERS = 16  # and each of them backwards, which evens out much of the chance
SEED = 0


def sampled(
    answer: Callable[[Sequence[Record]], np.ndarray], typical: Record, record: Record
) -> tuple[float, list[float]]:
    """Return the answer to the typical record, and what each feature adds to it.

    A typical record becomes the given one a feature at a time; a feature adds what the answer
    changes by, averaged over some orders. So the sum is exact in each of them.
    """
    draw = np.random.default_rng(SEED)
    orders = [draw.permutation(len(record)) for _ in range(ORDERS)]
    orders += [order[::-1] for order in orders]
    asked = [mixed for order in orders for mixed in _path(typical, record, order)]
    answers = np.asarray(answer(asked)).reshape(len(orders), len(record) + 1)
    amounts = np.zeros(len(record))
    for order, change in zip(orders, np.diff(answers, axis=1), strict=True):
        amounts[order] += change / len(orders)
    return float(answers[0, 0]), amounts.tolist()


def _path(typical: Record, record: Record, order: np.ndarray) -> list[Record]:
    mixed = list(typical)
    path = [tuple(mixed)]
    for at in order.tolist():
        mixed[at] = record[at]
        path.append(tuple(mixed))
    return path
