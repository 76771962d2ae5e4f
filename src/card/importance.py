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

import numpy as np

from src.card.asked import Asked

REPEATS = 5

Loss = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Importance:
    """By how much the loss rises in the mean of all shuffles, and its deviation over them."""

    mean: float
    deviation: float


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
    found = {}
    for name, features in groups.items():
        if set(features) >= set(frame.columns):  # then whole rows change their places
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
