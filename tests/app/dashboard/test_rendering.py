from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from app.auth import keys
from app.dashboard import rendering
from app.store import clock
from tests.app.service import Service

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\N{EN DASH}"),
        (True, "yes"),
        (0, "0"),
        (1234567, "1,234,567"),
        (12.0, "12"),
        (1234.56, "1,235"),
        (0.123456, "0.1235"),
        (-0.5, "-0.5"),
        (1e-7, "1e-07"),
        ("Ideal", "Ideal"),
    ],
)
def test_numbers_are_written_for_people(value: object, text: str) -> None:
    assert rendering.figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(9573.3, "9,573.3"), (10318.4, "10,318"), (-1234.5, "-1,234.5")]
)
def test_thousands_are_set_apart_in_longer_numbers_too(value: float, text: str) -> None:
    assert rendering.figure(value, 5) == text


def test_how_many_there_are_is_said_in_words() -> None:
    assert rendering.count(1, "label") == "1 label"
    assert rendering.count(2000, "label") == "2,000 labels"
    assert rendering.count(0, "entry", "entries") == "0 entries"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (200_000, "2 days ago")],
)
def test_a_moment_is_told_by_how_long_it_was_ago(seconds: int, text: str) -> None:
    assert rendering.ago(clock.text(datetime.now(UTC) - timedelta(seconds=seconds))) == text
    assert rendering.ago(None) == "never"


def test_a_moment_is_written_so_that_a_browser_can_read_it() -> None:
    moment = "2026-01-31T10:20:30.000000Z"
    told = rendering.when(moment)
    assert f'datetime="{moment}"' in told
    assert "2026-01-31 10:20 UTC" in told
    assert "<time" not in rendering.when(None)
    assert "<script" not in rendering.when('"><script>')


def test_nothing_in_a_chart_ends_its_element() -> None:
    spec = {"data": {"values": [{"name": "</script><script>alert(1)</script>&"}]}}
    written = str(rendering.chart(spec, about='a "chart" <b>'))
    assert written.count("<script") == written.count("</script>") == 1
    assert 'aria-label="a &#34;chart&#34; &lt;b&gt;"' in written
    (data,) = re.findall(r'json">(.*)</script>', written)
    assert rendering.json.loads(data) == spec


def test_a_chart_has_no_text_that_stops_what_draws_it() -> None:
    names = ["__proto__", "constructor", "a constructor", '"__proto__"', "two\u2028lines\u2029"]
    written = str(rendering.chart({"values": [*names, "\\u2028", "\\\u2028"]}, about=""))
    (data,) = re.findall(r'json">(.*)</script>', written)
    assert rendering.json.loads(data)["values"] == [
        *("\u2060__proto__", "\u2060constructor", "a constructor", '"__proto__"', "two lines "),
        *("\\u2028", "\\ "),
    ]


@SQLITE
def test_a_page_lets_no_script_of_others_run(service: Service) -> None:
    answer = service.ask("/", headers=BROWSER)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.findall(r"<script(?![^>]*src=)[^>]*>(?!\{)", answer.text)
    assert not re.findall(r"\s(style|on[a-z]+)=", answer.text)


@SQLITE
@pytest.mark.parametrize(
    ("scope", "end"), [("predict", ""), ("label", "/labels"), ("train", "/train")]
)
def test_whoever_is_signed_in_finds_the_way(service: Service, scope: str, end: str) -> None:
    key = keys.create(service.database, "somebody", [scope])
    service.look()
    cookie = service.ask("/signin").headers["set-cookie"].partition(";")[0]
    form = service.ask("/signin", headers={"Cookie": cookie}).text
    (token,) = re.findall(r'name="csrf" value="([^"]+)"', form)
    answer = service.ask(
        "/signin",
        "POST",
        body=urlencode({"csrf": token, "key": key, "next": "/"}),
        headers={"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"].partition(";")[0]
    text = service.ask(f"/datasets/stones{end}", headers={**BROWSER, "Cookie": cookie}).text
    assert f'<a href="/datasets/debts{end}">debts</a>' in text
    assert "Sign out" in text
    assert "Sign out" not in service.ask("/signin", headers=BROWSER).text
