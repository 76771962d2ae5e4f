from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.strict_json import Literally, MalformedError, Object, TooManyError, parse


def plain(value: Any) -> Any:
    """Turn what was parsed into what json.loads would make of it."""
    if isinstance(value, Object):
        return {key: plain(item) for key, item in value.pairs}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return json.loads(value) if isinstance(value, Literally) else value


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@given(VALUES, st.booleans())
def test_what_is_json_is_parsed_as_it_stands(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert plain(parse(text.encode(errors="surrogatepass"), 1000)) == value


@given(st.binary(max_size=30))
def test_nothing_else_is_raised_of_bytes_that_are_none(body: bytes) -> None:
    with contextlib.suppress(MalformedError):
        parse(body, 1000)


def test_keys_that_stand_there_twice_are_kept() -> None:
    assert parse(b'{"a": 1, "a": 2}', 9).pairs == [("a", "1"), ("a", "2")]


@pytest.mark.parametrize("number", ["1e999", "-0.0", "1" * 10_000, "1.50"])
def test_a_number_is_kept_as_it_is_written(number: str) -> None:
    found = parse(number.encode(), 9)
    assert isinstance(found, Literally)
    assert found == number


@pytest.mark.parametrize("body", [b"[1, 2, 3, 4]", b"[{}, {}, {}, {}]", b'{"a": [1.5, 2, {}]}'])
def test_objects_and_numbers_are_counted(body: bytes) -> None:
    parse(body, 4)
    with pytest.raises(TooManyError):
        parse(body, 3)


def test_a_constant_in_a_text_is_text() -> None:
    assert parse(b'"NaN"', 9) == "NaN"
    with pytest.raises(MalformedError, match="it has NaN at byte 8"):
        parse(b'["NaN", NaN]', 9)
