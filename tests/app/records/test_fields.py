from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import fields
from app.records.fields import Field, FieldError, Moment
from app.records.records import Records
from src.data.schema import Dataset
from src.support.errors import UserError

Make = Callable[..., Dataset]


@pytest.fixture
def make(make_dataset: Make) -> Callable[..., Field]:
    """Return a function that makes the field of a feature `x`."""

    def field(feature: dict[str, Any], **changes: Any) -> Field:
        dataset = make_dataset(features={"x": feature}, **changes)
        return fields.field("x", dataset, longest_text=20)

    return field


@pytest.mark.parametrize(
    ("feature", "allowed"),
    [
        ({"type": "number"}, "a number"),
        ({"type": "number", "above": 0, "max": 2000000}, "a number above 0 and at most 2000000"),
        ({"type": "integer", "min": 1}, "a whole number at least 1"),
        ({"type": "category", "order": [1, 2]}, "one of 1, 2"),
        ({"type": "category"}, "text of at most 20 characters, or a number"),
        ({"type": "text"}, "text of at most 20 characters"),
    ],
)
def test_what_is_taken_is_said_in_words(make, feature: dict[str, Any], allowed: str) -> None:
    field = make(feature)
    assert field.allowed == field.description().allowed == allowed
    assert field.description().type == feature["type"]


def test_the_tighter_of_two_bounds_holds(make) -> None:
    field = make({"type": "number", "above": 0, "min": 1, "below": 9, "max": 8})
    assert field.schema() == {"title": "x", "type": "number", "minimum": 1, "maximum": 8}


def test_a_bound_that_is_none_is_not_in_the_schema(make) -> None:
    field = make({"type": "number", "max": float("inf"), "optional": True})
    assert field.schema() == {"title": "x", "type": ["number", "null"]}
    assert field.check(1e308) == 1e308


def test_the_datasets_own_markers_are_what_is_missing(make) -> None:
    field = make({"type": "text"}, missing=["-", "?.*"])
    assert field.check("") == ""
    assert field.check("NA") == "NA"
    for marker in (" - ", "?.*"):
        with pytest.raises(FieldError, match="x is missing"):
            field.check(marker)
    assert make({"type": "text", "optional": True}, missing=["-"]).check("-") is None


def test_without_markers_nothing_is_missing_but_null(make) -> None:
    field = make({"type": "category"}, missing=[])
    assert field.check("") == ""
    assert "not" not in field.schema()
    with pytest.raises(FieldError, match="x is missing"):
        field.check(None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), st.sampled_from("-.?*"))
def test_the_pattern_of_missing_texts_is_what_strip_makes_of_them(text: str, mark: str) -> None:
    """Space is what str.strip() removes, and a marker is no expression."""
    missing = ["", f"{mark}n", "N/A"]
    for given_text in (text, f"{text}{mark}n{text}", f"\x1c{text}\u3000"):
        found = re.search(_pattern(missing), given_text)
        assert bool(found) == (given_text.strip() in missing)


def _pattern(missing: list[str]) -> str:
    from src.data.schema import Text

    pattern: str = fields.Open("x", Text(), tuple(missing), 20).schema()["not"]["pattern"]
    return pattern


@pytest.fixture
def timed(make_dataset: Make) -> Records:
    """Return records of which one field says when a row was."""
    day: Any = Moment(optional=True, about="when")
    dataset = msgspec.structs.replace(make_dataset(derived={}), features={"day": day})
    return Records(dataset, most=9, longest_text=30)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2024-05-31", "2024-05-31"),
        (" 2024-W22 ", "2024-W22"),
        (2024, "2024"),
        (2024.5, "2024.5"),
        ("7", "7"),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_stays_as_it_is_written(timed: Records, given: Any, expected: str | None) -> None:
    body = msgspec.json.encode({"day": given})
    assert timed.decode(body).values == [(expected,)]
    assert timed.taken(timed.parsed(body)) == (expected,)


@pytest.mark.parametrize("given", ["31.05.2024", "inf", "today", True, 1e300])
def test_what_is_no_moment_is_refused_with_what_is_allowed(timed: Records, given: Any) -> None:
    with pytest.raises(UserError) as caught:
        timed.decode(msgspec.json.encode([{"day": given}]))
    assert caught.value.choices == [
        "a number, 2024-05, 2024-05-31, 2024-W22 or 2024-05-31T12:30:00Z"
    ]
    (field,) = timed.fields()
    assert (field.type, field.required) == ("moment", False)
