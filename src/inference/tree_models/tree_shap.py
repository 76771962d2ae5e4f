"""Exact path-dependent TreeSHAP: what each column adds to the score of an ensemble of trees.

A leaf's contribution has a closed form. Take a leaf of value v whose path tests D different
columns. For column j, o_j is 1 if the record meets every condition that the path puts on it, else
0, and z_j is the share of the training rows that meet them. Averaged over all column orders,

    phi_j = v (o_j - z_j) * integral from 0 to 1 of product over k != j of (z_k + t (o_k - z_k)) dt

The integrand is a polynomial in t of degree D - 1, which Gauss-Legendre quadrature integrates
exactly with D / 2 points. So all leaves are computed at once, without walking a tree.

Values: Lundberg et al., "From local explanations to global understanding with explainable AI for
trees", Nature Machine Intelligence 2, 2020.
Integral: Owen, "Multilinear Extensions of Games", Management Science 18(5), 1972.
Quadrature: Wettenstein, Mitchell and Yu, "Quadrature-TreeSHAP: Depth-Independent TreeSHAP and
Shapley Interactions", arXiv:2605.04497, 2026.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from src.inference.tree_models.trees import Trees

CHUNK = 8192  # leaves at a time, so that their arrays fit the processor's cache
LEAST = 1e-9  # instead of a share of zero, which cannot be divided by


@dataclass(frozen=True)
class _Leaves:
    """Leaves whose paths test equally many columns; arrays of shape (columns tested, leaves)."""

    column: np.ndarray
    low: np.ndarray  # a number meets the condition from here ...
    high: np.ndarray  # ... to below here
    takes_missing: np.ndarray
    share: np.ndarray
    cell: np.ndarray  # index of the column and the score to add to
    value: np.ndarray  # (leaves,)


class Shapley:
    """Compute the contributions of columns to the scores of one record; thread-safe."""

    def __init__(self, trees: Trees, width: int) -> None:
        self._shape = (width, len(trees.base))
        self._groups: list[_Leaves] = []
        self.base = trees.base.copy()
        self._precision = trees.precision
        self._highest = float(np.finfo(self._precision).max)
        for tested, leaves in _paths(trees).items():
            self._add(tested, leaves, trees)

    def _add(self, tested: int, leaves: _Paths, trees: Trees) -> None:
        scores = trees.score[trees.of_node()[leaves.node]]
        values = trees.value[leaves.node].astype(np.float64) / trees.members
        np.add.at(self.base, scores, values * leaves.share.prod(axis=1))
        if tested == 0:
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
        """Return what each column of an encoded row adds to each score; shape (columns, scores)."""
        row = np.clip(row, -self._highest, self._highest).astype(self._precision)
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
    """Evaluate the formula above for leaves that test equally many columns."""
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
def _rule(tested: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the points and weights that integrate a product of `tested` - 1 lines over [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss((tested + 1) // 2)
    return ((points + 1) / 2).astype(np.float32), (weights / 2).astype(np.float32)


@dataclass(frozen=True)
class _Paths:
    """The conditions on the paths to some nodes; arrays of shape (nodes, columns tested)."""

    node: np.ndarray
    column: np.ndarray  # -1 where none is tested
    low: np.ndarray
    high: np.ndarray
    takes_missing: np.ndarray
    share: np.ndarray

    def at(self, rows: np.ndarray, width: int | None = None) -> _Paths:
        """Select some of the nodes, and the first `width` of the columns tested."""
        taken = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return _Paths(**{n: a if n == "node" else a[:, :width] for n, a in taken.items()})


def _paths(trees: Trees) -> dict[int, _Paths]:
    """Follow all paths at once, level by level; return the leaves by how many columns they test.

    Two tests of one column make one condition: the narrower interval, the smaller share.
    """
    depth = max(sum(1 for _ in trees.levels()) - 1, 1)
    shape = (len(trees.roots), depth)
    here = _Paths(
        node=trees.roots,
        column=np.full(shape, -1, dtype=np.int32),
        low=np.full(shape, -np.inf, dtype=trees.precision),
        high=np.full(shape, np.inf, dtype=trees.precision),
        takes_missing=np.ones(shape, dtype=bool),
        share=np.ones(shape),
    )
    ended: list[_Paths] = []
    while len(here.node):
        is_leaf = ~trees.splits[here.node]
        ended.append(here.at(is_leaf))
        here = _joined([_side(here.at(~is_leaf), trees, left=left) for left in (True, False)])
    leaves = _joined(ended)
    tested = (leaves.column >= 0).sum(axis=1)
    return {int(count): leaves.at(tested == count, int(count)) for count in np.unique(tested)}


def _side(parents: _Paths, trees: Trees, *, left: bool) -> _Paths:
    """Step from splits to one of their children."""
    nodes = parents.node
    child = (trees.left if left else trees.right)[nodes]
    column, threshold = trees.column[nodes], trees.value[nodes]
    taken = parents.at(np.arange(len(nodes)))  # a copy
    matches = taken.column == column[:, None]
    free = (taken.column < 0).argmax(axis=1)
    at = (np.arange(len(nodes)), np.where(matches.any(axis=1), matches.argmax(axis=1), free))
    taken.column[at] = column
    if left:
        taken.high[at] = np.minimum(taken.high[at], threshold)
    else:
        taken.low[at] = np.maximum(taken.low[at], threshold)
    taken.takes_missing[at] &= trees.goes_left[nodes] == left
    share = trees.cover[child] / np.maximum(trees.cover[nodes].astype(np.float64), LEAST)
    taken.share[at] = np.maximum(taken.share[at] * share, LEAST)
    return _Paths(child, *(getattr(taken, name) for name in list(_Paths.__dataclass_fields__)[1:]))


def _joined(parts: list[_Paths]) -> _Paths:
    names = _Paths.__dataclass_fields__
    return _Paths(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})
