from __future__ import annotations

from datetime import timedelta

import pytest

from app.auth import lifetime
from app.store import clock
from src.support.errors import UserError
from tests.app.hands import Hands


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0m", timedelta(0)),
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("4w", timedelta(weeks=4)),
    ],
)
def test_a_length_of_time_is_a_number_and_a_unit(
    hands: Hands, text: str, length: timedelta
) -> None:
    assert lifetime.span(text, "x") == length
    assert lifetime.end(text, "x") == clock.text(clock.now() + length)


@pytest.mark.parametrize("text", ["", "d", "90", "-1d", "1.5d", "1y", "90 d", "999999w", "1d\n"])
def test_what_is_no_length_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UserError, match="--grace") as caught:
        lifetime.span(text, "--grace")
    assert "90d" in (caught.value.choices or [])


def test_an_end_may_be_a_date_to_come() -> None:
    assert lifetime.end("2999-01-31", "x") == "2999-01-31T00:00:00.000000Z"
    assert lifetime.end("2999-01-31T12:00:00+02:00", "x") == "2999-01-31T10:00:00.000000Z"
    for text in ("2001-01-31", "soon", "", "1y"):
        with pytest.raises(UserError, match="--expires") as caught:
            lifetime.end(text, "--expires")
        assert "90d" in (caught.value.choices or [])
