from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.http import problems
from app.records.fields import FieldDescription
from app.records.invalid import Invalid
from app.records.records import Decoded, Records
from app.records.references import Reference
from src.config import configuration
from src.data.schema import Dataset
from src.support.errors import Fault
from src.support.structs import convert

GRADES = ["Fair", "Very Good", "Ideal"]
FEATURES: dict[str, Any] = {
    "weight": {"type": "number", "above": 0, "max": 20, "unit": "g", "about": "on the scales"},
    "a b": {"type": "number", "optional": True},
    "facets": {"type": "integer", "min": 0, "below": 100},
    "é": {"type": "integer", "optional": True},
    "w/h": {"type": "number", "min": -1, "above": -1, "below": 5, "max": 5},
    "grade": {"type": "category", "order": GRADES},
    "sector": {"type": "category", "values": [10, 25, 2.5]},
    "code": {"type": "category", "values": ["01", "02", "x"], "optional": True},
    "town": {"type": "category"},
    "street": {"type": "category", "optional": True},
    "note": {"type": "text"},
    "remark": {"type": "text", "optional": True},
}
LONGEST = 30
RECORD: dict[str, Any] = {
    "weight": 1.5,
    "facets": 7,
    "w/h": 0,
    "grade": "Ideal",
    "sector": 10,
    "town": "Bonn",
    "note": "a stone",
}
MARKERS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")


def dataset(features: dict[str, Any] = FEATURES, **changes: Any) -> Dataset:
    values = {
        "name": "stones",
        "noun": "stone",
        "task": "regression",
        "source": "stones.csv",
        "target": {"name": "price"},
        "metric": "mae",
        "features": features,
    }
    return convert({**values, **changes}, Dataset)


def make(features: dict[str, Any] = FEATURES, *, most: int = 3, **changes: Any) -> Records:
    return Records(dataset(features, **changes), most=most, longest_text=LONGEST)


RECORDS = make()


def one(records: Records = RECORDS, **changes: Any) -> dict[str, Any]:
    """Decode the record with changes; return it by name."""
    decoded = records.decode(json.dumps({**RECORD, **changes}).encode())
    assert not decoded.many
    return dict(zip(records.names, decoded.values[0], strict=True))


def refused(body: bytes, records: Records = RECORDS, status: int = 422) -> list[Fault]:
    with pytest.raises(Invalid) as caught:
        records.decode(body)
    assert problems.status(caught.value) == status
    assert caught.value.what.startswith(caught.value.errors[0].detail)
    return caught.value.errors


def fault(**changes: Any) -> Fault:
    """Return the one fault of the record with changes."""
    (found,) = refused(json.dumps({**RECORD, **changes}).encode())
    return found


def test_a_record_is_a_tuple_in_the_order_of_the_features() -> None:
    assert RECORDS.names == tuple(FEATURES)
    decoded = RECORDS.decode(json.dumps(RECORD).encode())
    assert decoded == Decoded(
        [(1.5, None, 7.0, None, 0.0, "Ideal", "10", None, "Bonn", None, "a stone", None)],
        many=False,
    )
    assert [type(value) for value in decoded.values[0][:5:2]] == [float, float, float]


def test_an_array_is_many_records() -> None:
    body = json.dumps([RECORD, {**RECORD, "note": "other"}]).encode()
    decoded = RECORDS.decode(b" \t\r\n" + body)
    assert decoded.many
    assert [values[10] for values in decoded.values] == ["a stone", "other"]


@pytest.mark.parametrize("name", [name for name in FEATURES if FEATURES[name].get("optional")])
def test_what_is_optional_may_be_null_or_left_out(name: str) -> None:
    assert one(**{name: None})[name] is None
    assert one()[name] is None


