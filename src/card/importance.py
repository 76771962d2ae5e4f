"""Permutation importance: how much worse a model is where features tell nothing any more.

Their values are shuffled among the rows, which breaks what they tell of the target and keeps how
they are spread. Features that tell the same are shuffled together: alone, each of them would look
needless, since the others tell what it told.

Breiman, "Random Forests", Machine Learning 45, 2001; Fisher, Rudin and Dominici, "All Models are
Wrong, but Many are Useful", Journal of Machine Learning Research 20, 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.card.asked import Asked

REPEATS = 5
MOST = 100  # features that are shuffled one by one

Loss = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Importance:
    """By how much the loss rises in the mean of all shuffles, and its deviation over them."""

    mean: float
    deviation: float


def strongest(
    matrix: Any, output: np.ndarray, columns: Mapping[str, Sequence[int]], most: int = MOST
) -> list[str]:
    """Return the features whose encoded columns correlate most with the answers, in their order.

    To shuffle each of a thousand features would take longer than the training. `matrix` has the
    encoded rows and `columns` each feature's places in it.
    """
    if len(columns) <= most:
        return list(columns)
    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    related = np.abs(_unit(dense).T @ _unit(output.reshape(len(output), -1))).max(axis=1)
    strength = np.array([related[list(places)].max(initial=0.0) for places in columns.values()])
    first = np.sort(np.argsort(-strength, kind="stable")[:most])
    names = list(columns)
    return [names[at] for at in first]


def _unit(values: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and length 1; what is missing, or does not vary, is 0."""
    is_there = np.isfinite(values)
    filled = np.where(is_there, values, 0.0)
    means = filled.sum(axis=0) / np.maximum(is_there.sum(axis=0), 1)
    apart = np.where(is_there, values - means, 0.0)
    lengths = np.linalg.norm(apart, axis=0)
    return np.divide(apart, lengths, out=np.zeros_like(apart), where=lengths > 0)


def permutation(
    asked: Asked,
    loss: Loss,
    groups: Mapping[str, Sequence[str]],
    *,
    seed: int,
    repeats: int = REPEATS,
) -> dict[str, Importance]:
    """Return the importance of each group of features, shuffled together.

    `loss` judges the answers to the rows that are asked, and is the lower, the better they are.
    """
    random = np.random.default_rng(seed)
    frame = asked.frame
    orders = [random.permutation(len(frame)) for _ in range(repeats)]  # the same for all groups
    base = asked.answers()
    least = loss(base)
    every = set(frame.columns)
    found = {}
    for name, features in groups.items():
        if set(features) >= every:  # then whole rows change their places
            answers = [base[order] for order in orders]
        else:
            answers = _answers(asked, features, orders)
        rises = np.array([loss(one) - least for one in answers])
        found[name] = Importance(float(rises.mean()), float(rises.std()))
    return found


def _answers(asked: Asked, features: Sequence[str], orders: list[np.ndarray]) -> list[np.ndarray]:
    """Return the answers to all shuffles, which are asked at once."""
    every = np.tile(np.arange(len(asked.frame)), len(orders))
    taken = np.concatenate(orders)
    values = {name: asked.frame[name].array.take(taken) for name in features}
    return np.split(asked.moved(every, values), len(orders))
