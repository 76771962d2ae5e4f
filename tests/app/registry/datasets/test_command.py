"""python -m app datasets, beside a service that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app import __main__ as command_line
from app.registry import store as version_store
from app.store.tables import Event, Label
from app.trainings.triggers import RetrainTrigger
from src.support.errors import UserError
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused

Run = Callable[..., str]
TRUTH = {**project.STONE, "price": 5500}


@pytest.fixture
def run(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("DATABASE_URL", service.settings.url())
    monkeypatch.setenv("LAPIDARY_VAR", service.settings.var)

    def run(*words: str) -> str:
        capsys.readouterr()
        command_line.run(["datasets", *words])
        service.look()
        return capsys.readouterr().out

    return run


def events(service: Service, name: str = "stones") -> list[tuple[Any, ...]]:
    rows = [row for row in service.rows(Event) if row["dataset"] == name]
    return [(row["kind"], row["number"], row["why"]) for row in rows]


def test_a_retired_dataset_takes_nothing_and_all_of_it_can_be_read(
    run: Run, service: Service
) -> None:
    answer = service.predict().json
    assert service.post("/v1/stones/labels", TRUTH).status_code == 200
    said = run("retire", "stones", "--why", "the shop has closed")
    assert "2 version(s) and 1 label(s) can be read" in said
    assert "datasets restore stones" in said
    for path, body in (
        ("/v1/stones/predictions", project.STONE),
        ("/v1/stones/predictions?version=2", project.STONE),
        ("/v1/stones/similar", {"record": project.STONE}),
        ("/v1/stones/labels", TRUTH),
        ("/v1/stones/trainings", {"model": "linear"}),
    ):
        path, _, query = path.partition("?")
        refused = service.post(path, body, query_string=query)
        document = assert_refused(refused, 410, "was retired", "the shop has closed")
        assert document["code"] == "dataset_retired"
    assert_refused(service.ask("/v1/stones"), 410, "datasets restore stones")
    assert service.ask(f"/v1/stones/predictions/{answer['id']}").json["answer"] == answer
    for path in ("predictions", "labels", "models", "models/1", "events", "trainings"):
        assert service.ask(f"/v1/stones/{path}").status_code == 200, path
    assert len(service.ask("/v1/stones/labels").json["labels"]) == 1
    for path in ("", "/predict", "/history", "/history/1", "/labels", "/train"):
        assert service.ask(f"/datasets/stones{path}").status_code == 200, path
    assert service.predict("debts").status_code == 200


def test_what_lists_datasets_tells_it_or_leaves_it_out(run: Run, service: Service) -> None:
    run("retire", "stones", "--why", "the shop <has> closed")
    listed = {one["name"]: one for one in service.ask("/v1/datasets").json["datasets"]}
    assert listed["stones"]["retired"]["why"] == "the shop <has> closed"
    assert listed["stones"]["champion"] is None
    assert "retired" not in listed["debts"]
    ready = service.ask("/readyz")
    assert ready.status_code == 200
    assert ready.json["models"] == {"ok": True, "served": ["debts", "notes"]}
    assert "/v1/stones/predictions" not in service.ask("/openapi.json").json["paths"]
    page = service.ask("/").text
    assert "the shop &lt;has&gt; closed" in page
    assert 'href="/datasets/stones">stones</a>\n' not in page.split("</nav>")[0]
    assert 'champion_loaded{dataset="debts"} 1.0' in service.ask("/metrics").text
    assert 'dataset="stones"' not in service.ask("/metrics").text.split("champion_loaded")[2]
    table = run("list")
    assert "the shop <has> closed" in table
    assert "notes" in table


def test_it_comes_back_with_the_version_that_served(run: Run, service: Service) -> None:
    run("retire", "stones")
    assert "retired already" in run("retire", "stones")
    assert "is restored: version 1 serves" in run("restore", "stones", "--why", "open again")
    assert service.predict().json["model"]["version"] == 1
    assert "is not retired" in run("restore", "stones")
    kinds = [("pipeline", 1, "best mae"), ("retired", 1, ""), ("restored", 1, "open again")]
    assert events(service) == kinds


def test_the_pipeline_does_not_bring_it_back(run: Run, service: Service) -> None:
    run("retire", "stones")
    project.crown("stones", "xgboost")
    service.look()
    assert version_store.champions(service.database)["stones"] == 2
    assert_refused(service.predict(), 410)
    run("restore", "stones")
    assert service.predict().json["model"]["version"] == 2


def test_no_rule_trains_it(run: Run, service: Service) -> None:
    truths.rule("stones", retrain={"after_labels": 1, "debounce": "0s"})
    service.post("/v1/stones/labels", TRUTH)
    run("retire", "stones")
    with service.database:
        from app.registry.datasets.live_config import LiveConfig

        configured = LiveConfig(service.settings.folder())
        configured.refresh()
        assert configured.get("stones").retrain is not None
        RetrainTrigger(service.database, configured).look()
    assert service.ask("/v1/stones/trainings").json["trainings"] == []
    with service.database:
        version_store.tell(service.database, "stones", 1, kind="restored", by="me", why="")
        RetrainTrigger(service.database, configured).look()
    assert len(service.ask("/v1/stones/trainings").json["trainings"]) == 1


def test_its_labels_may_still_be_deleted(run: Run, service: Service) -> None:
    service.post("/v1/stones/labels", TRUTH)
    (label,) = service.rows(Label)
    run("retire", "stones")
    assert service.ask(f"/v1/stones/labels/{label['id']}", "DELETE").status_code in (200, 204)


def test_one_that_conf_has_lost_is_read_as_it_was_trained(run: Run, service: Service) -> None:
    (service.post("/v1/stones/labels", TRUTH))
    run("retire", "stones")
    for path in project.Path("conf/dataset").glob("stones.yaml"):
        path.unlink()
    project.tell_verdict("stones", "linear", "0" * 64)
    service.look()
    assert len(service.ask("/v1/stones/labels").json["labels"]) == 1
    assert service.ask("/v1/stones/models").json["count"] == 2
    assert_refused(service.predict(), 410)
    assert service.ask("/readyz").status_code == 200
    assert "stones" in run("list")


def test_another_name_lists_those_that_there_are(run: Run) -> None:
    with pytest.raises(UserError) as caught:
        run("retire", "stone")
    assert caught.value.choices == ["debts", "ghosts", "notes", "stones"]
    assert caught.value.fix == "did you mean 'stones'?"


def test_one_that_was_never_trained_may_be_retired(run: Run, service: Service) -> None:
    assert "0 version(s)" in run("retire", "ghosts")
    assert_refused(service.post("/v1/ghosts/labels", {}), 410)
    assert "no version of it serves yet" in run("restore", "ghosts")
