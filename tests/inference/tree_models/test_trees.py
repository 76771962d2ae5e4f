from __future__ import annotations

import itertools

import numpy as np

from src.inference.tree_models.trees import NONE, Trees
from tests.inference import grown


def in_order(trees: Trees, node: int) -> list[int]:
    if trees.left[node] == NONE:
        return [node]
    return in_order(trees, trees.left[node]) + in_order(trees, trees.right[node])


def test_counts_the_leaves_below_a_node_and_left_of_it() -> None:
    for seed in range(20):
        trees = grown.grow(seed)
        before, below = trees.leaves_before()
        of_node = trees.of_node()
        for node in range(len(trees.left)):
            leaves = in_order(trees, int(trees.roots[of_node[node]]))
            mine = in_order(trees, node)
            assert below[node] == len(mine)
            assert before[node] == leaves.index(mine[0])


def test_levels_are_depths() -> None:
    trees = grown.grow(3, count=4)
    levels = list(trees.levels())
    assert levels[0].tolist() == trees.roots.tolist()
    assert sorted(np.concatenate(levels).tolist()) == list(range(len(trees.left)))
    for upper, lower in itertools.pairwise(levels):
        inner = [node for node in upper if trees.left[node] != NONE]
        children = {int(side[node]) for node in inner for side in (trees.left, trees.right)}
        assert set(lower.tolist()) == children


def test_nodes_know_their_tree() -> None:
    trees = grown.grow(5, count=6)
    for number, root in enumerate(trees.roots):
        assert (trees.of_node()[in_order(trees, int(root))] == number).all()
