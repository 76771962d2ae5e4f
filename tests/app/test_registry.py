"""Which version serves, and what becomes of one that cannot be loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.registry import OTHERS
from app.settings import Settings
from app.store import versions
from src import paths
from tests.app import project
from tests.app.service import Service, assert_refused

STONES = paths.BUNDLES / "stones"


def model(service: Service, **words: Any) -> dict[str, Any]:
    answer = service.predict(**words)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json["model"]
    return found


def refusal(service: Service) -> str:
    """Return why the newest champion does not serve; it is said at both places."""
    ready = service.ask("/readyz")
    assert ready.status_code == 200, "the old version serves"
    told = str(ready.json["models"]["refused"]["stones"])
    assert service.ask("/v1/stones/models").json["refused"] == told
    return told


def test_the_pipelines_champions_serve_from_the_start(service: Service) -> None:
    assert model(service) == {"name": "linear", "version": 1}
    ready = service.ask("/readyz").json
    assert ready["models"] == {"ok": True, "served": ["debts", "notes", "stones"]}


def test_a_start_with_what_is_registered_already_changes_nothing(
    make_service: Callable[..., Service],
) -> None:
    first = make_service()
    second = make_service()
    assert model(second) == {"name": "linear", "version": 1}
    assert len(versions.every(first.database, "stones")) == 2
    assert len(versions.events(first.database, "stones")) == 1


def test_another_choice_of_the_pipeline_serves_at_the_next_look(service: Service) -> None:
    before = service.predict().json["price"]
    project.crown("stones", "xgboost")
    assert model(service)["version"] == 1
    service.look()
    assert model(service) == {"name": "xgboost", "version": 2}
    assert service.predict().json["price"] != before


def test_a_bundle_trained_otherwise_is_the_next_version(service: Service) -> None:
    project.retell(STONES / "linear", "manifest.json", lambda m: m["interval"].update(coverage=0.5))
    project.crown("stones", "linear")
    service.look()
    assert model(service) == {"name": "linear", "version": 3}
    assert service.predict().json["interval"]["coverage"] == 0.5


@pytest.mark.parametrize("name", ["predictor.npz", "model.joblib", "predictor.json"])
def test_a_damaged_bundle_leaves_the_old_version_serving(service: Service, name: str) -> None:
    project.damage(STONES / "xgboost" / name)
    project.crown("stones", "xgboost")
    # As a new run's it would have another digest than the one that is registered.
    project.retell(
        STONES / "xgboost", "manifest.json", lambda m: m["interval"].update(coverage=0.5)
    )
    service.look()
    assert model(service) == {"name": "linear", "version": 1}
    assert f"damaged: {name}" in refusal(service)


def test_a_golden_record_that_differs_leaves_the_old_version_serving(service: Service) -> None:
    def alter(golden: Any) -> None:
        golden[3]["output"] += 100

    project.retell(STONES / "linear", "golden.json", alter)
    project.crown("stones", "linear")
    service.look()
    assert model(service) == {"name": "linear", "version": 1}
    assert "otherwise than when it was trained" in refusal(service)


def test_a_registered_file_that_was_damaged_since_is_not_loaded(
    service: Service, tmp_path: Path
) -> None:
    second = versions.get(service.database, "stones", 2)
    project.damage(second.path(tmp_path / "var") / "member0.ubj")
    versions.promote(service.database, second, kind="promote", by="me", why="")
    service.look()
    assert model(service)["version"] == 1
    assert "damaged: member0.ubj" in refusal(service)
    assert_refused(service.predict(params={"version": 2}), 409, "cannot be loaded")


def test_a_refusal_is_forgotten_when_what_was_wrong_is_mended(
    service: Service, trained: Path
) -> None:
    project.damage(STONES / "xgboost" / "predictor.npz")
    project.retell(
        STONES / "xgboost", "manifest.json", lambda m: m["interval"].update(coverage=0.5)
    )
    project.crown("stones", "linear")
    service.look()
    assert "damaged" in refusal(service)
    good = (trained / STONES / "xgboost" / "predictor.npz").read_bytes()
    (STONES / "xgboost" / "predictor.npz").write_bytes(good)
    project.crown("stones", "linear")
    service.look()
    assert "refused" not in service.ask("/readyz").json["models"]


@pytest.mark.parametrize("key", ["dataset", "config", "interval"])
def test_a_manifest_that_lacks_something_leaves_the_old_version_serving(
    service: Service, key: str
) -> None:
    project.retell(STONES / "linear", "manifest.json", lambda m: m.pop(key))
    project.crown("stones", "linear")
    service.look()
    assert model(service)["version"] == 1
    assert key in refusal(service)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"stones": null}', '{"stones": {}}'])
def test_champions_that_cannot_be_read_change_nothing(service: Service, text: str) -> None:
    paths.CHAMPIONS.write_text(text)
    service.look()
    assert model(service)["version"] == 1


def test_without_a_champion_it_starts_and_says_what_to_do(
    make_service: Callable[..., Service], home: Path
) -> None:
    paths.CHAMPIONS.unlink()
    service = make_service()
    ready = service.ask("/readyz")
    assert ready.status_code == 503
    assert "make run" in ready.json["models"]["fix"]
    for path in ("/v1/stones", "/v1/stones/models"):
        assert_refused(service.ask(path), 503, "no champion yet", "make run")
    assert_refused(service.predict(), 503, "no champion yet", "make run")
    assert service.ask("/v1/datasets").json["datasets"][0] == {"name": "debts", "champion": None}
    assert service.ask("/openapi.json").status_code == 200


def test_the_first_champion_serves_at_the_next_look(
    make_service: Callable[..., Service], home: Path
) -> None:
    text = paths.CHAMPIONS.read_text()
    paths.CHAMPIONS.unlink()
    service = make_service()
    paths.CHAMPIONS.write_text(text)
    service.look()
    assert model(service)["version"] == 1


def test_a_dataset_whose_models_all_miss_the_gate_has_no_champion(
    make_service: Callable[..., Service], home: Path
) -> None:
    champions = json.loads(paths.CHAMPIONS.read_text())
    champions["stones"] = {"champion": None, "refused": {"linear": "mae"}}
    paths.CHAMPIONS.write_text(json.dumps(champions))
    service = make_service()
    assert_refused(service.predict(), 503, "no champion yet")
    assert service.predict("debts").status_code == 200


def test_other_versions_answer_when_they_are_asked_for(service: Service) -> None:
    assert model(service, params={"model": "xgboost"}) == {"name": "xgboost", "version": 2}
    assert model(service, params={"version": 2}) == {"name": "xgboost", "version": 2}
    assert model(service, params={"version": 1})["version"] == 1
    assert model(service, params={"version": 2, "model": "xgboost"})["version"] == 2


@pytest.mark.parametrize(
    "params", [{"version": 9}, {"model": "forest"}, {"version": 1, "model": "xgboost"}]
)
def test_a_version_that_is_not_there_lists_those_that_are(
    service: Service, params: dict[str, Any]
) -> None:
    document = assert_refused(service.predict(params=params), 404)
    assert document["allowed"] == ["version=2 (model=xgboost)", "version=1 (model=linear)"]


def test_few_other_versions_stay_in_memory(service: Service) -> None:
    for at in range(OTHERS + 2):
        project.retell(
            STONES / "xgboost", "manifest.json", lambda m, at=at: m["interval"].update(width=at)
        )
        project.crown("stones", "linear")
        service.look()
    for number in [*range(2, OTHERS + 5), 2]:
        assert model(service, params={"version": number})["version"] == number


def test_what_is_taken_back_is_refused_no_longer(service: Service, settings: Settings) -> None:
    serving = service.predict().json["model"]["version"]
    other = 3 - serving
    version = versions.get(service.database, "stones", other)
    project.damage(version.path(settings.folder()) / "predictor.json")
    versions.promote(service.database, version, kind="promote", by="me", why="")
    service.look()
    assert "stones" in service.ask("/readyz").json["models"]["refused"]
    back = versions.get(service.database, "stones", serving)
    versions.promote(service.database, back, kind="rollback", by="me", why="")
    service.look()
    assert "refused" not in service.ask("/readyz").json["models"]
    assert service.predict().json["model"]["version"] == serving
