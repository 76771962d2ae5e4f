"""Numbers as sources write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.kinds.number_format import NONE, NumberFormat


@pytest.mark.parametrize(
    ("style", "text", "plain"),
    [
        (NumberFormat(prefix="$", thousands=","), "$84,835.00 ", "84835.00"),
        (NumberFormat(prefix="$", thousands=","), "-$5", "-5"),
        (NumberFormat(prefix="$"), "$-5.5", "-5.5"),
        (NumberFormat(suffix="%"), "38%", "38"),
        (NumberFormat(suffix="%"), "38 %", "38"),
        (NumberFormat(suffix="%"), "38", "38"),
        (NumberFormat(suffix="km/h"), "120 km/h", "120"),
        (NumberFormat(decimal=",", thousands="."), "1.234.567,5", "1234567.5"),
        (NumberFormat(decimal=","), "3,5", "3.5"),
        (NumberFormat(decimal=","), ",5", ".5"),
        (NumberFormat(thousands=","), "12,34,567", "1234567"),
        (NumberFormat(thousands=" "), "12\u202f345", "12345"),
        (NumberFormat(thousands="'"), "12\u2019345", "12345"),
        (NumberFormat(), "\u22125", "-5"),
        (NumberFormat(), "1e-5", "1e-5"),
        (NumberFormat(thousands=",", negative="brackets"), "(1,234.5)", "-1234.5"),
        (NumberFormat(prefix="$", negative="brackets"), "$ (5)", "-5"),
        (NumberFormat(prefix="$", negative="brackets"), "($5)", "-5"),
        (NumberFormat(thousands=".", decimal=",", negative="after"), "1.234,5-", "-1234.5"),
        (NumberFormat(suffix="EUR", negative="after"), "5- EUR", "-5"),
        (NumberFormat(negative="after"), "-5", "-5"),
    ],
)
def test_a_number_is_read_as_it_is_written(style: NumberFormat, text: str, plain: str) -> None:
    assert style.plain(text) == plain


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (NumberFormat(decimal=",", thousands="."), "1.5"),
        (NumberFormat(decimal=","), "1.5"),
        (NumberFormat(thousands=","), "1,5"),
        (NumberFormat(thousands=","), "1234,567"),
        (NumberFormat(prefix="$"), "€5"),
        (NumberFormat(), "1,000"),
        (NumberFormat(), "1_000"),
        (NumberFormat(), "."),
        (NumberFormat(), ""),
        (NumberFormat(), "--5"),
        (NumberFormat(), "١٢"),
    ],
)
def test_what_is_written_otherwise_is_no_number(style: NumberFormat, text: str) -> None:
    assert style.plain(text) == NONE


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "$", "EUR "]),
    st.sampled_from(["", "%", " km"]),
    st.sampled_from(".,"),
)
def test_a_number_that_was_written_is_read_again(
    value: float, prefix: str, suffix: str, decimal: str
) -> None:
    style = NumberFormat(decimal=decimal, prefix=prefix, suffix=suffix)
    assert float(style.plain(style.words(repr(value)))) == value


@pytest.mark.parametrize("text", ["(5)", "5-", "(5", "-(5)"])
def test_another_way_below_zero_is_no_number(text: str) -> None:
    assert NumberFormat().plain(text) == NONE
    assert NumberFormat(negative="after").plain("(5)") == NONE
    assert NumberFormat(negative="brackets").plain("-(5)") == NONE
