from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import values
from app.records.strict_json import Literally


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (2.5, 2.5),
        (Literally("1e2"), 100.0),
        (10**400, math.inf),
        (Literally("1" * 5000), math.inf),
        (True, None),
        ("3", None),
        (None, None),
        ([3], None),
    ],
)
def test_numbers_are_told_from_what_only_looks_like_one(value: Any, number: float | None) -> None:
    assert values.number(value) == number


@pytest.mark.parametrize("text", ["1", "01", "-2.5", "1e3"])
def test_a_text_may_read_as_a_number(text: str) -> None:
    assert values.is_number(text)


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1,5", "9" * 50 + "x"])
def test_or_not(text: str) -> None:
    assert not values.is_number(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (2.5, "2.5"),
        (Literally("1e999"), "1e999"),
        ("a\n", '"a\\n"'),
        ("3", '"3"'),
        ([1], "an array"),
        ({}, "an object"),
    ],
)
def test_a_value_is_shown_as_json_has_it(value: Any, shown: str) -> None:
    assert values.shown(value) == shown


def test_a_number_that_python_does_not_write_is_named() -> None:
    assert values.shown(10**5000) == "a number too large to write"


@given(st.text(st.characters(codec=None, exclude_categories=[])) | st.integers() | st.floats())
def test_what_is_shown_is_short_and_can_be_sent(value: Any) -> None:
    assert len(values.shown(value)) <= 100 * 6 + 2  # a control character takes six
    values.shown(value).encode()


def test_a_long_text_is_cut() -> None:
    assert values.clipped("x" * 100) == "x" * 100
    assert values.clipped("x" * 101) == "x" * 97 + "..."
    assert json.loads(values.shown("x" * 1000)) == "x" * 97 + "..."


@pytest.mark.parametrize(
    ("given", "meant"),
    [("IDEAL", "Ideal"), (" ideal ", "Ideal"), ("Idael", "Ideal"), ("zzz", None), (3, None)],
)
def test_the_nearest_choice_is_suggested(given: Any, meant: str | None) -> None:
    expected = None if meant is None else f"did you mean '{meant}'?"
    assert values.nearest(given, ["Fair", "Ideal"]) == expected