@pytest.mark.parametrize("name", list(RECORD))
def test_what_is_required_may_not(name: str) -> None:
    absent = {key: value for key, value in RECORD.items() if key != name}
    for record, shown in ((absent, None), ({**RECORD, name: None}, "null")):
        faults = refused(json.dumps(record).encode())
        assert [(found.field, found.given) for found in faults] == [(name, shown)]
        assert faults[0].detail == f"{name} is missing."


@pytest.mark.parametrize(
    ("field", "value", "what", "allowed"),
    [
        ("weight", 0, "not above 0 and at most 20", "a number above 0 and at most 20"),
        ("weight", 20.5, "not above 0 and at most 20", "a number above 0 and at most 20"),
        ("weight", True, "not a number", "a number above 0 and at most 20"),
        ("weight", "1.5", "not a number", "a number above 0 and at most 20"),
        ("weight", [1], "not a number", "a number above 0 and at most 20"),
        ("a b", {}, "not a number", "a number"),
        ("w/h", -1, "not above -1", "a number above -1"),
        ("w/h", 5, "below 5", "below 5"),
        ("facets", 3.5, "not a whole number", "a whole number at least 0 and below 100"),
        ("facets", 100, "not at least 0 and below 100", "a whole number at least 0 and below 100"),
        ("é", False, "not a number", "a whole number"),
        ("grade", "ideal", "not one of its values", "one of Fair, Very Good, Ideal"),
        ("grade", 1, "not one of its values", "one of Fair, Very Good, Ideal"),
        ("grade", "NA", "not one of its values", "one of Fair, Very Good, Ideal"),
        ("sector", 11, "not one of its values", "one of 10, 25, 2.5"),
        ("sector", "10.0", "not one of its values", "one of 10, 25, 2.5"),
        ("sector", True, "not one of its values", "one of 10, 25, 2.5"),
        ("code", 1, "not one of its values", "one of 01, 02, x"),
        ("code", "", "not one of its values", "one of 01, 02, x"),
        ("town", True, "not text", "text of at most 30 characters, or a number"),
        ("town", 1e300, "too large", "text of at most 30 characters, or a number"),
        ("town", " NA ", "missing", "text of at most 30 characters, or a number"),
        ("town", "x" * 31, "too long: 31 characters", "text of at most 30 characters"),
        ("note", "\ud800", "unpaired surrogate", "text of at most 30 characters"),
        ("note", 5, "not text", "text of at most 30 characters"),
        ("note", " \t", "missing", "text of at most 30 characters"),
        ("note", "x" * 31, "too long: 31 characters", "text of at most 30 characters"),
    ],
)
def test_a_fault_is_said_in_words(field: str, value: Any, what: str, allowed: str) -> None:
    found = fault(**{field: value})
    assert (found.record, found.field) == (None, field)
    assert found.detail.startswith(f"{field} ")
    assert what in found.detail
    assert allowed in str(found.allowed)
    assert found.given


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        ({"grade": "ideal"}, "did you mean 'Ideal'?"),
        ({"grade": " VERY GOOD"}, "did you mean 'Very Good'?"),
        ({"grade": "Idael"}, "did you mean 'Ideal'?"),
        ({"grade": "?"}, "give one of Fair, Very Good, Ideal"),
        ({"weight": "1.5"}, "leave out the quotes"),
        ({"weight": "much"}, "give a number above 0 and at most 20"),
        ({"wieght": 1}, "did you mean 'weight'?"),
        (
            {"instances": [RECORD]},
            "send the record itself, or an array of records, with nothing around it",
        ),
        (
            {"inputs": {"a": [1]}},
            "send the record itself, or an array of records, with nothing around it",
        ),
    ],
)
def test_a_fault_says_what_to_do(change: dict[str, Any], fix: str) -> None:
    assert fault(**change).fix == fix


def test_an_unknown_field_lists_the_known_ones() -> None:
    found = fault(wieght=1)
    assert found.field == "wieght"
    assert found.detail == "There is no field 'wieght'."
    assert found.allowed == list(FEATURES)


