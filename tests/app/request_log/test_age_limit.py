from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.request_log.age_limit import FILE, AgeLimit
from app.store import clock

NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Time:
    """What the wall's clock says, and how much time has passed."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.passed = 0.0
        patch.setattr(clock, "now", lambda: self.now)

    def seconds(self) -> float:
        return self.passed

    def go(self, span: timedelta) -> None:
        self.now += span
        self.passed += span.total_seconds()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.fixture
def start(time: Time, tmp_path: Path) -> Callable[[], AgeLimit]:
    return lambda: AgeLimit(tmp_path, time.seconds)


Start = Callable[[], AgeLimit]


def test_what_is_asked_for_first_is_done_at_once_and_moves_with_the_time(
    time: Time, start: Start
) -> None:
    limit = start()
    assert limit.moment(30) == NOW - 30 * DAY
    time.go(5 * DAY)
    assert limit.moment(30) == NOW - 25 * DAY
    assert start().moment(30) == NOW - 25 * DAY


def test_a_clock_that_is_set_ahead_empties_nothing(
    time: Time, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    limit = start()
    limit.moment(30)
    time.now += 31 * DAY
    assert limit.moment(30) == NOW - 29 * DAY
    assert "2026-03-02T12:00:00.000000Z" in caplog.text, "what the clock would have had"
    caplog.clear()
    time.passed += 60
    assert limit.moment(30) == NOW - 29 * DAY + timedelta(seconds=120)
    assert caplog.text == "", "once a day"
    time.passed += 86_400
    assert limit.moment(30) < NOW - 26 * DAY
    assert "retention.json" in caplog.text
    time.now -= 31 * DAY
    assert limit.moment(30) == NOW - 30 * DAY


def test_a_start_gives_a_day_and_no_more(time: Time, start: Start) -> None:
    start().moment(30)
    time.now += 31 * DAY
    assert start().moment(30) == NOW - 29 * DAY
    assert start().moment(30) == NOW - 28 * DAY


def test_a_machine_that_was_off_catches_up(time: Time, start: Start) -> None:
    start().moment(30)
    time.now += 10 * DAY
    limit = start()
    for _ in range(9):
        assert limit.moment(30) < time.now - 30 * DAY
        time.go(DAY)
    assert limit.moment(30) == time.now - 30 * DAY


def test_another_number_of_days_is_another_wish(
    time: Time, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    limit = start()
    limit.moment(30)
    assert limit.moment(2) == NOW - 2 * DAY
    assert start().moment(1) == NOW - DAY
    assert caplog.text == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"days": 30, "until": "soon"}'])
def test_a_file_that_says_nothing_is_none(start: Start, tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert start().moment(30) == NOW - 30 * DAY
