"""The card of a version, to be looked at and printed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from src.card import schema
from src.config import paths
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.dashboard.visitor import PICTURES, Visitor
from tests.app.service import Service

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PRINTED = {"top": "10mm", "bottom": "10mm"}


def page(service: Service, path: str) -> Any:
    return service.ask(path, headers={"Accept": "text/html"})


@on_sqlite
@pytest.mark.parametrize("dataset", project.MODELS)
def test_every_version_has_its_card(service: Service, dataset: str) -> None:
    answer = page(service, f"/datasets/{dataset}/history/1/card")
    assert answer.status_code == 200
    card = service.ask(f"/v1/{dataset}/models/1/card").json
    for one in card["metrics"]:
        assert one["about"] in answer.text
    for cause in card["importance"]["causes"]:
        assert f'<th scope="row">{cause["name"]}</th>' in answer.text
    assert card["reproduction"]["command"] in answer.text
    charts = len(re.findall('class="chart"', answer.text))
    assert charts >= 1 + len(card["effects"]) + (dataset == "stones") * 2
    assert ("Precision and recall" in answer.text) == (dataset == "debts")
    assert ("Average precision" in answer.text) == (dataset == "notes")
    assert f'href="/v1/{dataset}/models/1/card?format=markdown"' in answer.text
    version = page(service, f"/datasets/{dataset}/history/1").text
    assert f'href="/datasets/{dataset}/history/1/card"' in version


@on_sqlite
def test_a_version_of_before_says_that_it_has_none(home: Any, make_service: MakeService) -> None:
    def old(manifest: Any) -> None:
        del manifest["files"][schema.NAME]

    for model in project.MODELS["stones"]:
        project.retell(paths.BUNDLES / "stones" / model, "manifest.json", old)
    answer = page(make_service(), "/datasets/stones/history/1/card")
    assert answer.status_code == 404
    assert "has no card" in answer.text
    assert "train it again" in answer.text


@on_sqlite
def test_what_a_card_says_is_no_element(home: Any, make_service: MakeService) -> None:
    evil = "<b>x</b>"

    def tell(card: Any) -> None:
        card["limits"]["says"] = [evil]
        card["purpose"]["about"] = evil

    for model in project.MODELS["stones"]:
        project.retell(paths.BUNDLES / "stones" / model, schema.NAME, tell)
    text = page(make_service(), "/datasets/stones/history/1/card").text
    assert evil not in text
    assert text.count("&lt;b&gt;x&lt;/b&gt;") == 2


@pytest.mark.parametrize("dataset", project.MODELS)
def test_a_card_is_read_and_printed(visitor: Visitor, dataset: str) -> None:
    visitor.go(f"/datasets/{dataset}/history/1/card")
    visitor.check(f"card-{dataset}")
    visitor.page.emulate_media(media="print", color_scheme="dark")
    assert not visitor.find(".top").is_visible(), "there is no navigation"
    assert not visitor.find(".aside").is_visible()
    sheet = visitor.find(".sheet")
    assert sheet.evaluate("it => getComputedStyle(it).backgroundColor") == "rgb(255, 255, 255)"
    assert sheet.evaluate("it => getComputedStyle(it).color") == "rgb(28, 33, 38)"
    figure = visitor.find(".sheet figure").first
    assert figure.evaluate("it => getComputedStyle(it).breakInside") == "avoid"
    PICTURES.mkdir(parents=True, exist_ok=True)
    visitor.page.pdf(path=PICTURES / f"card-{dataset}-{visitor.width}.pdf", margin=PRINTED)
