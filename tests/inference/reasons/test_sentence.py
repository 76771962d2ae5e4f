from __future__ import annotations

from typing import Any

import pytest

from src.data.schema import Dataset
from src.inference.reasons.contributions import OTHER_WORDS
from src.inference.reasons.explanation import Contribution, Explanation
from src.inference.reasons.sentence import number, percent, sentence
from src.support.structs import convert

VALUES: dict[str, Any] = {
    "name": "stones",
    "noun": "stone",
    "task": "regression",
    "source": "data/stones.csv",
    "target": {"name": "price", "unit": "USD"},
    "features": {
        "carat": {"type": "number", "unit": "carat"},
        "depth": {"type": "number", "unit": "%"},
        "width_mm": {"type": "number", "unit": "mm"},
        "height": {"type": "number", "unit": "mm"},
        "year": {"type": "integer"},
        "clarity": {"type": "category", "order": ["I1", "SI2"], "optional": True},
        "job_title": {"type": "text"},
    },
    "metric": "mae",
}
STONES = convert(VALUES, Dataset)
LATE = convert(
    {
        **VALUES,
        "noun": "payment",
        "task": "binary",
        "target": {"name": "is_late", "values": [0, 1], "positive": 1},
        "metric": "f1",
    },
    Dataset,
)
OTHERS = Contribution("job_title", None, 500.0, OTHER_WORDS)


def parts(**amounts: float) -> list[Contribution]:
    values = {"carat": 1.1, "depth": 61.9, "width_mm": 6.4, "year": 2015, "clarity": "SI2"}
    return [Contribution(name, values.get(name), amount) for name, amount in amounts.items()]


def said(
    base: float, value: float, *found: Contribution, dataset: Dataset = STONES, target: Any = None
) -> str:
    return sentence(Explanation("trees", base, value, list(found), target), dataset)


def test_says_what_raised_the_value_and_what_held_it_back() -> None:
    found = said(1000, 2236.7, *parts(carat=2304.2, clarity=-801.9, year=-263))
    assert found == (
        "About 1,240 USD above a typical stone, mostly because carat is 1.1 (+2,300), "
        "less because clarity is SI2 (-802) and year is 2015 (-263)."
    )


def test_below_is_because_of_what_lowered_it() -> None:
    found = said(1000, 650, *parts(carat=-400, clarity=50))
    assert found == (
        "About 350 USD below a typical stone, mostly because carat is 1.1 (-400), "
        "less because clarity is SI2 (+50)."
    )


def test_with_nothing_against_it_ends_there() -> None:
    found = said(1000, 1150, *parts(carat=100, depth=30, width_mm=20))
    assert found == (
        "About 150 USD above a typical stone, mostly because carat is 1.1 (+100), "
        "depth is 61.9% (+30) and width mm is 6.4 (+20)."
    )


def test_three_for_and_two_against_are_enough() -> None:
    found = said(0, 10, *parts(carat=50, depth=40, width_mm=30, year=20, clarity=-45))
    assert "2015" not in found
    found = said(0, 10, *parts(carat=-20, depth=-30, width_mm=-40, year=100))
    assert found.endswith("less because width mm is 6.4 (-40) and depth is 61.9% (-30).")


def test_what_is_under_a_hundredth_of_the_largest_is_left_out() -> None:
    assert "clarity" in said(0, 100, *parts(carat=100, clarity=1.0))
    assert "clarity" not in said(0, 100, *parts(carat=100, clarity=0.99))
    assert "because clarity" not in said(0, 100, *parts(carat=100, clarity=0))


def test_about_the_same_says_what_evens_out() -> None:
    assert said(1000, 1004, *parts(carat=104, clarity=-100)) == (
        "About the same as a typical stone (1,000 USD): more because carat is 1.1 (+104), "
        "less because clarity is SI2 (-100)."
    )
    assert said(1000, 996, *parts(clarity=-4)) == (
        "About the same as a typical stone (1,000 USD): less because clarity is SI2 (-4)."
    )


def test_with_no_reasons_there_are_none() -> None:
    assert said(1000, 1000) == "About the same as a typical stone (1,000 USD)."
    assert said(0, 0, *parts(carat=0)) == "About the same as a typical stone (0 USD)."


def test_a_missing_value_is_said_to_be_missing() -> None:
    missing = Contribution("clarity", None, 100.0)
    assert "because clarity is missing (+100)" in said(0, 100, missing)


