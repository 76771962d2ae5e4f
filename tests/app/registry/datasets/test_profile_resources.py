from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.auth import keys
from src.config import paths
from tests.app import project
from tests.app.service import Service, assert_refused


@pytest.mark.parametrize("dataset", project.MODELS)
def test_the_profile_is_answered(service: Service, dataset: str) -> None:
    answer = service.ask(f"/v1/{dataset}/profile")
    assert answer.status_code == 200, answer.text
    stored = json.loads(paths.profile(dataset).read_text())
    for key in ("rows", "data", "correlations", "sample"):
        assert answer.json[key] == stored[key]
    target = answer.json["columns"][0]
    assert (target["name"], target["role"]) == (project.TARGETS[dataset], "target")


def test_columns_are_told_in_the_words_that_conf_has_now(service: Service, home: Path) -> None:
    document = service.ask("/v1/stones/profile").json
    assert (document["about"], document["noun"]) == ("What a stone costs", "stone")
    price, carat = document["columns"][:2]
    assert (price["unit"], carat["unit"], carat["about"]) == ("USD", "carat", "weight")
    path = home / "conf/dataset/stones.yaml"
    path.write_text(path.read_text().replace("about: weight", "about: heaviness"))
    service.look()
    assert service.ask("/v1/stones/profile").json["columns"][1]["about"] == "heaviness"


def test_it_is_read_again_when_the_pipeline_wrote_another_one(service: Service) -> None:
    path = paths.profile("stones")
    assert service.ask("/v1/stones/profile").json["noun"] == "stone"
    document = json.loads(path.read_text())
    document["rows"]["read"] = 77
    fresh = path.with_suffix(".fresh")
    fresh.write_text(json.dumps(document))
    fresh.rename(path)
    assert service.ask("/v1/stones/profile").json["rows"]["read"] == 77


def test_an_unchanged_file_is_not_read_twice(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.ask("/v1/stones/profile")
    monkeypatch.setattr("app.registry.datasets.profile_resources.msgspec", None)
    assert service.ask("/v1/stones/profile").status_code == 200


def test_where_it_was_not_computed_it_says_what_to_run(service: Service) -> None:
    paths.profile("stones").unlink()
    refused = assert_refused(service.ask("/v1/stones/profile"), 404, "has no profile", "dvc repro")
    assert refused["detail"] == "'stones' has no profile yet."
    assert_refused(service.ask("/v1/ghosts/profile"), 404, "'ghosts' has no profile yet.")


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_file_that_is_none_says_so(service: Service, text: str) -> None:
    paths.profile("stones").write_text(text)
    assert_refused(service.ask("/v1/stones/profile"), 503, "cannot be read", "dvc repro")


def test_another_dataset_is_not_there(service: Service) -> None:
    assert_refused(service.ask("/v1/stone/profile"), 404, "no such dataset", "stones")
    assert_refused(service.ask("/v1/stones/profile?x=1"), 400)


def test_the_log_keeps_that_it_was_asked_and_not_the_answer(service: Service) -> None:
    service.ask("/v1/stones/profile")
    (row,) = service.rows()
    assert (row["path"], row["dataset"], row["status"]) == ("/v1/stones/profile", "stones", 200)
    assert not row["response_body"]


def test_it_needs_the_scope_to_predict(service: Service) -> None:
    key = keys.create(service.database, "hand", ["label"])
    service.look()
    answer = service.ask("/v1/stones/profile", headers={"X-API-Key": key})
    assert_refused(answer, 403, "predict")


def names(document: dict[str, Any]) -> list[str]:
    return [column["name"] for column in document["columns"]]


def test_features_come_by_pages_beside_the_target(service: Service) -> None:
    whole = service.ask("/v1/stones/profile").json
    target, *features = names(whole)
    assert "page" not in whole
    seen, cursor = [], "1"
    while cursor:
        found = service.ask(f"/v1/stones/profile?limit=2&cursor={cursor}").json
        assert found["columns"] == [
            column for column in whole["columns"] if column["name"] in names(found)
        ]
        places = [names(whole).index(name) for name in names(found)]
        assert found["sample"] == [[row[at] for at in places] for row in whole["sample"]]
        for part in ("rows", "correlations", "duplicates", "noun"):
            assert found[part] == whole[part]
        assert found["page"]["features"] == found["page"]["matching"] == len(features)
        first, *others = names(found)
        assert first == target
        assert len(others) <= 2
        seen += others
        cursor = found["page"]["next"]
    assert seen == features


def test_features_are_searched_by_name(service: Service) -> None:
    features = names(service.ask("/v1/stones/profile").json)[1:]
    found = service.ask("/v1/stones/profile?search=CAR").json
    assert names(found)[1:] == [name for name in features if "car" in name]
    assert found["page"] == {"features": len(features), "matching": 1, "next": None}
    nothing = service.ask("/v1/stones/profile?search=nowhere").json
    assert nothing["page"]["matching"] == 0
    assert len(nothing["columns"]) == 1
    assert service.ask("/v1/stones/profile?cursor=900").json["page"]["next"] is None
    for wrong in ("limit=0", "limit=1001", "cursor=0", "cursor=x", "search="):
        assert_refused(service.ask(f"/v1/stones/profile?{wrong}"), 400)
