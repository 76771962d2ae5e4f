"""A version's card over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from src.card import schema
from src.card.schema import Card
from src.config import paths
from tests.app import project
from tests.app.service import Service, assert_refused


@pytest.mark.parametrize("dataset", project.MODELS)
def test_every_version_has_its_card(service: Service, dataset: str) -> None:
    for number in (1, 2):
        answer = service.ask(f"/v1/{dataset}/models/{number}/card")
        assert answer.status_code == 200, answer.text
        card = msgspec.json.decode(answer.content, type=Card)
        assert msgspec.to_builtins(card) == answer.json, "nothing is left out"
        told = service.ask(f"/v1/{dataset}/models/{number}").json
        assert (card.dataset, card.model) == (dataset, told["model"])
        assert {one.name: one.value for one in card.metrics} == told["metrics"]["test"]


def test_a_card_is_a_file_of_markdown_too(service: Service) -> None:
    answer = service.ask("/v1/stones/models/1/card", query_string="format=markdown")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert 'filename="stones-1-card.md"' in answer.headers["content-disposition"]
    assert answer.text.startswith("# Model card: stones, linear\n")
    odd = service.ask("/v1/stones/models/1/card", query_string="format=pdf")
    assert_refused(odd, 400, "format")


def test_a_version_of_before_has_no_card(home: Path, make_service: Any) -> None:
    def old(manifest: Any) -> None:
        for name in (schema.NAME, schema.MARKDOWN):
            del manifest["files"][name]

    project.retell(paths.BUNDLES / "stones" / "linear", "manifest.json", old)
    service = make_service()
    number = next(
        one["version"]
        for one in service.ask("/v1/stones/models").json["versions"]
        if one["model"] == "linear"
    )
    for query in ("", "format=markdown"):
        answer = service.ask(f"/v1/stones/models/{number}/card", query_string=query)
        assert assert_refused(answer, 404, "has no card")["code"] == "no_card"
    assert service.predict().status_code == 200


def test_a_damaged_card_is_409_and_what_is_none_is_404(service: Service) -> None:
    assert_refused(service.ask("/v1/stones/models/9/card"), 404, "no such version")
    for name in (schema.NAME, schema.MARKDOWN):
        for path in service.settings.folder().glob(f"versions/stones/*/{name}"):
            project.damage(path)
    for query in ("", "format=markdown"):
        answer = service.ask("/v1/stones/models/1/card", query_string=query)
        assert_refused(answer, 409, "damaged")


def test_a_card_of_another_commit_makes_no_version(home: Path, make_service: Any) -> None:
    """The same model trained at another commit: the version stays, and its card is the new one."""
    service = make_service()
    bundle = paths.BUNDLES / "stones" / "linear"

    def tell(card: Any) -> None:
        card["reproduction"]["commit"] = "e" * 40

    project.retell(bundle, schema.NAME, tell)
    service.look()
    assert len(service.ask("/v1/stones/models").json["versions"]) == 2
    service = make_service()
    assert len(service.ask("/v1/stones/models").json["versions"]) == 2
    card = service.ask("/v1/stones/models/1/card").json
    assert card["reproduction"]["commit"] == "e" * 40
