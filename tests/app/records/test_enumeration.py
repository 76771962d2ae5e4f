from __future__ import annotations

from app.records.enumeration import enumeration


def test_texts_are_one_enum() -> None:
    assert enumeration(["low", "high"]) == {"type": "string", "enum": ["low", "high"]}


def test_null_stands_beside_the_enum_and_not_in_it() -> None:
    assert enumeration((0, 1), is_nullable=True) == {
        "anyOf": [{"type": "integer", "enum": [0, 1]}, {"type": "null"}]
    }


def test_values_of_two_types_are_two_enums() -> None:
    assert enumeration(["0", 0, "1", 1]) == {
        "anyOf": [{"type": "string", "enum": ["0", "1"]}, {"type": "integer", "enum": [0, 1]}]
    }


def test_fractions_are_constants() -> None:
    assert enumeration([0.5]) == {"type": "number", "const": 0.5}
    assert enumeration([1, 2.5]) == {
        "anyOf": [{"type": "number", "const": 1}, {"type": "number", "const": 2.5}]
    }