@pytest.mark.parametrize(
    ("name", "given", "seen"),
    [
        ("facets", 3.0, 3.0),
        ("facets", 3, 3.0),
        ("weight", 1, 1.0),
        ("sector", "25", "25"),
        ("sector", 25, "25"),
        ("sector", 25.0, "25"),
        ("sector", 2.5, "2.5"),
        ("code", "01", "01"),
        ("town", 46, "46"),
        ("town", 46.0, "46"),
        ("town", 2.5, "2.5"),
        ("town", "  Bonn\n", "Bonn"),
        ("street", "NA", None),
        ("remark", "", None),
        ("remark", " null ", None),
        ("note", " a b ", "a b"),
        ("note", '\0 \U0001f600 "w/h" \\', '\0 \U0001f600 "w/h" \\'),
    ],
)
def test_a_value_is_what_training_saw(name: str, given: Any, seen: Any) -> None:
    value = one(**{name: given})[name]
    assert value == seen
    assert type(value) is type(seen)


def test_where_all_values_read_as_numbers_a_number_is_one_of_them() -> None:
    """As in cleaning, which takes 1.0 for "1", and 1 for "01"."""
    codes = make({"code": {"type": "category", "values": ["01", "2"]}})
    assert codes.decode(b'{"code": 1}').values == [("01",)]
    assert codes.decode(b'{"code": "2"}').values == [("2",)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "line 1, column 1"),
        (b"  ", "column 3"),
        (b'{"weight": }', "expecting value at line 1, column 12"),
        (b'{"weight": 1,\n "facets" 2}', "line 2, column 11"),
        (b'{"weight": NaN}', "NaN at byte 11"),
        (b'[{"weight": -Infinity}]', "-Infinity"),
        (b"{} {}", "extra data"),
        (b"{'weight': 1}", "line 1, column 2"),
        (b'{"note": "a\nb"}', "line 1, column 12"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"note": "\xff"}', "byte 10 is 0xff"),
        (b'{"note": "\xed\xa0\x80"}', "not UTF-8"),
        (json.dumps({"note": "x"}).encode("utf-16"), "not UTF-8"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"weight":' * 10_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_says_where(body: bytes, words: str) -> None:
    (found,) = refused(body, status=400)
    assert found.detail.startswith("The body is not JSON: ")
    assert words in found.detail
    assert (found.record, found.field) == (None, None)


@pytest.mark.parametrize("body", [b"null", b"3", b'"x"', b"true", b"1e999", b"[[]]", b"[3]"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    (found,) = refused(body)
    assert found.detail == "The stone is not an object."
    assert found.record == (0 if body.startswith(b"[") else None)
    assert "weight" in str(found.allowed)


def test_an_array_holds_at_least_one_and_at_most_so_many() -> None:
    (none,) = refused(b"[]")
    assert (none.detail, none.allowed) == ("There is no record.", ["1 to 3 records"])
    (four,) = refused(json.dumps([RECORD] * 4).encode(), status=413)
    assert (four.given, four.allowed) == ("4", ["1 to 3 records"])
    assert len(RECORDS.decode(json.dumps([RECORD] * 3).encode()).values) == 3


@pytest.mark.parametrize("number", ["1e999", "-1e400", "1" * 400, "1" * 5000, "1" * 5000 + ".5"])
@pytest.mark.parametrize("field", ["weight", "a b", "facets", "é", "sector", "town", "note"])
def test_a_huge_number_is_refused_by_name(field: str, number: str) -> None:
    body = json.dumps({**RECORD, field: "?"}).replace('"?"', number).encode()
    (found,) = refused(body)
    assert found.field == field
    assert found.given == (number if len(number) <= 100 else number[:97] + "...")


def test_a_long_text_or_name_is_not_sent_back_whole() -> None:
    size = 1_000_000
    long = refused(json.dumps({**RECORD, "grade": "x" * size, "y" * size: 1}).encode())
    assert {len(found.given or "") <= 110 for found in long} == {True}
    assert {len(found.field or "") <= 100 for found in long} == {True}
    assert all(len(found.detail) < 200 for found in long)


def test_all_faults_are_told_up_to_twenty() -> None:
    wrong = {**RECORD, "weight": -1, "grade": "x", "extra": 1}
    faults = refused(json.dumps([RECORD, wrong]).encode())
    assert sorted(found.field or "" for found in faults) == ["extra", "grade", "weight"]
    assert {found.record for found in faults} == {1}
    assert len(refused(json.dumps([{}, {}, {}]).encode())) == 20
    many = {str(at): at for at in range(30)}
    assert len(refused(json.dumps(many).encode())) == 20
    with pytest.raises(Invalid) as caught:
        RECORDS.partial(many, [])
    assert len(caught.value.errors) == 20


@pytest.mark.parametrize("value", ["{}", "1", '{"a":[1.5]}'])
def test_a_body_of_millions_of_values_is_not_read_to_its_end(value: str) -> None:
    (found,) = refused(f"[{value}{f', {value}' * 20_000}".encode(), status=413)
    assert found.detail == "There are too many records."


def test_a_record_of_very_many_fields_is_told_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("app.records.records.nearest", lambda name, names: asked.append(name))
    refused(json.dumps({f"x{at}": "" for at in range(9000)}).encode())
    assert len(asked) == 20


def test_faults_are_plain_values_in_an_answer() -> None:
    with pytest.raises(Invalid) as caught:
        RECORDS.decode(json.dumps([{**RECORD, "weight": "a"}]).encode())
    assert msgspec.to_builtins(caught.value.errors) == [
        {
            "record": 0,
            "field": "weight",
            "detail": "weight is not a number.",
            "given": '"a"',
            "allowed": ["a number above 0 and at most 20"],
            "fix": "give a number above 0 and at most 20",
            "see": "/v1/stones#weight",
        }
    ]


@pytest.mark.parametrize("again", ['"weight": 2', '"w\\u0065ight": 2', '"w\\/h": 1', '"a b": null'])
@pytest.mark.parametrize("many", [False, True])
def test_a_key_that_stands_there_twice_is_refused(again: str, many: bool) -> None:
    first = json.dumps({**RECORD, "a b": 1})
    twice = first[:-1] + f", {again}}}"
    body = f"[{json.dumps(RECORD)}, {twice}]" if many else twice
    (found,) = refused(body.encode())
    assert found.field == json.loads("{" + again + "}").popitem()[0]
    assert found.detail.startswith("Duplicate field")
    assert found.record == (1 if many else None)


@pytest.mark.parametrize(
    "value", ["1e999", "0", '"cheap"', "null", "true", '{"weight": [1, {"price": 2}]}', '"\\ud800"']
)
def test_the_target_is_ignored_whatever_it_is(value: str) -> None:
    with_target = json.dumps(RECORD)[:-1] + f', "price": {value}}}'
    values = RECORDS.decode(json.dumps(RECORD).encode()).values
    assert RECORDS.decode(with_target.encode()) == Decoded(values, many=False, ignored=(0,))
    body = f"[{with_target}, {json.dumps(RECORD)}, {with_target}]".encode()
    assert RECORDS.decode(body) == Decoded(values * 3, many=True, ignored=(0, 2))
    assert RECORDS.warning == "price is ignored: it is what is predicted"


def test_a_target_that_stands_there_twice_is_refused() -> None:
    (found,) = refused(json.dumps(RECORD).encode()[:-1] + b', "price": 1, "price": 2}')
    assert (found.field, found.detail) == ("price", "Duplicate field 'price'.")


def referred(reference: Any, **more: Any) -> str:
    return json.dumps({**RECORD, **more, "reference": reference})


def test_a_reference_stands_beside_a_record_in_both_ways_of_reading() -> None:
    values = RECORDS.decode(json.dumps(RECORD).encode()).values
    for reference, is_quick in {"A-17": True, "a: b": True, '"a": 1': False}.items():
        body = referred(reference).encode()
        assert RECORDS.decode(body) == Decoded(values, many=False, references=(reference,))
        assert (RECORDS.quick(body)[0] is not None) == is_quick
    none = referred(None).encode()
    assert RECORDS.decode(none) == Decoded(values, many=False)
    both = f"[{referred('a', price=3)}, {json.dumps(RECORD)}, {referred('reference')}]".encode()
    expected = Decoded(values * 3, many=True, ignored=(0,), references=("a", None, "reference"))
    assert RECORDS.decode(both) == expected


@pytest.mark.parametrize("value", [7, "", "a\n", "x" * 101, ["a"]])
def test_what_is_no_reference_is_refused(value: Any) -> None:
    (found,) = refused(f"[{json.dumps(RECORD)}, {referred(value)}]".encode())
    assert (found.field, found.record) == ("reference", 1)


def test_a_reference_that_stands_there_twice_is_refused() -> None:
    twice = referred("a")[:-1] + ', "reference": "b"}'
    (found,) = refused(twice.encode())
    assert (found.field, found.detail) == ("reference", "Duplicate field 'reference'.")


@pytest.mark.parametrize(
    "records",
    [
        make({**FEATURES, "reference": {"type": "number"}}),
        make(target={"name": "reference"}),
        make({**FEATURES, "price": {"type": "number"}}),
    ],
    ids=["feature", "target", "label"],
)
def test_a_column_of_that_name_is_no_reference(records: Records) -> None:
    assert records.reference is None
    assert Reference.schema(Reference()) not in records.json_schema()["properties"].values()


def test_of_a_label_the_target_is_a_field() -> None:
    labels = make({**FEATURES, "price": {"type": "number"}})
    decoded = labels.decode(json.dumps({**RECORD, "price": 2}).encode())
    assert (decoded.values[0][-1], decoded.ignored) == (2.0, ())
    assert refused(json.dumps({**RECORD, "price": "x"}).encode(), labels)[0].field == "price"


@pytest.mark.parametrize("text", ["weight", '"weight"', '"weight":', "\\u0065"])
def test_a_text_that_looks_like_a_key_is_not(text: str) -> None:
    assert one(note=text)["note"] == text
    assert one(town=text)["town"] == text


def test_a_name_that_no_parser_takes_is_a_name_all_the_same() -> None:
    records = make({'say "x"': {"type": "number"}, "back\\slash": {"type": "text"}})
    body = json.dumps({'say "x"': 1, "back\\slash": "b"}).encode()
    assert records.decode(body).values == [(1.0, "b")]
    with pytest.raises(Invalid, match="back"):
        records.decode(b'{"say \\"x\\"": 1}')


def test_a_record_is_written_as_it_would_be_read() -> None:
    values = RECORDS.decode(json.dumps(RECORD).encode()).values[0]
    record = RECORDS.as_object(values)
    assert list(record) == list(FEATURES)
    assert record["facets"] == 7
    assert type(record["facets"]) is int
    assert record["é"] is None
    assert RECORDS.decode(RECORDS.encode(values)).values == [values]


def test_a_part_of_a_record_is_checked_like_a_whole_one() -> None:
    found = RECORDS.partial({"grade": "Fair", "sector": 10, "weight": 1}, ["grade", "weight"])
    assert found == {"weight": 1.0, "grade": "Fair", "sector": "10"}
    assert RECORDS.partial({"code": None}, ["code"]) == {"code": None}
    assert RECORDS.partial({}, []) == {}
    assert RECORDS.partial({"price": 3, "weight": 1}, []) == {"weight": 1.0}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({}, ["weight", "grade"]),
        ({"weight": 0, "grade": "Fair"}, ["weight"]),
        ({"weight": 1, "grade": "Fair", "facets": 1.5}, ["facets"]),
        ({"weight": 1, "grade": "Fair", "other": 1}, ["other"]),
        ({"weight": 10**400, "grade": "Fair"}, ["weight"]),
        ({"weight": float("inf"), "grade": "Fair"}, ["weight"]),
        ({"weight": 1, "grade": "Fair", "facets": None}, ["facets"]),
        ([], [None]),
        (None, [None]),
        (3, [None]),
    ],
)
def test_a_faulty_part_is_refused(value: Any, fields: list[str | None]) -> None:
    with pytest.raises(Invalid) as caught:
        RECORDS.partial(value, ["weight", "grade"])
    assert problems.status(caught.value) == 422
    assert sorted(map(str, (found.field for found in caught.value.errors))) == sorted(
        map(str, fields)
    )
    assert all(found.record is None for found in caught.value.errors)


def test_the_fields_are_described_for_people() -> None:
    fields = {field.name: field for field in RECORDS.fields()}
    assert list(fields) == list(FEATURES)
    assert fields["weight"] == FieldDescription(
        name="weight",
        type="number",
        unit="g",
        about="on the scales",
        allowed="a number above 0 and at most 20",
        choices=None,
        required=True,
    )
    assert fields["grade"].choices == GRADES
    assert not fields["é"].required


def test_the_schema_has_titles_descriptions_and_bounds() -> None:
    schema = RECORDS.json_schema()
    assert "title" not in schema  # a label's is no other class for who generates a client
    assert schema["required"] == list(RECORD)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["weight"] == {
        "title": "weight",
        "description": "on the scales, in g",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 20,
    }
    assert schema["properties"]["é"] == {"title": "é", "type": ["integer", "null"]}
    assert schema["properties"]["price"] == {
        "title": "price",
        "description": "ignored: it is what is predicted",
    }
    assert schema["properties"]["sector"]["anyOf"] == [
        {"type": "string", "enum": ["10", "25", "2.5"]},
        *({"type": "number", "const": number} for number in (10, 25, 2.5)),
    ]
    json.dumps(schema, allow_nan=False)


# What a field takes, as (JSON, what the model sees).
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST)
PRESENT = TEXT.filter(lambda text: text.strip() not in MARKERS).map(
    lambda text: (text, text.strip())
)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)


