from __future__ import annotations

import numpy as np

from src.learning.tree_readers import grown
from src.learning.tree_readers.grown import LEAF, ZERO, Grown


def stump(score: int, low: float, high: float) -> grown.Arrays:
    return grown.tree(
        left=np.array([1, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF]),
        column=np.zeros(3),
        value=np.array([0.5, low, high]),
        goes_left=np.zeros(3),
        cover=np.array([4, 1, 3]),
        score=score,
    )


def member(link: str, scores: int) -> Grown:
    trees = [stump(score, -1.0, 1.0) for score in range(scores)]
    return Grown(trees, np.arange(scores, dtype=float), link, ZERO)


def test_values_of_several_share_a_score_and_their_bases_are_averaged() -> None:
    one, other = (
        member("identity", 1),
        Grown([stump(0, 2.0, 3.0)], np.array([5.0]), "identity", ZERO),
    )
    found = grown.joined([one, other])
    assert found["score"].tolist() == [0, 0]
    assert found["base"].tolist() == [2.5]
    assert found["roots"].tolist() == [0, 3]
    assert found["left"].tolist() == [1, LEAF, LEAF, 4, LEAF, LEAF]
    assert found["right"].tolist() == [2, LEAF, LEAF, 5, LEAF, LEAF]


def test_classes_of_several_keep_their_own_scores() -> None:
    found = grown.joined([member("softmax", 3), member("softmax", 3)])
    assert found["score"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["base"].tolist() == [0, 1, 2, 0, 1, 2]


def test_what_goes_left_up_to_a_threshold_goes_right_above_it() -> None:
    thresholds = np.array([0.1, -3.0, 0.0, np.inf])
    found = grown.above(thresholds)
    assert (thresholds[:3] < found[:3]).all()
    assert (np.nextafter(thresholds[:3], np.inf) >= found[:3]).all()
    assert found[3] == np.inf
