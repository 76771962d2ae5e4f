"""Which version serves, and what becomes of one that cannot be loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.registry import OTHERS, Registry, loader
from app.settings import Settings
from app.store.tables import Version
from src.config import paths
from src.inference import bundle, signing
from tests.app import project
from tests.app.labels import truths
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
    assert len(version_store.every(first.database, "stones")) == 2
    assert len(version_store.events(first.database, "stones")) == 1


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
    second = version_store.get(service.database, "stones", 2)
    project.damage(second.path(tmp_path / "var") / "member0.ubj")
    version_store.promote(service.database, second, kind="promote", by="me", why="")
    service.look()
    assert model(service)["version"] == 1
    assert "damaged: member0.ubj" in refusal(service)
    assert_refused(service.predict(params={"version": 2}), 409, "cannot be loaded")


def better(manifest: Any) -> Any:
    """Say of a version that it is as good as can be."""
    manifest["metrics"]["test"].update(mae=0.0)
    return manifest


def change(path: Path, *, is_sealed: bool) -> None:
    """Change a manifest by hand; whoever knows how writes its hash anew."""
    manifest = better(json.loads(path.read_bytes()))
    manifest = bundle.sealed(manifest) if is_sealed else manifest
    project.replace(path, json.dumps(manifest).encode())


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_registered_manifest_that_was_changed_is_not_believed(
    service: Service, settings: Settings, is_sealed: bool
) -> None:
    second = version_store.get(service.database, "stones", 2)
    change(second.path(settings.folder()) / "manifest.json", is_sealed=is_sealed)
    version_store.promote(service.database, second, kind="promote", by="me", why="")
    service.look()
    assert model(service)["version"] == 1
    word = "not the one that was registered" if is_sealed else "manifest.json is not what was"
    assert word in refusal(service)
    assert_refused(service.ask("/v1/stones/models/2/card"), 409)


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_manifest_that_was_changed_in_the_database_is_not_believed(
    service: Service, is_sealed: bool
) -> None:
    second = version_store.get(service.database, "stones", 2)
    manifest = better(second.manifest)
    manifest = bundle.sealed(manifest) if is_sealed else manifest
    with service.database:
        row = Version.update(manifest=json.dumps(manifest).encode()).where(Version.number == 2)
        row.execute(service.database)
    version_store.promote(service.database, second, kind="promote", by="me", why="")
    service.look()
    assert model(service)["version"] == 1
    word = "not the one that was registered" if is_sealed else "manifest.json is not what was"
    assert word in refusal(service)


def test_at_a_start_the_version_before_stands_in_for_one_that_was_damaged(
    service: Service, settings: Settings, make_service: Callable[..., Service]
) -> None:
    second = version_store.get(service.database, "stones", 2)
    version_store.promote(service.database, second, kind="promote", by="me", why="")
    place = second.path(settings.folder())
    project.damage(STONES / "xgboost" / "golden.json")  # or it would be copied anew
    change(place / "manifest.json", is_sealed=True)
    other = make_service()
    assert model(other) == {"name": "linear", "version": 1}
    assert "not the one that was registered" in refusal(other)


def test_a_version_of_an_earlier_format_goes_on_serving(
    service: Service, settings: Settings, make_service: Callable[..., Service]
) -> None:
    """Registered before manifests had a hash of themselves, under the hash that there was."""
    first = version_store.get(service.database, "stones", 1)
    earlier = {**first.manifest, "format": bundle.EARLIER}
    del earlier[bundle.DIGEST]
    number = version_store.digest(earlier)
    assert number == version_store.digest({**earlier, "metrics": {}}), "as it was"
    first.path(settings.folder()).rename(settings.folder() / "versions" / "stones" / number[:16])
    path = settings.folder() / "versions" / "stones" / number[:16] / "manifest.json"
    project.replace(path, json.dumps(earlier).encode())
    with service.database:
        row = Version.update(manifest=json.dumps(earlier).encode(), digest=number)
        row.where(Version.dataset == "stones", Version.number == 1).execute(service.database)
    paths.VERDICTS.unlink()
    other = make_service()
    assert model(other) == {"name": "linear", "version": 1}


@pytest.fixture
def signed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign all bundles, and trust their key."""
    private, public = signing.make_keys(tmp_path / "keys")
    monkeypatch.setenv(signing.SIGN, str(private))
    monkeypatch.setenv(signing.TRUST, str(public))
    for path in paths.BUNDLES.glob("*/*"):
        bundle.sign(path)


