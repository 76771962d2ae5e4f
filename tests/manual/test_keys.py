"""Tables of keys follow the structs, and keep what was written by hand."""

from __future__ import annotations

import pytest

from manual import keys
from src.support.errors import UserError

HEAD = "<!-- keys: Split -->\n| key | meaning |\n| --- | --- |\n"


def test_keys_and_defaults_are_read_and_meanings_stay() -> None:
    text = f"# Split\n\n{HEAD}| `seed` | of \\| chance |\n\nMore.\n"
    renewed = keys.renewed(text)
    assert "| `seed` | a whole number | none | of \\| chance |\n" in renewed
    assert "| `test` | a number above 0 and below 1 | `0.2` | |\n" in renewed
    assert "| `method` | `column`, `random`, `stable` or `time` | `stable` | |\n" in renewed
    assert renewed.startswith("# Split\n")
    assert renewed.endswith("|\n\nMore.\n")
    assert keys.renewed(renewed) == renewed


def test_the_meaning_of_a_key_that_went_is_not_lost_in_silence() -> None:
    with pytest.raises(UserError, match="'sed' is no key of Split"):
        keys.renewed(f"{HEAD}| `sed` | of chance |\n")


def test_a_setting_is_named_as_it_is_set() -> None:
    renewed = keys.renewed("<!-- keys: Settings -->\n")
    assert "| `LAPIDARY_PAGE` | a whole number at least 1 and at most 1000 | `50` | |" in renewed
    assert "| `DATABASE_URL` |" in renewed
