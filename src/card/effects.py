"""How answers move with one feature: accumulated local effects, and means by value.

A feature is moved only as far as the next edge of its rows' own interval, and the differences are
added up. So no row is asked about that could not be, such as a heavy one that is short, and what
correlated features do is not counted twice. Values without an order have no next one; there all
rows are given each value in turn.

Apley and Zhu, "Visualizing the Effects of Predictor Variables in Black Box Supervised Learning
Models", Journal of the Royal Statistical Society B 82, 2020. By value: partial dependence,
Friedman, "Greedy Function Approximation", Annals of Statistics 29, 2001.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.card.asked import Asked

INTERVALS = 20


@dataclass(frozen=True)
class Effect:
    """How answers differ from their mean at some values of a feature.

    `effects` has the shape (values, answers), where answers are one of a regression or of two
    classes (the second's probability), else one of each class. `rows` counts the rows of each
    value, or of each interval between two edges.
    """

    values: list[Any]
    effects: np.ndarray
    rows: np.ndarray


def of_number(asked: Asked, name: str, intervals: int = INTERVALS) -> Effect | None:
    """Accumulate the effects of a number over intervals of about as many rows; None if constant.

    Rows in which it is missing have no part in it.
    """
    known = np.flatnonzero(asked.frame[name].notna())
    numbers = asked.frame[name].iloc[known].to_numpy(dtype=np.float64)
    if not len(numbers) or numbers.min() == numbers.max():
        return None
    shares = np.linspace(0, 1, intervals + 1)
    edges = np.unique(np.quantile(numbers, shares, method="inverted_cdf"))
    at = np.maximum(np.searchsorted(edges, numbers, side="left"), 1) - 1
    both = np.concatenate([edges[at], edges[at + 1]])
    low, high = np.split(_moved(asked, np.concatenate([known, known]), name, both), 2)
    steps = high - low
    rows = np.bincount(at, minlength=len(edges) - 1)
    total = _accumulated(steps, at, len(rows))
    # An interval's rows lie between its edges, so they count for the middle of both.
    middle = np.average((total[1:] + total[:-1]) / 2, axis=0, weights=rows)
    return Effect(edges.tolist(), total - middle, rows)


def of_order(asked: Asked, name: str, levels: Sequence[str]) -> Effect | None:
    """Accumulate the effects of values from low to high; None if there are not two of them.

    A step between two values is that of the rows with either.
    """
    known = np.flatnonzero(asked.frame[name].notna())
    cells = asked.frame[name].iloc[known].astype(object).to_numpy()
    present = [level for level in levels if (cells == level).any()]
    if len(present) < 2:
        return None
    place = {level: at for at, level in enumerate(present)}
    ranks = np.array([place[cell] for cell in cells])
    names = np.array(present, dtype=object)
    up, down = np.flatnonzero(ranks < len(names) - 1), np.flatnonzero(ranks > 0)
    # As they are, the one above, the one below: asked at once.
    places = np.concatenate([np.arange(len(ranks)), up, down])
    values = names[np.concatenate([ranks, ranks[up] + 1, ranks[down] - 1])]
    moved = _moved(asked, known[places], name, values)
    here, above, below = np.split(moved, [len(ranks), len(ranks) + len(up)])
    steps = np.concatenate([above - here[up], here[down] - below])
    total = _accumulated(steps, np.concatenate([ranks[up], ranks[down] - 1]), len(names) - 1)
    rows = np.bincount(ranks)
    return Effect(present, total - np.average(total, axis=0, weights=rows), rows)


def of_values(asked: Asked, name: str, values: Sequence[str]) -> Effect | None:
    """Return the mean answer if all rows had each of the values; None if there are not two."""
    cells = asked.frame[name].astype(object).to_numpy()
    rows = np.array([int((cells == value).sum()) for value in values])
    present = [value for value, count in zip(values, rows, strict=True) if count]
    if len(present) < 2:
        return None
    rows, places = rows[rows > 0], np.arange(len(cells))
    means = np.array(
        [
            _moved(asked, places, name, np.full(len(cells), value, dtype=object)).mean(axis=0)
            for value in present
        ]
    )
    return Effect(present, means - np.average(means, axis=0, weights=rows), rows)


def answers(output: np.ndarray) -> np.ndarray:
    """Return what effects are of, shape (rows, answers): one column, or one for each class."""
    if output.ndim == 1:
        return output[:, None]
    return output[:, 1:] if output.shape[1] == 2 else output


def _moved(asked: Asked, places: np.ndarray, name: str, values: np.ndarray) -> np.ndarray:
    return answers(asked.moved(places, {name: values}))


def _accumulated(steps: np.ndarray, at: np.ndarray, count: int) -> np.ndarray:
    """Add up the mean steps of the intervals, from 0: shape (count + 1, answers)."""
    rows = np.maximum(np.bincount(at, minlength=count), 1)
    sums = np.column_stack([np.bincount(at, one, minlength=count) for one in steps.T])
    return np.vstack([np.zeros(steps.shape[1]), np.cumsum(sums / rows[:, None], axis=0)])