def test_a_unit_is_said_once() -> None:
    tall = Contribution("height", 4.5, 10.0)
    assert "height is 4.5 mm (+10)" in said(0, 10, tall)
    assert "width mm is 6.4 (+10)" in said(0, 10, *parts(width_mm=10))


def test_words_of_a_text_name_it_once() -> None:
    words = [Contribution("job_title", 2, 30.0 - at, word) for at, word in enumerate(("a b", "c"))]
    assert said(0, 60, *words, OTHERS).endswith(
        "because the job title says 'a b' (+30) and 'c' (+29)."
    )
    mixed = [words[0], *parts(carat=29.5), words[1]]
    assert said(0, 60, *mixed, OTHERS).endswith(
        "the job title says 'a b' (+30), carat is 1.1 (+29.5) and the job title says 'c' (+29)."
    )


def test_other_words_count_only_where_there_is_nothing_else() -> None:
    assert said(0, 500, OTHERS).endswith("mostly because of the job title as a whole (+500).")
    idle = Contribution("job_title", 1, 0.0, "java")
    assert said(0, 500, OTHERS, idle).endswith("because of the job title as a whole (+500).")


def test_a_class_with_a_name_is_said_by_it() -> None:
    words = [
        Contribution("job_title", 1, 0.21, "spring"),
        Contribution("job_title", 1, -0.043, "sap"),
    ]
    found = said(0.1, 0.932, *words, dataset=LATE, target="Java Developer")
    assert found == (
        "Java Developer, 93%: mostly because the job title says 'spring' (+21 points), "
        "less because the job title says 'sap' (-4.3 points)."
    )


@pytest.mark.parametrize("name", ["1", "0", "true", "No"])
def test_a_class_without_one_is_said_with_the_target(name: str) -> None:
    found = said(0.3, 0.96, *parts(carat=0.66), dataset=LATE, target=name)
    assert found == f"is late is {name}, 96%: mostly because carat is 1.1 (+66 points)."


def test_a_class_that_is_unlikely_is_so_because_of_what_lowered_it() -> None:
    found = said(0.3, 0.1, *parts(carat=-0.21, depth=0.01), dataset=LATE, target="late")
    assert found == (
        "late, 10%: mostly because carat is 1.1 (-21 points), "
        "less because depth is 61.9% (+1 point)."
    )


def test_a_class_without_reasons_is_as_usual() -> None:
    assert said(0.7, 0.7, dataset=LATE, target="late") == "late, 70%, as for a typical payment."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1236.7, "1,240"),
        (999.6, "1,000"),
        (1_234_567, "1,230,000"),
        (0.012345, "0.0123"),
        (61.9, "61.9"),
        (2.0, "2"),
        (100, "100"),
        (-5.678, "-5.68"),
        (1.5e-9, "1.5e-09"),
        (2.5e17, "2.5e+17"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2015, "2015"), (2242.87, "2242.87"), (123456.7, "123,457"), (7.0, "7")]
)
def test_a_records_own_numbers_stay_as_they_are(value: float, text: str) -> None:
    assert f"year is {text} (" in said(0, 5, Contribution("year", value, 5.0))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "under 0.1%"),
        (0.0034, "0.3%"),
        (0.05, "5%"),
        (0.934, "93%"),
        (0.996, "99.6%"),
        (1.0, "over 99.9%"),
    ],
)
def test_certainty_is_never_claimed(share: float, text: str) -> None:
    assert percent(share) == text


def test_features_with_a_common_cause_are_one_reason() -> None:
    found = Explanation("trees", 1000, 2236.7, parts(carat=2004.2, width_mm=300, clarity=-801.9))
    assert sentence(found, STONES, {"size": ["width_mm", "carat"]}) == (
        "About 1,240 USD above a typical stone, mostly because size is 6.4 mm (+2,300), "
        "less because clarity is SI2 (-802)."
    )


def test_a_cause_is_said_by_its_first_value_that_is_there() -> None:
    amounts = [Contribution("clarity", None, 500.0), Contribution("year", 2015, 400.0)]
    found = Explanation("trees", 1000, 1900, amounts)
    assert "mostly because age is 2015 (+900)" in sentence(
        found, STONES, {"age": ["clarity", "year"]}
    )
