"""Trees drawn at random, and what they say by walking them one node at a time."""

from __future__ import annotations

import random
from operator import itemgetter
from typing import Any

import numpy as np

from src.inference.columns import Columns, Levels, Numeric
from src.inference.tree_models.trees import NONE, Trees

THRESHOLDS = [np.float32(value) for value in (-2.5, -1.0, 0.0, 0.1, 1 / 3, 1.0, 1.5, 7.0)]


def grow(
    seed: int,
    count: int = 5,
    depth: int = 4,
    columns: int = 4,
    scores: int = 1,
    members: int = 1,
    precision: Any = np.float32,
) -> Trees:
    """Draw trees of at most a depth; some are a leaf alone."""
    draw = random.Random(seed)
    nodes: list[dict[str, Any]] = []
    roots = []

    def node(level: int, cover: float) -> int:
        at = len(nodes)
        nodes.append({"left": NONE, "right": NONE, "column": 0, "goes_left": False, "cover": cover})
        if level == depth or (cover < 4) or draw.random() < 0.1:
            nodes[at]["value"] = draw.uniform(-1, 1)
            return at
        share = draw.uniform(0.1, 0.9)
        nodes[at] |= {
            "column": draw.randrange(columns),
            "value": draw.choice(THRESHOLDS),
            "goes_left": draw.random() < 0.5,
            "left": node(level + 1, cover * share),
            "right": node(level + 1, cover * (1 - share)),
        }
        return at

    for _ in range(count):
        roots.append(len(nodes))
        node(0, 1000.0)
    kinds = {
        "left": np.int32,
        "right": np.int32,
        "column": np.int32,
        "value": precision,
        "goes_left": bool,
        "cover": np.float32,
    }
    return Trees(
        **{name: np.array([one[name] for one in nodes], dtype=k) for name, k in kinds.items()},
        roots=np.array(roots, dtype=np.int32),
        score=np.array([draw.randrange(scores) for _ in roots], dtype=np.int32),
        base=np.linspace(0.5, 1.5, scores),
        members=members,
    )


def goes_left(trees: Trees, node: int, row: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        number = trees.precision.type(row[trees.column[node]])
    return bool(trees.goes_left[node] if np.isnan(number) else number < trees.value[node])


def walk(trees: Trees, row: np.ndarray) -> np.ndarray:
    """Return the scores of a row, node by node."""
    scores = trees.base.copy()
    for root, score in zip(trees.roots, trees.score, strict=True):
        node = root
        while trees.left[node] != NONE:
            node = (trees.left if goes_left(trees, node, row) else trees.right)[node]
        scores[score] += float(trees.value[node]) / trees.members
    return scores


def rows(seed: int, count: int, columns: int) -> np.ndarray:
    """Draw rows that are often at a threshold, next to one, or missing."""
    draw = random.Random(seed)
    near = [float(t) for t in THRESHOLDS]
    near += [float(np.nextafter(t, np.float32(side))) for t in THRESHOLDS for side in (-9, 9)]
    # Doubles that single precision rounds up to a threshold, or just does not.
    near += [np.nextafter((a + b) / 2, side) for a, b in _neighbours() for side in (-9, 0.05, 9)]
    near += [(a + b) / 2 for a, b in _neighbours()]
    cells = [np.nan, 1e300, -1e300, *near]
    return np.array([[draw.choice(cells) for _ in range(columns)] for _ in range(count)])


def _neighbours() -> list[tuple[float, float]]:
    return [(float(np.nextafter(t, np.float32(-99))), float(t)) for t in THRESHOLDS]


def numbers(count: int) -> Columns:
    """Return the columns of records that are numbers alone."""
    return Columns(
        [Numeric(f"c{at}", at, itemgetter(at), lambda cells: cells) for at in range(count)]
    )


def category() -> tuple[Columns, dict[str | None, np.ndarray]]:
    """Return the columns of a number and a category, and the cells of each of its levels."""
    table = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.1], [0.0, 1.0, np.nan], [7.0, -2.5, 1 / 3]])
    levels = Levels("c", 1, 1, {"a": 0, "b": 1, None: 2}, 3, table)
    columns = Columns([Numeric("n", 0, itemgetter(0), lambda cells: cells), levels])
    return columns, dict(zip(("a", "b", None, "?"), table, strict=True))
