"""Shapley values of any model, estimated by sampling orders of its features.

Castro, Gómez and Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers
& Operations Research 36(5), 2009. For models: Štrumbelj and Kononenko, "Explaining prediction
models and individual predictions with feature contributions", Knowledge and Information Systems 41,
2014.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from src.inference.scalar_expressions import Record

ORDERS = 16  # each also taken in reverse, which cancels much of the sampling error
SEED = 0


def sampled(
    answer: Callable[[Sequence[Record]], np.ndarray], typical: Record, record: Record
) -> tuple[float, list[float]]:
    """Return the answer to the typical record, and what each feature adds to it.

    The typical record is turned into `record` one feature at a time. A feature adds the change of
    the answer, averaged over the sampled orders; in each order the changes add up exactly.
    """
    draw = np.random.default_rng(SEED)
    orders = [draw.permutation(len(record)) for _ in range(ORDERS)]
    orders += [order[::-1] for order in orders]
    mixtures = [mixed for order in orders for mixed in _path(typical, record, order)]
    answers = np.asarray(answer(mixtures)).reshape(len(orders), len(record) + 1)
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
