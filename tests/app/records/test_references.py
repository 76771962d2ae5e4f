from __future__ import annotations

import json
import re
from typing import Any

import pytest

from app.records import references
from app.records.fields import FieldError
from app.records.references import LONGEST, Reference


@pytest.mark.parametrize("value", ["A-17", " ", "x" * LONGEST, "Größe 7", "😀", '"', None])
def test_one_line_of_text_is_one(value: str | None) -> None:
    assert Reference().check(value) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "is not text"),
        (["a"], "is not text"),
        ("", "is empty"),
        ("x" * (LONGEST + 1), f"too long: {LONGEST + 1} characters"),
        ("a\n", "a character that no line has"),
        ("a\0b", "a character that no line has"),
        ("\x85", "a character that no line has"),
        (json.loads('"\\ud800"'), "a character that no line has"),
    ],
)
def test_anything_else_is_refused(value: Any, words: str) -> None:
    with pytest.raises(FieldError, match=words) as caught:
        Reference().check(value)
    assert str(LONGEST) in str(caught.value.fix)


def test_the_schema_says_the_same() -> None:
    schema = Reference().schema()
    assert (schema["minLength"], schema["maxLength"]) == (1, LONGEST)
    assert re.search(schema["pattern"], "A-17")
    assert not re.search(references.PATTERN, "a\n")
