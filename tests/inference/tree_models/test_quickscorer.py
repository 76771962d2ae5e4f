from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.inference.columns import Columns, Levels, Numeric
from src.inference.text_columns import Words
from src.inference.tree_models import quickscorer
from src.inference.tree_models.quickscorer import Tables
from tests.inference import grown


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("scores", [1, 3])
@pytest.mark.parametrize("depth", [0, 1, 3, 5, 6])
def test_finds_what_a_walk_finds(depth: int, scores: int, precision: Any) -> None:
    for seed in range(12):
        trees = grown.grow(
            seed, count=9, depth=depth, scores=scores, members=2, precision=precision
        )
        made = Tables(trees, grown.numbers(4))
        for row in grown.rows(seed, 60, 4):
            found = made.scores(tuple(row.tolist()))
            assert np.allclose(found, grown.walk(trees, row), rtol=1e-12, atol=0)


def test_a_score_without_trees_is_its_base() -> None:
    trees = grown.grow(1, count=2, scores=5)
    assert len(set(trees.score.tolist())) < 5
    found = Tables(trees, grown.numbers(4)).scores((0.0, 1.0, 7.0, np.nan))
    assert np.allclose(found, grown.walk(trees, np.array([0.0, 1.0, 7.0, np.nan])), rtol=1e-12)


def test_a_category_is_looked_up_once_for_all_its_columns() -> None:
    columns, cells = grown.category()
    for seed in range(12):
        trees = grown.grow(seed, count=9)
        made = Tables(trees, columns)
        for level, encoded in cells.items():
            expected = grown.walk(trees, np.array([0.1, *encoded]))
            assert np.allclose(made.scores((0.1, level)), expected, rtol=1e-12)


@pytest.mark.parametrize("cell", [-1.0, 0.5, 7.0, np.nan])
def test_a_category_with_one_row_alone_counts(cell: float) -> None:
    levels = Levels("c", 1, 1, {"a": 0}, 0, np.array([[cell]]))
    columns = Columns([*grown.numbers(1).parts, levels])
    for seed in range(12):
        trees = grown.grow(seed, count=9, columns=2)
        expected = grown.walk(trees, np.array([0.1, cell]))
        assert np.allclose(Tables(trees, columns).scores((0.1, "a")), expected, rtol=1e-12)


def test_fits_up_to_64_leaves_a_tree() -> None:
    small = grown.grow(0, count=40, depth=6)
    large = grown.grow(0, count=40, depth=8)
    leaves = [int(trees.leaves_before()[1].max()) for trees in (small, large)]
    assert 32 < leaves[0] <= 64 < leaves[1]
    assert quickscorer.fit(small, grown.numbers(4))
    assert not quickscorer.fit(large, grown.numbers(4))


def test_fits_only_in_the_room_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = grown.grow(0, count=5, depth=3)
    levels = Levels("c", 4, 4, {}, 0, np.zeros((1000, 1)))
    columns = Columns([*grown.numbers(4).parts, levels])
    needed = sum(row.nbytes for part in columns.parts for row in rows_of(trees, part))
    monkeypatch.setattr(quickscorer, "LARGEST", needed)
    assert quickscorer.fit(trees, columns)
    monkeypatch.setattr(quickscorer, "LARGEST", needed - 1)
    assert not quickscorer.fit(trees, columns)


def rows_of(trees: grown.Trees, part: Numeric | Levels) -> list[np.ndarray]:
    if isinstance(part, Levels):
        return [np.zeros(len(trees.roots), dtype=np.uint32)] * len(part.table)
    asked = trees.splits & (trees.column == part.first)
    intervals = len(set(trees.value[asked].tolist())) + 1
    return [np.zeros(len(trees.roots), dtype=np.uint32)] * (intervals + 1)


def test_text_does_not_fit() -> None:
    text = Words("t", 4, 4, ["a"], {"a": 0}, (1, 1), frozenset(), sublinear=False, idf=None)
    assert not quickscorer.fit(grown.grow(0), Columns(grown.numbers(4).parts, [text]))
