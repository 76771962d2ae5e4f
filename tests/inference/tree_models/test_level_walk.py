from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.inference.tree_models.level_walk import LevelWalk
from tests.inference import grown


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("scores", [1, 3])
@pytest.mark.parametrize("depth", [0, 1, 3, 9])
def test_finds_what_a_walk_of_one_tree_after_the_other_finds(
    depth: int, scores: int, precision: Any
) -> None:
    for seed in range(12):
        trees = grown.grow(
            seed, count=9, depth=depth, scores=scores, members=2, precision=precision
        )
        made = LevelWalk(trees, grown.numbers(4))
        for row in grown.rows(seed, 60, 4):
            found = made.scores(tuple(row.tolist()))
            assert np.allclose(found, grown.walk(trees, row), rtol=1e-12, atol=0)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e300, -1e300])
def test_no_number_leads_out_of_a_leaf(value: float) -> None:
    for seed in range(12):
        trees = grown.grow(seed, count=9, depth=6)
        with np.errstate(over="ignore"):
            expected = grown.walk(trees, np.full(4, value))
        assert np.allclose(
            LevelWalk(trees, grown.numbers(4)).scores((value,) * 4), expected, rtol=1e-12
        )


def test_a_category_fills_all_its_columns() -> None:
    columns, cells = grown.category()
    for seed in range(12):
        trees = grown.grow(seed, count=9)
        made = LevelWalk(trees, columns)
        for level, encoded in cells.items():
            expected = grown.walk(trees, np.array([0.1, *encoded]))
            assert np.allclose(made.scores((0.1, level)), expected, rtol=1e-12)


def test_it_has_the_leaf_values_of_every_tree() -> None:
    trees = grown.grow(3, count=1, depth=0)
    assert LevelWalk(trees, grown.numbers(4)).scores((0.0,) * 4) == pytest.approx(
        trees.base + trees.value[trees.roots[0]] / trees.members
    )
