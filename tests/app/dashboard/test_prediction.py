"""A prediction at its own address, with and without reasons, a truth and similar ones."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from app.auth import keys
from app.dashboard.api_client import ApiClient
from app.registry import store as version_store
from app.store.tables import Request
from src.config import paths
from src.support.errors import UserError
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.dashboard.browser import expect
from tests.app.dashboard.conftest import WIDTHS
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server
from tests.app.service import Service
from tests.app.warned import messages

HTML = {"Accept": "text/html"}
NASTY = "<script>alert('rose')</script>"
WHY = {"params": {"explain": "true"}}
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def page(service: Service, dataset: str, number: str, status: int = 200, **headers: str) -> str:
    path = f"/datasets/{dataset}/predictions/{number}"
    answer = service.ask(path, headers={**HTML, **headers})
    assert answer.status_code == status, answer.text
    return answer.text


def charts(text: str) -> list[Any]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', text)
    return [json.loads(one) for one in found]


@pytest.mark.parametrize("visitor", WIDTHS[:1], indirect=True)
def test_without_reasons_they_are_one_click_away(
    visitor: Visitor, site: Server, database_url: str
) -> None:
    number = site.ask("POST", "/v1/stones/predictions?version=2", project.STONE)[1]["id"]
    visitor.go(f"/datasets/stones/predictions/{number}")
    expect(visitor.find("main")).to_contain_text("made without reasons")
    visitor.find("text=Ask again, with reasons").click()
    expect(visitor.find("figcaption").nth(1)).to_contain_text("From a typical stone")
    assert number not in visitor.page.url
    assert "version 2" in html.unescape(visitor.page.content())
    visitor.find("text=Was this wrong?").wait_for()
    visitor.find("#truth").fill("5000")
    visitor.find("#truth").press("Enter")
    expect(visitor.find("#receipt")).to_contain_text("The truth: 5,000 USD")
    visitor.check("prediction")


def test_value_range_reasons_and_similar_ones_are_shown(service: Service) -> None:
    answer = service.predict(**WHY).json
    text = html.unescape(page(service, "stones", answer["id"]))
    assert f"{answer['price']:,.0f} USD" in text
    assert f"Likely between <strong>{answer['interval']['low']:,.0f} USD" in text
    assert answer["why"]["sentence"] in text
    assert "Equal in cut, and nearest in carat: 5 of" in text
    drawn = charts(page(service, "stones", answer["id"]))
    assert len(drawn) == 2
    assert "The bars: the price of all 150 known ones." in text


def test_the_record_and_the_version_stand_under_the_answer(service: Service) -> None:
    record = {**project.STONE, "carat": 1.1, "facets": 57, "cut": "Ideal", "depth": None}
    number = service.predict(record=record).json["id"]
    text = page(service, "stones", number)
    assert "1.1 carat, facets 57, Ideal, by linear, version 1" in text
    assert "the rows it learnt from" not in text


def test_what_is_far_from_all_that_was_seen_is_told(service: Service) -> None:
    answer = service.predict(record={**project.STONE, "carat": 19.5}).json
    text = page(service, "stones", answer["id"])
    assert "carat is 19.5; the rows it learnt from have 0.2" in text
    said = messages(answer)
    assert text.count('<p class="problem">') == len(said)
    assert all(html.escape(message) in text for message in said)


def test_a_redacted_target_is_no_fault(make_service: MakeService) -> None:
    service = make_service(redact=("price",))
    number = service.predict(**WHY).json["id"]
    text = page(service, "stones", number)
    assert "Its reasons are hidden, as the price is." in text
    assert len(charts(text)) == 1, "the range alone"


def test_the_range_is_drawn_without_a_profile_too(service: Service) -> None:
    paths.profile("stones").unlink()
    number = service.predict(**WHY).json["id"]
    text = page(service, "stones", number)
    assert len(charts(text)) == 2
    assert "The bars" not in text


@pytest.mark.parametrize(("truth", "words"), [(0, "was wrong"), (1, "was right")])
def test_classes_are_compared_with_their_truth(service: Service, truth: int, words: str) -> None:
    answer = service.predict("debts", {**project.DEBT, "amount": 990}, **WHY).json
    assert answer["late"] == 1
    path = f"/v1/debts/predictions/{answer['id']}/label"
    body = json.dumps({"late": str(truth)})  # as a form sends it
    told = service.ask(path, "PUT", body=body, headers={"Content-Type": "application/json"})
    assert told.status_code == 200, told.text
    text = page(service, "debts", answer["id"])
    assert f"The truth: {truth}." in text
    is_likely = truth in answer["interval"]["classes"]
    assert ("among the likely" if is_likely and truth == 0 else words) in text


def test_a_warning_is_repeated(service: Service) -> None:
    version_store.tell(
        service.database, "stones", 1, kind=version_store.BREACH, by="gate", why="mae 9"
    )
    service.look()
    number = service.predict(record={**project.STONE, "carat": 19}).json["id"]
    text = page(service, "stones", number)
    assert "This version came under its gate: mae 9." in text
    assert "carat is 19; the rows it learnt from have" in text


def test_a_warning_of_an_earlier_answer_is_repeated(service: Service) -> None:
    """It was one text, under another name."""
    number = service.predict().json["id"]
    (row,) = [one for one in service.rows(Request) if one["id"] == number]
    answer = {**json.loads(bytes(row["response_body"])), "warning": "mae 9"}
    del answer["warnings"]
    body = json.dumps(answer).encode()
    changed = Request.update(response_body=body).where(Request.id == number)
    changed.execute(service.database)
    assert "Take care: mae 9." in page(service, "stones", number)


def test_texts_stay_texts(service: Service) -> None:
    number = service.predict("notes", {"text": f"{NASTY} rose hedge"}, **WHY).json["id"]
    text = page(service, "notes", number)
    assert NASTY not in text
    assert NASTY in html.unescape(text)


def test_a_truth_is_asked_only_of_who_may_tell_it(service: Service) -> None:
    for scopes, is_asked in ((["predict"], False), (["predict", "label"], True)):
        key = keys.create(service.database, "-".join(scopes), scopes)
        service.look()
        number = service.predict(headers={"X-API-Key": key}).json["id"]
        text = page(service, "stones", number, Authorization=f"Bearer {key}")
        assert ('id="truth"' in text) is is_asked
        assert "/requests/" not in text


@pytest.mark.parametrize("number", ["nothing", "0" * 36])
def test_what_is_not_there_is_told(service: Service, number: str) -> None:
    assert "There is no such prediction" in page(service, "stones", number, 404)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [("invalid_record", 200), ("no_champion", 200), ("internal_error", 500)],
)
def test_without_similar_ones_the_rest_is_shown(
    service: Service, monkeypatch: pytest.MonkeyPatch, refusal: str, status: int
) -> None:
    def refuse(*_: Any) -> None:
        raise UserError("The champion has other columns.", code=refusal)

    number = service.predict().json["id"]
    assert "Similar ones" in page(service, "stones", number)
    monkeypatch.setattr(ApiClient, "look_up", refuse)
    assert "Similar ones" not in page(service, "stones", number, status)


def test_a_truth_of_another_kind_is_left_out(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = service.predict().json["id"]
    find = ApiClient.find

    def found(self: ApiClient, request: Any, path: str, **query: Any) -> Any:
        is_label = path.endswith("/label")
        return {"price": "dear"} if is_label else find(self, request, path, **query)

    monkeypatch.setattr(ApiClient, "find", found)
    assert "The truth:" not in page(service, "stones", number)
