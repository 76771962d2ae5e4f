from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.store import clock
from src.support.errors import UserError

MOMENT = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)


def test_a_moment_is_written_equally_long_and_in_utc() -> None:
    assert clock.text(MOMENT) == "2026-01-31T12:00:00.000005Z"
    assert clock.text(MOMENT.replace(microsecond=0)) == "2026-01-31T12:00:00.000000Z"
    assert clock.now().tzinfo is UTC


def test_stamps_are_written_as_moments_are_and_sort_as_they_pass() -> None:
    before = clock.text(clock.now() - timedelta(milliseconds=5))
    stamps = [clock.stamp() for _ in range(5000)]
    after = clock.text(clock.now() + timedelta(milliseconds=5))
    assert [before, *stamps, after] == sorted([before, *stamps, after])
    assert {len(stamp) for stamp in stamps} == {len(before)}


def test_a_stamp_follows_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "nanoseconds", lambda: 1_000_000_000_123_456_789)
    assert clock.stamp() == clock.text(clock.now()) == "2001-09-09T01:46:40.123456Z"
    monkeypatch.setattr(clock, "nanoseconds", lambda: 1_000_000_001_000_000_999)
    assert clock.stamp() == clock.text(clock.now()) == "2001-09-09T01:46:41.000000Z"


@pytest.mark.parametrize(
    ("given", "hour"),
    [
        ("2026-01-31", 0),
        ("2026-01-31T12:00:00", 12),
        ("2026-01-31T12:00:00Z", 12),
        ("2026-01-31T12:00:00+02:00", 10),
        ("2026-01-31 12:00", 12),
    ],
)
def test_a_time_without_a_zone_is_utc(given: str, hour: int) -> None:
    assert clock.parse(given, "since") == datetime(2026, 1, 31, hour, tzinfo=UTC)


@pytest.mark.parametrize("given", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_said_by_name(given: str) -> None:
    with pytest.raises(UserError, match="'since' is not a time") as caught:
        clock.parse(given, "since")
    assert caught.value.given == given


def test_the_minute_of_a_stored_time_is_where_its_seconds_begin() -> None:
    moment = datetime(2026, 1, 31, 12, 5, 59, 999999, UTC)
    assert clock.minute(clock.text(moment)) == "2026-01-31T12:05"


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00 01:00", "2026-01-31 12:00 01:00"])
def test_the_plus_of_a_zone_may_have_become_a_blank(text: str) -> None:
    assert clock.text(clock.parse(text, "since")) == "2026-01-31T11:00:00.000000Z"