def floats(**limits: Any) -> st.SearchStrategy[tuple[Any, Any]]:
    return st.floats(allow_nan=False, allow_infinity=False, **limits).map(lambda v: (v, v))


def nothing(
    strategy: st.SearchStrategy[tuple[Any, Any]],
) -> st.SearchStrategy[tuple[Any, Any]]:
    return st.one_of(st.just((None, None)), strategy)


MISSING = st.sampled_from(MARKERS).map(lambda marker: (f" {marker}\n", None))
SPELT = st.one_of(PRESENT, WHOLE.map(lambda value: (value, str(value))))
VALID: dict[str, st.SearchStrategy[tuple[Any, Any]]] = {
    "weight": floats(min_value=0, max_value=20, exclude_min=True),
    "a b": nothing(floats()),
    "facets": st.integers(0, 99).map(lambda value: (value, float(value))),
    "é": nothing(WHOLE.map(lambda value: (value, float(value)))),
    "w/h": floats(min_value=-1, max_value=5, exclude_min=True, exclude_max=True),
    "grade": st.sampled_from(GRADES).map(lambda value: (value, value)),
    "sector": st.sampled_from([(10, "10"), ("25", "25"), (2.5, "2.5"), (25.0, "25")]),
    "code": nothing(st.sampled_from(["01", "02", "x"]).map(lambda value: (value, value))),
    "town": SPELT,
    "street": nothing(SPELT | MISSING),
    "note": PRESENT,
    "remark": nothing(PRESENT | MISSING),
}
PAIRS = st.fixed_dictionaries(
    {name: VALID[name] for name in RECORD},
    optional={name: VALID[name] for name in FEATURES if name not in RECORD},
)


