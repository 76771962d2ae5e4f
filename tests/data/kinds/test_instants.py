from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from src.data import moments
from src.data.kinds import instants

GOOD = ["7", "-0.5", "1e2", "2024-05", "2024-05-31", "2024-W22", "2024-05-31T12:30:00Z"]
BAD = ["", "x", "nan", "inf", "1e400", "1_0", "2024-13", "31.05.2024", "\uff17", "0x10", "\0"]


@pytest.mark.parametrize(("texts", "expected"), [(GOOD, True), (BAD, False)])
def test_a_number_or_an_iso_date_is_one(texts: list[str], expected: bool) -> None:
    assert [instants.is_one(text) for text in texts] == [expected] * len(texts)


@pytest.mark.parametrize("text", instants.ALLOWED[1:])
def test_what_is_allowed_is_one(text: str) -> None:
    assert instants.is_one(text)


def test_a_date_is_seconds_since_1970() -> None:
    assert instants.seconds("1970-01-02") == instants.seconds("1970-01-02T01:00:00+01:00") == 86_400
    assert math.isnan(instants.seconds("86400"))


@given(
    st.one_of(st.sampled_from([*GOOD, *BAD]), st.text(alphabet="0123456789-+.eW:TZ_", max_size=9))
)
@example("1e-400")
def test_it_is_what_a_column_of_it_alone_can_be_read_as(text: str) -> None:
    assert instants.is_one(text) == bool(np.isfinite(moments.read(pd.Series([text])))[0])


@pytest.mark.parametrize(
    ("text", "style", "days"),
    [
        ("86400", "unix", 1.0),
        ("1.296e5", "unix", 1.5),
        ("-43200", "unix", -0.5),
        ("86400000", "unix_ms", 1.0),
        ("x", "unix", math.nan),
        ("", "unix", math.nan),
        ("nan", "unix", math.nan),
        ("1e300", "unix", math.nan),
    ],
)
def test_seconds_since_1970_are_moments(text: str, style: str, days: float) -> None:
    assert instants.days(text, style) == pytest.approx(days, nan_ok=True)


def test_seconds_since_1970_have_the_clock_of_a_zone() -> None:
    assert instants.days("0", "unix", "Asia/Tokyo") == pytest.approx(9 / 24)
