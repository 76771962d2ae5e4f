"""The pages of the log, as a person uses them; refusals and escaping without a browser."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from app.auth import keys
from app.dashboard import requests
from app.request_log.delivery import State
from app.request_log.filter import Filter, Method
from tests.app import project
from tests.app.dashboard.browser import Browser, expect
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server
from tests.app.service import Result, Service

HTML = {"Accept": "text/html"}
EVIL = "<script>alert(1)</script>"


def test_the_log_is_filtered_and_read(visitor: Visitor, site: Server) -> None:
    site.ask("POST", "/v1/debts/predictions", [project.DEBT, project.DEBT])
    site.ask("POST", "/v1/debts/predictions", {"owner": EVIL})
    visitor.page.wait_for_timeout(20)  # the figures are of what came before this millisecond
    visitor.go("/requests")
    expect(visitor.find(".chart")).to_have_count(2)
    visitor.check("requests")
    visitor.find("#request-status").fill("4xx")
    visitor.find("#path").fill("/v1/debts/predictions")
    visitor.page.get_by_role("button", name="Filter").click()
    visitor.page.wait_for_url("**status=4xx**")
    statuses = visitor.find("tbody .tag").all_inner_texts()
    assert set(statuses) == {"422"}
    expect(visitor.find("#path")).to_have_value("/v1/debts/predictions")
    visitor.find("tbody a").first.press("Enter")  # charts that are drawn above move it
    expect(visitor.find("pre").first).to_contain_text(EVIL)
    expect(visitor.find("h1")).to_contain_text("POST /v1/debts/predictions 422")
    visitor.check("request")


@pytest.mark.slow
def test_moments_are_the_readers_own(browser: Browser, site: Server) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{site.port}/requests?since=2026-05-01T00:00:00Z&status=200")
    expect(page.locator("#since")).to_have_value("2026-05-01T09:00")
    page.locator("#until").fill("2027-01-01T08:30")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**until=**")
    assert "since=2026-05-01T00%3A00%3A00.000Z" in page.url
    assert "until=2026-12-31T23%3A30%3A00.000Z" in page.url
    expect(page.locator("#until")).to_have_value("2027-01-01T08:30")
    context.close()


def page(service: Service, path: str = "/requests", **words: Any) -> Result:
    headers = {**HTML, **words.pop("headers", {})}
    return service.ask(path, headers=headers, **words)


def test_what_others_wrote_stays_text(service: Service) -> None:
    odd = {"X-Request-Id": EVIL}
    number = service.predict("debts", {"owner": EVIL}, headers=odd).json["request_id"]
    assert number == EVIL
    service.ask("/v1/debts", query_string=f"a={EVIL}")
    row = service.rows()[0]["id"]
    for path, query in [
        ("/requests", ""),
        ("/requests", f"path={EVIL}&dataset={EVIL}&request_id={EVIL}"),
        ("/requests", f"since={EVIL}&status={EVIL}"),
        (f"/requests/{row}", ""),
    ]:
        text = page(service, path, query_string=query).text
        assert EVIL not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize("params", [{"since": "yesterday"}, {"status": "9"}, {"cursor": "x"}])
def test_a_wrong_filter_is_said_beside_the_form(service: Service, params: dict[str, str]) -> None:
    answer = page(service, params=params)
    assert answer.status_code == 200
    assert 'class="problem"' in answer.text
    assert next(iter(params)) in answer.text


def test_all_that_the_api_filters_by_has_its_field(service: Service) -> None:
    assert set(requests.FILTERS) == set(Filter.__struct_fields__)
    text = page(service).text
    for name in Filter.__struct_fields__:
        assert f'name="{name}"' in text
    for choice in (*get_args(Method), *get_args(State)):
        assert f">{choice}</option>" in text
    chosen = page(service, params={"request_id": "zz"}).text
    assert 'name="request_id" value="zz"' in chosen


def test_a_span_in_which_nothing_came_has_no_charts(service: Service) -> None:
    service.ask("/v1/debts")
    assert 'class="chart"' in page(service, params={"since": "1960-01-01"}).text
    text = page(service, params={"until": "1960-01-01"}).text
    assert "No request in this time." in text
    assert "No matching requests." in text
    assert 'class="chart"' not in text


def test_filters_stay_in_every_link(service: Service) -> None:
    for _ in range(55):
        service.ask("/v1/debts")
    text = page(service, params={"path": "/v1/debts", "status": "2xx"}).text
    query = "path=%2Fv1%2Fdebts&amp;status=2xx"
    assert f'href="/v1/requests?format=csv&amp;{query}"' in text
    assert len(re.findall(rf'href="\?{query}&amp;since=[^"&]+"', text)) == len(requests.SPANS)
    (older,) = re.findall(rf'href="\?({query}&amp;cursor=[0-9a-f-]+)"', text)
    text = page(service, query_string=older.replace("&amp;", "&")).text
    assert text.count("<tr>") == 1 + 5
    assert f'href="?{query}">The newest' in text


def test_a_request_leads_to_its_predictions(service: Service) -> None:
    numbers = [one["id"] for one in service.predict(record=[project.STONE] * 2).json]
    text = page(service, f"/requests/{numbers[0]}").text
    for number in numbers:
        assert f'href="/datasets/stones/predictions/{number}"' in text


def test_a_request_is_found_by_the_clients_own_id(service: Service) -> None:
    service.ask("/v1/debts", headers={"X-Request-Id": "order 7"})
    assert "GET /v1/debts" in page(service, "/requests/order%207").text


def test_a_huge_body_is_clipped(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "LONGEST", 10)
    number = service.predict("notes", {"text": "rose " * 100}).json["id"]
    text = page(service, f"/requests/{number}").text
    assert "rose rose" not in text
    assert f'href="/v1/requests/{number}">the whole as JSON' in text


def test_a_request_that_is_not_there_is_a_page_too(service: Service) -> None:
    for number in ("nothing", "series"):  # the second is another path of the API
        answer = page(service, f"/requests/{number}")
        assert answer.status_code == 404
        assert "no such request" in answer.text


@pytest.mark.parametrize("path", ["/requests", "/requests/nothing"])
def test_the_log_needs_its_scope(service: Service, path: str) -> None:
    with service.database:
        key = keys.create(service.database, "me", ["predict", "label", "train"])
    service.look()
    assert page(service, path, headers={"X-API-Key": key}).status_code == 403