@given(st.lists(PAIRS, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_valid_records_always_decode_to_what_the_model_sees(
    pairs: list[dict[str, tuple[Any, Any]]], is_ascii: bool, many: bool
) -> None:
    records = [{name: pair[0] for name, pair in record.items()} for record in pairs]
    expected = [
        tuple(record[name][1] if name in record else None for name in FEATURES) for record in pairs
    ]
    if not many:
        records, expected = records[:1], expected[:1]
    body = json.dumps(records if many else records[0], ensure_ascii=is_ascii).encode()
    decoded = RECORDS.decode(body)
    assert decoded == Decoded(expected, many)
    for values in decoded.values:
        assert RECORDS.decode(RECORDS.encode(values)).values == [values]


BROKEN: dict[str, list[Any]] = {
    "weight": [0, -1, 21, "1", True, None, [], {}],
    "a b": ["1", False, [None]],
    "facets": [-1, 100, 1.5, "1", None],
    "é": [0.5, "x", True],
    "w/h": [-1, 5, None],
    "grade": ["fair", "", 1, None, ["Fair"]],
    "sector": [11, "10.0", 2.4999, True, None],
    "code": [1, "03", "", False],
    "town": [None, "", "null", True, 2**53, {}],
    "street": ["x" * (LONGEST + 1), False, -(2**60), []],
    "note": ["", " None ", 1, None, "y" * (LONGEST + 1), ["a"]],
    "remark": [1, "z" * (LONGEST + 1), {}],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BROKEN.items() for value in values]
)
def test_the_schema_refuses_what_is_broken(name: str, value: Any) -> None:
    validator = pytest.importorskip("jsonschema_rs")
    assert not validator.is_valid(RECORDS.json_schema(), {**RECORD, name: value})
    assert validator.is_valid(RECORDS.json_schema(), RECORD)


@given(PAIRS, st.sampled_from(list(BROKEN)), st.data())
def test_one_broken_field_is_always_named(
    pairs: dict[str, tuple[Any, Any]], name: str, data: st.DataObject
) -> None:
    record = {field: pair[0] for field, pair in pairs.items()}
    record[name] = data.draw(st.sampled_from(BROKEN[name]))
    (found,) = refused(json.dumps(record).encode())
    assert found.field == name
    assert name in found.detail


LITERALS = st.sampled_from(
    ["3", "3.0", "-0.0", "1e2", "1e999", "1e-400", "1" * 400, "NaN", "9007199254740992", "0.1E1"]
)
ODD = st.one_of(
    st.none() | st.booleans(),
    st.integers() | st.floats(),
    st.text(max_size=LONGEST + 2) | st.sampled_from([*FEATURES, *MARKERS, *GRADES, "\ud800"]),
    st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(max_size=2), st.none()),
).map(json.dumps)
KEYS = st.sampled_from([*FEATURES, "price", "reference", "other"]) | st.text(max_size=3)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw records that are mostly right: with odd values, odd keys and keys twice."""
    records = []
    for pairs in draw(st.lists(PAIRS, min_size=0, max_size=4)):
        is_ascii = draw(st.booleans())
        members = [
            (name, json.dumps(pair[0], ensure_ascii=is_ascii)) for name, pair in pairs.items()
        ]
        for _ in range(draw(st.integers(0, 2))):
            odd = draw(KEYS), draw(ODD | LITERALS)
            members.insert(draw(st.integers(0, len(members))), odd)
            if draw(st.booleans()):
                members.pop(draw(st.integers(0, len(members) - 1)))
        written = ((json.dumps(key, ensure_ascii=is_ascii), value) for key, value in members)
        records.append("{" + ", ".join(f"{key}: {value}" for key, value in written) + "}")
    many = len(records) != 1 or draw(st.booleans())
    text = f"[{', '.join(records)}]" if many else records[0]
    return text.encode(errors="surrogatepass")


def outcome(records: Records, body: bytes) -> tuple[Any, ...]:
    try:
        decoded = records.decode(body)
    except Invalid as error:
        return problems.status(error), error.errors
    return 200, decoded


def slowly(records: Records, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(records, "_decoders", (None, None))
    patch.setattr(records, "_decoders_beside", (None, None))


@given(bodies())
@example(b'{"weight":1,"weight":1}')
@example(json.dumps({**RECORD, "price": 1}).encode())
@example(json.dumps({**RECORD, "town": "price"}).encode())
@example(json.dumps(RECORD).encode()[:-1] + b', "price": 1, "price": 2}')
@example(json.dumps(RECORD).encode()[:-1] + b', "price": 1, "pr\\u0069ce": 2}')
@example(referred("reference").encode())
@example(referred("a").encode()[:-1] + b', "r\\u0065ference": "b"}')
@example(referred("a\x7f", price=1).encode())
@example(json.dumps({**RECORD, "note": '"a" : 1, "b": 2'}).encode())
@example(json.dumps({**RECORD, "note": "a: b"}).encode()[:-1] + b', "note" : "c: d"}')
@example(json.dumps({**RECORD, "note": "\ud800"}).encode())
@example(b"[")
def test_both_ways_of_reading_agree(body: bytes) -> None:
    fast = outcome(RECORDS, body)
    with pytest.MonkeyPatch.context() as patch:
        slowly(RECORDS, patch)
        assert fast == outcome(RECORDS, body)


@pytest.mark.parametrize("many", [False, True])
def test_a_right_record_needs_no_second_look(many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.records.records.parse", None)
    for record in (
        RECORD,
        {**RECORD, "é": 1},
        {**RECORD, "price": 2.5},
        {**RECORD, "reference": "a"},
    ):
        body = json.dumps([RECORD, record] if many else record, ensure_ascii=False)
        assert RECORDS.decode(body.encode()).many == many


@given(st.binary(max_size=40) | st.text(max_size=20).map(lambda text: json.dumps(text).encode()))
def test_no_bytes_do_harm(body: bytes) -> None:
    status, faults = outcome(RECORDS, body)
    assert status in (400, 422)
    json.dumps([fault.detail for fault in faults]).encode()


@given(bodies())
def test_the_schema_accepts_what_is_decoded(body: bytes) -> None:
    validator = pytest.importorskip("jsonschema_rs")
    schema = {"type": "array", "minItems": 1, "maxItems": 3, "items": RECORDS.json_schema()}
    status, found = outcome(RECORDS, body)
    if status == 400 or "Duplicate" in str(found) or "too large" in str(found) or b"\\ud" in body:
        return  # JSON Schema has no words for keys that stand there twice, nor for infinity
    records = json.loads(body)
    records = records if isinstance(records, list) else [records]
    assert validator.is_valid(schema, records) == (status == 200)


def test_the_projects_datasets_have_records(root: Path) -> None:
    for path in (root / "conf" / "dataset").glob("*.yaml"):
        found = Records(convert(configuration.read_yaml(path), Dataset), most=10, longest_text=1000)
        assert found.fields()
        msgspec.json.encode(found.json_schema())


def test_a_recursion_limit_is_not_reached_from_deep_within() -> None:
    """A server's own calls take some of the stack."""

    def deep(levels: int, call: Callable[[], Any]) -> Any:
        return call() if levels == 0 else deep(levels - 1, call)

    body = b"[" * (sys.getrecursionlimit() // 2) + b"]" * (sys.getrecursionlimit() // 2)
    assert deep(300, lambda: outcome(RECORDS, body))[0] in (400, 422)
