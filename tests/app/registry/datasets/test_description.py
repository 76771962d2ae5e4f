"""A version in full, and its confusion matrix in the words of those who read it."""

from __future__ import annotations

import msgspec

from app.registry.datasets.description import confusion_matrix


def test_two_classes_are_told_for_the_positive_one() -> None:
    # Rows are the truth: of 9 fair ones 7 were called fair, of 6 frauds 5 were found.
    confusion = confusion_matrix("binary", ["fair", "fraud"], [[7, 2], [1, 5]])
    assert msgspec.to_builtins(confusion) == {
        "classes": ["fair", "fraud"],
        "matrix": [[7, 2], [1, 5]],
        "positive": "fraud",
        "true_positives": 5,
        "false_positives": 2,
        "false_negatives": 1,
        "true_negatives": 7,
    }


def test_several_are_told_each() -> None:
    matrix = [[4, 1, 0], [2, 6, 3], [0, 5, 9]]
    confusion = msgspec.to_builtins(confusion_matrix("multiclass", ["a", "b", "c"], matrix))
    assert "positive" not in confusion
    assert confusion["by_class"]["b"] == {
        "true_positives": 6,
        "false_positives": 1 + 5,
        "false_negatives": 2 + 3,
        "true_negatives": 4 + 0 + 0 + 9,
    }
    assert [sum(four.values()) for four in confusion["by_class"].values()] == [30] * 3
