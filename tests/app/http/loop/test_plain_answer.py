"""Answers to plain requests; that they are gunicorn's own is seen in test_both_ways."""

from __future__ import annotations

import re

import pytest

from app.http.loop import plain_answer
from app.http.loop.plain_answer import PlainAnswer

HEADERS = [("X-Own", "1"), ("Connection", "upgrade"), ("Content-Length", "2")]


def written(headers: list[tuple[str, str]], *, is_kept: bool = True) -> bytes:
    answer = PlainAnswer()
    answer.start_response("200 OK", headers)
    return answer.written([b"{", b"}"], is_kept=is_kept)


@pytest.mark.parametrize(("is_kept", "word"), [(True, b"keep-alive"), (False, b"close")])
def test_an_answer_says_whether_its_connection_is_kept(is_kept: bool, word: bytes) -> None:
    date = rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n"
    lines = rb"HTTP/1\.1 200 OK\r\nServer: gunicorn\r\n%bConnection: %b\r\n" % (date, word)
    rest = rb"X-Own: 1\r\nContent-Length: 2\r\n\r\n{}"
    assert re.fullmatch(lines + rest, written(HEADERS, is_kept=is_kept))


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb"])
def test_a_header_is_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        written([("X-Own", value)])


def test_the_date_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_answer.time, "time", lambda: 0.9)
    assert b"Date: Thu, 01 Jan 1970 00:00:00 GMT" in written(HEADERS)
    monkeypatch.setattr(plain_answer.time, "time", lambda: 1.1)
    assert b"Date: Thu, 01 Jan 1970 00:00:01 GMT" in written(HEADERS)