@pytest.mark.usefixtures("signed")
def test_what_somebody_else_wrote_is_not_registered(
    make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though every hash fits, and the verdicts name it."""
    service = make_service()
    assert model(service) == {"name": "linear", "version": 1}
    with monkeypatch.context() as patch:
        patch.delenv(signing.TRUST)  # as who forges it has it
        project.retell(STONES / "linear", "golden.json", lambda one: one[0].update(output=1.0))
    project.crown("stones", "linear")
    service.look()
    assert "not signed with a key that is trusted" in refusal(service)
    assert len(version_store.every(service.database, "stones")) == 2


@pytest.mark.usefixtures("signed")
def test_what_was_registered_unsigned_serves_once_it_was_signed(
    make_service: Callable[..., Service], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in paths.BUNDLES.glob("*/*/manifest.sig"):
        path.unlink()
    with monkeypatch.context() as patch:
        patch.delenv(signing.TRUST)
        assert model(make_service()) == {"name": "linear", "version": 1}
    assert_refused(make_service().predict(), 503)
    for path in (settings.folder() / "versions").glob("*/*"):
        bundle.sign(path)
    assert model(make_service()) == {"name": "linear", "version": 1}


@pytest.mark.usefixtures("signed")
def test_a_signature_that_came_later_reaches_the_registered_copy(
    make_service: Callable[..., Service], settings: Settings
) -> None:
    make_service()
    for path in (settings.folder() / "versions").glob("*/*/manifest.sig"):
        project.replace(path, b"QUJD")
    assert model(make_service()) == {"name": "linear", "version": 1}


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


def test_a_bundle_that_nobody_judged_is_no_version(
    make_service: Callable[..., Service], home: Path
) -> None:
    """The pipeline is between train and champion, or was stopped there."""
    seal = bundle.seal(STONES / "xgboost")

    def train(manifest: dict[str, Any]) -> None:
        manifest["interval"]["coverage"] = 0.5

    make_service().close()
    project.retell(STONES / "xgboost", "manifest.json", train)
    unjudged = bundle.seal(STONES / "xgboost")
    project.tell_verdict("stones", "xgboost", seal)
    service = make_service()
    assert model(service)["version"] == 1
    assert [one["version"] for one in service.ask("/v1/stones/models").json["versions"]] == [2, 1]
    assert "is not the one that the pipeline judged" in refusal(service)
    project.tell_verdict("stones", "xgboost", unjudged)
    service.look()
    assert "refused" not in service.ask("/readyz").json["models"]
    assert service.ask("/v1/stones/models").json["versions"][0]["version"] == 3


def test_an_unjudged_bundle_does_not_serve_where_nothing_did(
    make_service: Callable[..., Service], home: Path
) -> None:
    project.tell_verdict("stones", "linear", "0" * 64)
    service = make_service()
    assert_refused(service.predict(), 503, "is not the one that the pipeline judged")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"stones": null}', '{"stones": {}}'])
def test_champions_that_cannot_be_read_change_nothing(service: Service, text: str) -> None:
    paths.VERDICTS.write_text(text)
    service.look()
    assert model(service)["version"] == 1


def test_without_a_champion_it_starts_and_says_what_to_do(
    make_service: Callable[..., Service], home: Path
) -> None:
    paths.VERDICTS.unlink()
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
    text = paths.VERDICTS.read_text()
    paths.VERDICTS.unlink()
    service = make_service()
    paths.VERDICTS.write_text(text)
    service.look()
    assert model(service)["version"] == 1


def test_a_dataset_whose_models_all_miss_the_gate_has_no_champion(
    make_service: Callable[..., Service], home: Path
) -> None:
    project.crown("stones", None)
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
    version = version_store.get(service.database, "stones", other)
    project.damage(version.path(settings.folder()) / "predictor.json")
    version_store.promote(service.database, version, kind="promote", by="me", why="")
    service.look()
    assert "stones" in service.ask("/readyz").json["models"]["refused"]
    back = version_store.get(service.database, "stones", serving)
    version_store.promote(service.database, back, kind="rollback", by="me", why="")
    service.look()
    assert "refused" not in service.ask("/readyz").json["models"]
    assert service.predict().json["model"]["version"] == serving


def test_a_version_that_fails_the_gate_is_refused_by_number_and_by_model(service: Service) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    assert model(service, params={"version": 2})["version"] == 2, "not before it looks"
    service.look()
    for params in ({"version": 2}, {"model": "xgboost"}, {"version": 2, "model": "xgboost"}):
        document = assert_refused(service.predict(params=params), 409, "mae 1985.08 is above 500")
        assert document["given"] == "version=2"
        assert "/v1/stones/models/2/override" in document["fix"]
    assert model(service, params={"model": "linear"})["version"] == 1
    truths.rule("stones")
    service.look()
    assert model(service, params={"version": 2})["version"] == 2, "the gate was lowered"


def test_by_model_the_newest_that_may_serve_is_taken(service: Service) -> None:
    def worse(manifest: Any) -> None:
        manifest["interval"].update(coverage=0.5)
        manifest["metrics"]["test"].update(mae=3000)

    project.retell(STONES / "xgboost", "manifest.json", worse)
    project.crown("stones", "linear")
    truths.rule("stones", gate={"mae": {"max": 2000}})
    service.look()
    assert model(service, params={"model": "xgboost"})["version"] == 2
    assert_refused(service.predict(params={"version": 3}), 409, "mae 3000 is above 2000")
    third = version_store.get(service.database, "stones", 3)
    version_store.tell(
        service.database, "stones", 3, kind=version_store.OVERRIDE, by="me", why="a test"
    )
    service.look()
    assert model(service, params={"model": "xgboost"})["version"] == third.number


def test_the_champion_is_asked_for_though_it_fails_the_gate_since(service: Service) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_NONE)
    service.look()
    for params in ({}, {"version": 1}, {"model": "linear"}):
        assert model(service, params=params)["version"] == 1, "on_breach decides, and no one else"


def test_a_version_of_a_dataset_without_a_champion_is_refused_with_its_figures(
    make_service: Callable[..., Service], home: Path, settings: Settings
) -> None:
    project.crown("stones", None)
    truths.rule("stones", gate=truths.PASSED_BY_NONE)
    service = make_service()
    assert_refused(service.predict(), 503, "no champion yet")
    assert_refused(service.predict(params={"version": 1}), 409, "mae 90.9501 is above 50")
    assert_refused(service.predict(params={"version": 9}), 404, "no such version")
    assert_refused(service.predict("ghosts", {}, params={"version": 1}), 503, "no champion yet")
    assert_refused(service.predict("a%00b", {}, params={"version": 1}), 404, "no such dataset")
    version_store.tell(
        service.database, "stones", 1, kind=version_store.OVERRIDE, by="me", why="a test"
    )
    service.look()
    assert model(service, params={"version": 1})["version"] == 1
    assert_refused(service.predict(), 503, "no champion yet")


def test_where_a_person_promotes_the_pipeline_only_registers(service: Service) -> None:
    truths.rule("stones", promote="manual")
    project.retell(STONES / "xgboost", "manifest.json", lambda m: m["interval"].update(width=7))
    project.crown("stones", "xgboost")
    service.look()
    assert model(service)["version"] == 1
    assert [one.number for one in version_store.every(service.database, "stones")] == [3, 2, 1]
    assert len(version_store.events(service.database, "stones")) == 1
    third = version_store.get(service.database, "stones", 3)
    version_store.promote(service.database, third, kind="promote", by="me", why="")
    service.look()
    assert model(service)["version"] == 3


def test_where_a_person_promotes_the_first_champion_of_all_serves(
    make_service: Callable[..., Service], home: Path
) -> None:
    truths.rule("stones", promote="manual")
    service = make_service()
    assert model(service)["version"] == 1
    project.crown("stones", "xgboost")
    assert model(make_service())["version"] == 1, "a start promotes nothing either"


def test_while_it_is_not_known_who_promotes_the_pipeline_does_not(
    make_service: Callable[..., Service], home: Path
) -> None:
    make_service()
    truths.write("stones", "promote: [")
    project.crown("stones", "xgboost")
    service = make_service()
    assert model(service)["version"] == 1
    truths.rule("stones")
    service.look()
    assert model(service)["version"] == 2, "it was mended, and says auto"


def test_classes_are_those_that_conf_lists_else_the_champions(
    database: peewee.Database, home: Path, settings: Settings
) -> None:
    load = loader(settings.folder(), most_records=1, longest_text=9)
    configured = LiveConfig()
    keeper = Gatekeeper(configured)
    registry = Registry(database, settings.folder(), load, configured, keeper)
    registry.refresh()
    assert registry.classes("debts") == registry.classes("ghosts") == ["0", "1"]
    assert sorted(registry.classes("notes") or []) == ["garden", "kitchen", "office"]
    assert registry.classes("stones") is None
    target = {"name": "late", "values": ["no", "yes"]}
    truths.rule("debts", target=target)
    registry.refresh()
    assert registry.classes("debts") == ["no", "yes"]
