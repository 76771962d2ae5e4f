from __future__ import annotations

import math

import numpy as np
import pytest

from src.inference.reasons.contributions import OTHER_WORDS, Part
from src.inference.reasons.explanation import MOST_WORDS, Contribution, Explanation, Sharing, exact
from tests.inference import models

TYPICAL = {"size": 2.0, "count": 4.0, "grade": "mid", "kind": "a", "place": None, "words": None}
RECORD = (4.0, 4.0, "high", "b", "north", "java java tax")
NOTHING = np.zeros(1)


def sharing(kind: str = "mixed") -> Sharing:
    return Sharing(models.make_dataset(kind=kind), TYPICAL)


def amounts(found: list[Contribution]) -> dict[str, float]:
    return {part.feature: part.contribution for part in found}


def test_the_sum_is_made_exact_by_changes_in_proportion() -> None:
    parts = [Contribution("a", 1, 1.0), Contribution("b", 1, -3.0), Contribution("c", 1, 0.0)]
    made = exact(Explanation("trees", 10.0, 8.4, parts))
    assert [part.feature for part in made.contributions] == ["b", "a", "c"]
    assert [part.contribution for part in made.contributions] == pytest.approx([-2.7, 1.1, 0.0])
    assert made.base + sum(part.contribution for part in made.contributions) == 8.4


def test_without_contributions_the_base_is_the_value() -> None:
    made = exact(Explanation("linear", 10.0, 10.0 + 1e-12, [Contribution("a", 1, 0.0)]))
    assert made.base == made.value == 10.0 + 1e-12


def test_a_derived_column_is_shared_by_what_each_feature_changes() -> None:
    # rate is count / size: as it is 1; with a typical size 2; with a typical count 1 still.
    found = sharing().contributions(RECORD, [(Part("rate", NOTHING), 6.0)])
    assert amounts(found) == {"count": 0.0, "size": 6.0}
    # odd is log(count) + grade
    record = (4.0, 8.0, "high", "b", "north", None)
    found = sharing().contributions(record, [(Part("odd", NOTHING), 6.0)])
    of_count, of_grade = math.log(8) - math.log(4), 1.0
    assert amounts(found) == pytest.approx(
        {
            "count": 6 * of_count / (of_count + of_grade),
            "grade": 6 * of_grade / (of_count + of_grade),
        }
    )


def test_where_nothing_changes_it_a_derived_column_is_shared_evenly() -> None:
    record = (2.0, 4.0, "mid", "b", "north", None)
    found = sharing().contributions(record, [(Part("rate", NOTHING), 6.0)])
    assert amounts(found) == {"count": 3.0, "size": 3.0}


def test_what_is_missing_has_made_the_derived_column_missing() -> None:
    record = (9.0, None, "high", "b", "north", None)
    found = sharing().contributions(record, [(Part("rate", NOTHING), 6.0)])
    assert amounts(found) == {"count": 6.0, "size": 0.0}


def test_what_a_feature_adds_itself_and_by_derived_columns_is_one_sum() -> None:
    parts = [
        (Part("size", NOTHING), 1.0),
        (Part("area", NOTHING), 2.0),
        (Part("kind", NOTHING), 3.0),
    ]
    found = sharing().contributions(RECORD, parts)
    assert amounts(found) == {"size": 3.0, "kind": 3.0}
    assert [part.value for part in found] == [4.0, "b"]


def test_words_are_told_one_by_one_and_the_least_together() -> None:
    parts = [(Part("words", NOTHING, f"w{at}", at + 1), (-1.0) ** at * at) for at in range(30)]
    parts.append((Part("words", NOTHING, OTHER_WORDS), 100.0))
    found = sharing().contributions(RECORD, parts)
    told, rest = found[:-1], found[-1]
    assert [part.word for part in told] == [f"w{at}" for at in range(29, 29 - MOST_WORDS, -1)]
    assert (told[0].feature, told[0].value, told[0].contribution) == ("words", 30, -29.0)
    expected = 100.0 + sum((-1.0) ** at * at for at in range(10))
    assert rest == Contribution("words", None, expected, OTHER_WORDS)


def test_a_word_may_be_spelled_as_the_rest_is() -> None:
    parts = [
        (Part("words", NOTHING, OTHER_WORDS, 2), 5.0),
        (Part("words", NOTHING, OTHER_WORDS), 1.0),
    ]
    found = sharing().contributions(RECORD, parts)
    assert [(part.value, part.contribution) for part in found] == [(2, 5.0), (None, 1.0)]
