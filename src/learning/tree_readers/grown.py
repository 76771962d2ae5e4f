"""The trees of one fitted estimator, whatever library grew them, and those of several joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAF = -1  # the child of a leaf
MISSING, ZERO = "missing", "zero"  # what a word that a record lacks counts as
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Grown:
    """One estimator's trees, added up on top of `base`, shape (scores,).

    `absent` tells what the library takes a cell for that a sparse matrix does not store; `library`
    is the library's own file, where the service calls the library.
    """

    trees: list[Arrays]
    base: np.ndarray
    link: str
    absent: str
    library: bytes | None = None


def tree(
    left: np.ndarray,
    right: np.ndarray,
    column: np.ndarray,
    value: np.ndarray,
    goes_left: np.ndarray,
    cover: np.ndarray,
    score: int,
) -> Arrays:
    """Return a tree's arrays, of shape (nodes,), as the service reads them.

    `value` is a split's threshold, from which on a number goes right, or what a leaf adds to the
    score; it is of the precision in which numbers are compared. The root comes first.
    """
    return {
        "left": left.astype(np.int32),
        "right": right.astype(np.int32),
        "column": column.astype(np.int32),
        "value": value,
        "goes_left": goes_left.astype(bool),
        "cover": cover.astype(np.float32),
        "score": np.array([score], dtype=np.int32),
    }


def above(thresholds: np.ndarray) -> np.ndarray:
    """Turn thresholds up to which a double goes left into those from which on it goes right."""
    return np.nextafter(thresholds.astype(np.float64), np.inf)


def joined(members: Sequence[Grown]) -> Arrays:
    """Join the trees of estimators of one kind, and their bases.

    Values share one score, since they are averaged before the link; of classes each member has
    scores of its own, whose probabilities are averaged behind it.
    """
    if members[0].link == "identity":
        bases, step = np.mean([member.base for member in members], axis=0), 0
    else:
        bases, step = np.hstack([member.base for member in members]), len(members[0].base)
    parts = [
        {**one, "score": one["score"] + np.int32(number * step)}
        for number, member in enumerate(members)
        for one in member.trees
    ]
    return {"base": bases, **_concatenated(parts)}


def _concatenated(parts: list[Arrays]) -> Arrays:
    """Concatenate trees; nodes are numbered across all of them."""
    sizes = np.array([len(part["left"]) for part in parts])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    shift = np.repeat(roots, sizes)
    for side in ("left", "right"):
        whole[side] = np.where(whole[side] < 0, LEAF, whole[side] + shift).astype(np.int32)
    return {**whole, "roots": roots}
