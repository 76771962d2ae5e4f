from __future__ import annotations

from src.inference.reasons import causes
from src.inference.reasons.contributions import OTHER_WORDS
from src.inference.reasons.explanation import Contribution

SIZE = {"size": ["carat", "x"]}


def test_features_of_one_cause_are_added_up_in_the_order_of_the_cause() -> None:
    parts = [
        Contribution("x", 6.5, 300.0),
        Contribution("color", "D", -150.0),
        Contribution("carat", 1.1, -100.0),
    ]
    size, color = causes.of(parts, SIZE)
    assert (size.name, size.contribution, size.is_joint) == ("size", 200.0, True)
    assert [part.feature for part in size.parts] == ["carat", "x"]
    assert (color.name, color.contribution, color.is_joint) == ("color", -150.0, False)


def test_the_largest_cause_stands_first() -> None:
    parts = [
        Contribution("carat", 1.1, 80.0),
        Contribution("x", 6.5, 70.0),
        Contribution("color", "D", -149.0),
    ]
    assert [cause.name for cause in causes.of(parts, SIZE)] == ["size", "color"]
    assert [cause.name for cause in causes.of(parts, {})] == ["color", "carat", "x"]


def test_words_stay_apart() -> None:
    parts = [
        Contribution("title", 1, 3.0, "java"),
        Contribution("title", None, 1.0, OTHER_WORDS),
    ]
    found = causes.of(parts, {"job": ["title", "skills"]})
    assert [cause.contribution for cause in found] == [3.0, 1.0]
    assert not any(cause.is_joint for cause in found)
