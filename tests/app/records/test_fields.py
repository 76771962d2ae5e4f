from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
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


@pytest.mark.parametrize(
    ("feature", "allowed"),
    [
        ({"type": "date"}, "a date like 2024-05-31"),
        (
            {"type": "date", "format": "%d.%m.%Y", "min": "2000-01-01"},
            "a date like 2024-05-31 or 31.05.2024, from 2000-01-01",
        ),
        ({"type": "datetime"}, "a date and time like 2024-05-31T12:30:00"),
        ({"type": "time"}, "a time like 12:30 or 12:30:59"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "id"}, "text of at most 20 characters, or a number"),
        ({"type": "category", "values": ["a", "b"], "others": True},
         "one of a, b, or text of at most 20 characters, or a number"),
    ],
)  # fmt: skip
def test_what_other_kinds_take_is_said_in_words(
    make, feature: dict[str, Any], allowed: str
) -> None:
    field = make(feature)
    assert field.allowed == field.description().allowed == allowed
    assert field.description().type == feature["type"]


@pytest.mark.parametrize("value", [True, "true", "yes", "YES", 1, 1.0, "1"])
def test_what_stands_for_true_is_true(make, value: Any) -> None:
    assert make({"type": "boolean"}).check(value) == "true"


@pytest.mark.parametrize("value", ["maybe", 2, "", [], {}, " yes"])
def test_what_is_neither_true_nor_false_is_refused(make, value: Any) -> None:
    with pytest.raises(FieldError, match="x is neither true nor false"):
        make({"type": "boolean"}).check(value)


@pytest.mark.parametrize("value", ["31.05.2024", "2024-05-31"])
def test_a_date_is_taken_in_its_format_and_in_iso(make, value: str) -> None:
    assert make({"type": "date", "format": "%d.%m.%Y"}).check(value) == 19_874


@pytest.mark.parametrize("value", ["05/31/2024", "", 19_874, True, "2024-05-31" * 10])
def test_what_is_no_date_is_refused(make, value: Any) -> None:
    with pytest.raises(FieldError, match="x is not a date like 2024-05-31"):
        make({"type": "date"}).check(value)


def test_a_date_out_of_bounds_is_refused(make) -> None:
    with pytest.raises(FieldError, match="x is not before 2024-01-01"):
        make({"type": "date", "below": "2024-01-01"}).check("2024-01-01")


@pytest.mark.parametrize(
    ("feature", "body", "value", "again"),
    [
        ({"type": "boolean"}, b'{"x": true}', "true", {"x": True}),
        ({"type": "boolean"}, b'{"x": "no"}', "false", {"x": False}),
        ({"type": "boolean", "optional": True}, b'{"x": null}', None, {"x": None}),
        ({"type": "date"}, b'{"x": "2024-05-31"}', 19_874.0, {"x": "2024-05-31"}),
        ({"type": "time", "optional": True}, b"{}", None, {"x": None}),
        ({"type": "datetime"}, b'{"x": "2024-05-31T12:00:00Z"}', 19_874.5,
         {"x": "2024-05-31T12:00:00"}),
        ({"type": "id"}, b'{"x": "R007"}', "R007", {"x": "R007"}),
    ],
)  # fmt: skip
def test_a_value_comes_back_as_json_has_it(
    make_dataset, feature: dict[str, Any], body: bytes, value: Any, again: dict[str, Any]
) -> None:
    records = Records(make_dataset(features={"x": feature}), most=5, longest_text=20)
    decoded, refusal = records.quick(body)
    assert refusal is None
    assert decoded is not None
    assert decoded.values == records.decode(body).values == [(value,)]
    assert records.as_object((value,)) == again
    schema = records.json_schema()
    jsonschema_rs.validate(schema, msgspec.json.decode(body))
