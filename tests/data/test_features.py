"""The kinds of feature: what YAML says of them, and what their values are."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.features import Boolean, Date, Datetime, Feature, Id, Time, outward
from src.data.kinds.words import WORDS
from src.support.errors import UserError


def feature(**values: Any) -> Any:
    return msgspec.convert(values, Feature)


@pytest.mark.parametrize(
    ("text", "style", "iso"),
    [
        ("2024-05-31", None, "2024-05-31"),
        ("31.05.2024", "%d.%m.%Y", "2024-05-31"),
        ("2024-05-31", "%d.%m.%Y", "2024-05-31"),  # ISO is read beside any format
        ("2024-05-31T23:59:59", None, "2024-05-31"),
        ("0999-01-01", None, "0999-01-01"),
    ],
)
def test_a_date_is_read_and_written(text: str, style: str | None, iso: str) -> None:
    one = Date(format=style)
    assert one.value(text).is_integer()
    assert one.text(one.value(text)) == iso


@given(st.datetimes())
def test_a_moment_comes_back_to_the_millisecond(moment: Any) -> None:
    one = Datetime()
    short = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    text = short.isoformat(timespec="milliseconds" if short.microsecond else "seconds")
    assert one.text(one.value(text)) == text


def test_an_offset_becomes_the_clock_of_the_zone() -> None:
    berlin = Datetime(zone="Europe/Berlin")
    assert berlin.text(berlin.value("2024-07-01T10:00:00Z")) == "2024-07-01T12:00:00"
    assert berlin.text(berlin.value("2024-01-01T10:00:00Z")) == "2024-01-01T11:00:00"
    assert berlin.text(berlin.value("2024-01-01T10:00:00")) == "2024-01-01T10:00:00"


@given(st.times())
def test_a_time_comes_back_to_the_second(moment: Any) -> None:
    one = Time()
    short = moment.replace(microsecond=0)
    text = short.isoformat(timespec="seconds" if short.second else "minutes")
    assert one.text(one.value(text)) == text


@pytest.mark.parametrize("text", ["", "x", "2024-13-01", "2024-02-30", "31.05.2024", "12:30"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert math.isnan(Date().value(text))


def test_limits_are_text_in_yaml_and_numbers_here() -> None:
    one = feature(type="date", min="2000-01-01", below="2030-01-01", format="%d/%m/%Y")
    assert one.min == 10_957
    assert one.words() == "from 2000-01-01 and before 2030-01-01"
    assert msgspec.convert(msgspec.to_builtins(one), Feature) == one


def test_a_limit_that_is_no_moment_is_refused() -> None:
    with pytest.raises(UserError, match="The limit 'max' of a time is none") as caught:
        feature(type="time", max="noon")
    assert caught.value.given == "noon"


@pytest.mark.parametrize(
    ("word", "meaning"),
    [(word, meaning) for meaning, words in WORDS.items() for word in words],
)
def test_a_boolean_knows_its_words_in_capitals_too(word: str, meaning: str) -> None:
    spellings = Boolean().spellings()
    for spelling in (word, word.upper(), word.capitalize()):
        assert spellings[spelling] == meaning


def test_no_word_means_both() -> None:
    assert not set(WORDS["true"]) & set(WORDS["false"])


def test_words_of_ones_own_are_the_only_ones() -> None:
    own = Boolean(true_words=["paid", 2], false_words=["open"])
    assert own.spellings()["Paid"] == own.spellings()["2"] == "true"
    assert "yes" not in own.spellings()
    assert own.spellings()["true"] == "true"


def test_a_boolean_has_an_order_that_nobody_else_sets() -> None:
    one = feature(type="boolean")
    assert one.listed() == ["false", "true"]
    assert msgspec.convert(msgspec.to_builtins(one), Feature) == one
    with pytest.raises(UserError, match="has no values to list"):
        feature(type="boolean", values=["a", "b"])


def test_values_go_outward_as_json_has_them() -> None:
    assert [outward(Boolean())(word) for word in ("true", "false")] == [True, False]  # type: ignore[misc]
    assert outward(Date())(10_957.0) == "2000-01-01"  # type: ignore[misc]
    assert outward(feature(type="integer"))(3.0) == 3
    assert outward(Id()) is None


def test_what_a_model_takes_a_feature_for() -> None:
    kinds = {name: feature(type=name).kind for name in ("date", "time", "boolean", "id", "text")}
    assert kinds == {
        "date": "number",
        "time": "number",
        "boolean": "category",
        "id": None,
        "text": "text",
    }
