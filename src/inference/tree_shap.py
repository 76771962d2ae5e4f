"""What each column adds to a score of trees: exact Shapley values over the trees' own paths.

A leaf's part of them has a closed form. Take a leaf of value v whose path asks D different columns.
For column j, o_j is 1 where the record agrees with all that the path asks of it, else 0, and z_j is
the share of the training rows that agree. Then, averaged over all orders of learning the columns,

    phi_j = v (o_j - z_j) * integral from 0 to 1 of product over k != j of (z_k + t (o_k - z_k)) dt

whose integrand is a polynomial in t of degree D - 1: Gauss and Legendre integrate it exactly with
D / 2 points. So all leaves are added up at once, without walking a tree.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from src.inference.trees import Trees

CHUNK = 8192  # leaves at a time: what they need stays in the processor's cache
LEAST = 1e-9  # a share that is zero would be divided by
HIGHEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class _Leaves:
    """Leaves whose paths ask as many columns; arrays of shape (columns asked, leaves)."""

    column: np.ndarray
    low: np.ndarray  # a record's number agrees from here
    high: np.ndarray  # to below here
    takes_missing: np.ndarray
    share: np.ndarray
    cell: np.ndarray  # column and score, as the place to add to
    value: np.ndarray  # (leaves,)


class Shapley:
    """The contributions of columns to the scores of one record; threads may share it."""

    def __init__(self, trees: Trees, width: int) -> None:
        self._shape = (width, len(trees.base))
        self._groups: list[_Leaves] = []
        self.base = trees.base.copy()
        for asked, leaves in _paths(trees).items():
            self._add(asked, leaves, trees)

    def _add(self, asked: int, leaves: _Paths, trees: Trees) -> None:
        scores = trees.score[trees.of_node()[leaves.node]]
        values = trees.value[leaves.node].astype(np.float64) / trees.members
        np.add.at(self.base, scores, values * leaves.share.prod(axis=1))
        if asked == 0:
            return
        for at in range(0, len(values), CHUNK):
            part = slice(at, at + CHUNK)
            column = np.ascontiguousarray(leaves.column[part].T).astype(np.int64)
            self._groups.append(
                _Leaves(
                    column=column,
                    low=np.ascontiguousarray(leaves.low[part].T),
                    high=np.ascontiguousarray(leaves.high[part].T),
                    takes_missing=np.ascontiguousarray(leaves.takes_missing[part].T),
                    share=np.ascontiguousarray(leaves.share[part].T, dtype=np.float32),
                    cell=(column * self._shape[1] + scores[part]).ravel(),
                    value=values[part].astype(np.float32),
                )
            )

    def contributions(self, row: np.ndarray) -> np.ndarray:
        """Return what each column of an encoded row adds to each score, (columns, scores)."""
        row = np.clip(row, -HIGHEST, HIGHEST).astype(np.float32)
        missing = np.isnan(row)
        cells = self._shape[0] * self._shape[1]
        total = np.zeros(cells)
        for leaves in self._groups:
            numbers = row.take(leaves.column)
            agrees = (numbers >= leaves.low) & (numbers < leaves.high)
            if missing.any():
                agrees |= missing.take(leaves.column) & leaves.takes_missing
            parts = _parts(agrees, leaves.share, leaves.value)
            total += np.bincount(leaves.cell, parts.ravel(), cells)
        return total.reshape(self._shape)


def _parts(agrees: np.ndarray, share: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Evaluate the formula above for leaves that ask as many columns."""
    change = agrees - share
    integral = np.zeros_like(share)
    for point, weight in zip(*_rule(len(share)), strict=True):
        factors = change * point
        factors += share
        product = np.multiply.reduce(factors, axis=0)
        product *= weight * value
        integral += np.divide(product, factors, out=factors)
    integral *= change
    return integral


@functools.cache
def _rule(asked: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points and weights that integrate a product of `asked` - 1 lines from 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss((asked + 1) // 2)
    return ((points + 1) / 2).astype(np.float32), (weights / 2).astype(np.float32)


@dataclass(frozen=True)
class _Paths:
    """What the paths to some nodes ask; arrays of shape (nodes, columns asked)."""

    node: np.ndarray
    column: np.ndarray  # -1 where nothing is asked
    low: np.ndarray
    high: np.ndarray
    takes_missing: np.ndarray
    share: np.ndarray

    def at(self, rows: np.ndarray, width: int | None = None) -> _Paths:
        """Take some of the nodes, and of the columns asked the first `width`."""
        taken = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return _Paths(**{n: a if n == "node" else a[:, :width] for n, a in taken.items()})


def _paths(trees: Trees) -> dict[int, _Paths]:
    """Follow all paths at once, a level at a time; return the leaves by how many columns they ask.

    A column that is asked twice is one condition: the narrower interval, the smaller share.
    """
    depth = max(sum(1 for _ in trees.levels()) - 1, 1)
    shape = (len(trees.roots), depth)
    here = _Paths(
        node=trees.roots,
        column=np.full(shape, -1, dtype=np.int32),
        low=np.full(shape, -np.inf, dtype=np.float32),
        high=np.full(shape, np.inf, dtype=np.float32),
        takes_missing=np.ones(shape, dtype=bool),
        share=np.ones(shape),
    )
    ended: list[_Paths] = []
    while len(here.node):
        is_leaf = ~trees.splits[here.node]
        ended.append(here.at(is_leaf))
        here = _joined([_side(here.at(~is_leaf), trees, left=left) for left in (True, False)])
    leaves = _joined(ended)
    asked = (leaves.column >= 0).sum(axis=1)
    return {int(number): leaves.at(asked == number, int(number)) for number in np.unique(asked)}


def _side(parents: _Paths, trees: Trees, *, left: bool) -> _Paths:
    """Go from splits to one side of each."""
    nodes = parents.node
    child = (trees.left if left else trees.right)[nodes]
    column, threshold = trees.column[nodes], trees.value[nodes]
    taken = parents.at(np.arange(len(nodes)))  # a copy
    known = taken.column == column[:, None]
    free = (taken.column < 0).argmax(axis=1)
    at = (np.arange(len(nodes)), np.where(known.any(axis=1), known.argmax(axis=1), free))
    taken.column[at] = column
    if left:
        taken.high[at] = np.minimum(taken.high[at], threshold)
    else:
        taken.low[at] = np.maximum(taken.low[at], threshold)
    taken.takes_missing[at] &= trees.goes_left[nodes] == left
    share = trees.cover[child] / np.maximum(trees.cover[nodes].astype(np.float64), LEAST)
    taken.share[at] *= np.maximum(share, LEAST)
    return _Paths(child, *(getattr(taken, name) for name in list(_Paths.__dataclass_fields__)[1:]))


def _joined(parts: list[_Paths]) -> _Paths:
    names = _Paths.__dataclass_fields__
    return _Paths(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})
