"""Train: chosen by clicks, followed while it runs, and read when it is over."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest

from app.auth import keys
from app.dashboard import train
from app.registry import store as version_store
from app.trainings import store as training_store
from app.trainings.workspace import Workspace
from tests.app import project
from tests.app.dashboard.browser import expect
from tests.app.dashboard.conftest import WIDTHS
from tests.app.dashboard.visitor import Visitor
from tests.app.labels import truths
from tests.app.server import Server
from tests.app.service import Result, Service
from tests.app.trainings.jobs import ask

HTML = {"Accept": "text/html"}
PATH = "/datasets/debts/train"
NASTY = "<script>alert('here')</script>"
LONGEST = 90_000  # milliseconds that a training may take: it lets everybody else go first
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def page(service: Service, path: str = PATH, **words: Any) -> str:
    answer = show(service, path, **words)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def show(service: Service, path: str = PATH, key: str | None = None) -> Result:
    asked = {**HTML, "Authorization": f"Bearer {key}"} if key else HTML
    return service.ask(path, headers=asked)


def running(service: Service, **words: Any) -> str:
    number = ask(service.database, **words)
    training_store.claim(service.database, number, 99)
    return number


def trained(site: Server, dataset: str, model: str) -> str:
    """Train by the API, as a script would; return its id."""
    path = f"/v1/{dataset}/trainings"
    number = site.ask("POST", path, {"model": model, "name": NASTY})[1]["id"]
    site.wait_until(lambda: site.ask("GET", f"{path}/{number}")[1]["state"] == "done", "it ends")
    return str(number)


@pytest.fixture(scope="module")
def regression(site: Server) -> str:
    """Train on labels too, of which enough are held out to compare with the champion."""
    labels = [
        {"carat": at / 50, "facets": 57, "cut": "Good", "price": 70 * at} for at in range(1, 101)
    ]
    posted = site.ask("POST", "/v1/stones/labels", labels)[1]
    assert posted["stored"] == 100, posted
    return trained(site, "stones", "ridge")


@pytest.fixture(scope="module")
def multiclass(site: Server) -> str:
    return trained(site, "notes", "naive_bayes")


def test_several_models_are_trained_by_clicks_and_one_is_promoted(
    visitor: Visitor, site: Server
) -> None:
    visitor.go(PATH)
    form = visitor.find("#ask")
    expect(form.get_by_label("Trials")).to_be_disabled()
    form.get_by_label("Search", exact=True).select_option("optuna")
    expect(form.get_by_label("Trials")).to_be_editable()
    form.get_by_label("Search", exact=True).select_option("none")
    if visitor.width != WIDTHS[0]:
        visitor.check("train")
        return
    for box in form.get_by_role("checkbox").all():
        box.uncheck()
    form.get_by_role("button", name="Train").click()
    expect(form.get_by_role("alert")).to_contain_text("No model is chosen")
    for name in ("dummy", "logistic"):
        form.get_by_role("checkbox", name=name).check()
    form.get_by_label("the file alone").check()
    form.get_by_label("Name").fill(NASTY)
    form.get_by_role("button", name="Train").click()
    rows = visitor.find("#trainings tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="queued").or_(rows.filter(has_text="running"))).not_to_have_count(0)
    expect(rows.filter(has_text="done")).to_have_count(2, timeout=LONGEST)
    expect(rows.first).to_contain_text(NASTY)
    visitor.check("train")
    visitor.find("#trainings").get_by_role("link", name="dummy").click()
    expect(visitor.find("table.confusion")).to_contain_text("true negatives")
    expect(visitor.find("#promote")).to_contain_text("Version 1 serves; this is version")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.page.get_by_label("Why").fill("to see it")
    visitor.page.get_by_role("button", name="Promote").click()
    expect(visitor.find("#promote")).to_contain_text("answers every prediction")
    event = site.ask("GET", "/v1/debts/models")[1]["events"][0]
    assert (event["kind"], event["why"]) == ("promote", "to see it")
    visitor.check("training-binary")


def test_a_finished_regression_tells_all_of_it(visitor: Visitor, regression: str) -> None:
    visitor.go(f"/datasets/stones/train/{regression}")
    expect(visitor.find("h1")).to_contain_text(NASTY)
    expect(visitor.find("main")).to_contain_text("beside the champion, version 1")
    expect(visitor.page.get_by_role("img", name="Actual against predicted")).to_be_visible()
    worst = visitor.page.get_by_role("table").filter(has_text="Off by").locator("tbody tr")
    expect(worst).to_have_count(20)
    expect(worst.first).to_contain_text("Good")
    expect(visitor.page.get_by_role("img", name="How much better it is")).to_be_visible()
    visitor.check("training-regression")


def test_a_finished_multiclass_tells_which_is_taken_for_which(
    visitor: Visitor, multiclass: str
) -> None:
    visitor.go(f"/datasets/notes/train/{multiclass}")
    visitor.page.get_by_text("The numbers: rows are what was true").click()
    table = visitor.page.get_by_role("region", name="Confusion matrix")
    expect(table.get_by_role("rowheader")).to_have_text(["garden", "kitchen", "office"])
    visitor.check("training-multiclass")


def test_one_that_runs_is_followed_and_cancelled(visitor: Visitor, site: Server) -> None:
    if visitor.width == WIDTHS[0]:
        return  # there it is followed in the list
    endless = {"model": "xgboost", "search": "optuna", "trials": 1000}
    number = site.ask("POST", "/v1/stones/trainings", endless)[1]["id"]
    visitor.go(f"/datasets/stones/train/{number}")
    expect(visitor.find("#training")).to_contain_text("running", timeout=LONGEST)
    expect(visitor.find("pre")).to_contain_text("reading (2)", timeout=LONGEST)
    visitor.check("training-running")
    visitor.page.get_by_role("button", name="Cancel this training").click()
    expect(visitor.find("#training")).to_contain_text("cancelled by")
    expect(visitor.page.get_by_role("button", name="Cancel this training")).to_have_count(0)
    expect(visitor.find("#training[data-live]")).to_have_count(0)


@on_sqlite
def test_the_form_offers_what_fits_and_the_champions_model_is_ticked(service: Service) -> None:
    told = page(service, "/datasets/notes/train")
    usual = service.ask("/v1/notes/choices").json["usual"]
    for model in ("naive_bayes", "linear_svc"):
        assert (f'value="{model}" data-tunable="true" checked' in told) == (model == usual)
    assert 'value="linear"' not in told
    assert 'value="labels" disabled' in told
    service.post("/v1/notes/labels", {**project.NOTE, "room": "garden"})
    told = page(service, "/datasets/notes/train")
    assert "and 1 label<" in told
    assert 'value="labels" disabled' not in told
    assert "beats the champion's accuracy" in told
    truths.rule("notes", promote="manual")
    service.look()
    assert "Versions are promoted by hand" in page(service, "/datasets/notes/train")
    assert "No trainings yet" in page(service, "/datasets/ghosts/train")


@on_sqlite
@pytest.mark.usefixtures("serves_only")
def test_where_nothing_trains_no_form_is_offered(service: Service) -> None:
    number = ask(service.database)
    told = page(service)
    assert "This installation answers and does not train." in told
    assert "pip install -c constraints.txt '.[train]'" in told
    assert 'id="ask"' not in told
    assert number in told, "those of before are listed"


def test_the_states_of_what_goes_on_are_the_apis() -> None:
    ended = {
        training_store.DONE,
        training_store.FAILED,
        training_store.CANCELLED,
        training_store.LOST,
    }
    assert set(train.OPEN) == {*training_store.STATES} - ended


@on_sqlite
def test_states_are_told_and_only_what_is_open_is_read_anew(service: Service) -> None:
    waits = ask(service.database, name=NASTY, model="xgboost")
    assert NASTY not in show(service).text, "it is no element"
    told = page(service)
    assert NASTY in told
    assert 'data-live="1000"' in told
    assert f"DELETE /v1/debts/trainings/{waits}" in told
    assert "waiting in the queue" in page(service, f"{PATH}/{waits}")
    runs = running(service)
    progress = {"stage": "trials", "step": 3, "of": 9, "note": f"best {NASTY}"}
    training_store.tell(service.database, runs, progress=progress)
    place = Workspace(service.settings.folder(), runs)
    place.path.mkdir(parents=True)
    place.log.write_text(f"reading\n{NASTY}\n")
    path = f"{PATH}/{runs}"
    assert NASTY not in show(service, path).text
    told = page(service, path)
    for words in ("trials, 3 of 9", f"best {NASTY}", f"reading\n{NASTY}", 'value="3"', 'max="9"'):
        assert words in told
    for number in (waits, runs):
        training_store.cancel(service.database, number, "me")
    told = page(service)
    assert "data-live" not in told
    assert "cancelled by me" in told
    assert "DELETE" not in told
    assert "data-live" not in page(service, path)


@on_sqlite
def test_pages_of_trainings_follow_each_other(service: Service) -> None:
    for at in range(21):
        ask(service.database, name=f"number {at:02}")
    first = page(service)
    assert "number 01" in first
    assert "number 00" not in first
    cursor = first.partition("?cursor=")[2].partition('"')[0]
    second = page(service, f"{PATH}?cursor={cursor}")
    assert "number 00" in second
    assert "number 01" not in second
    assert "?cursor=" not in second


@on_sqlite
def test_a_key_that_may_train_only_sees_what_its_training_tells(service: Service) -> None:
    number = running(service)
    result = {
        "labels": {"total": 7},
        "rows": {"total": 160, "rejected": 0},
        "metrics": {"test": {"accuracy": 0.91}, "cv": {}, "rows": {"train": 100, "test": 60}},
        "gate": {"passed": True, "missed": []},
        "comparison": {"champion": 2, "note": "only 3 rows are new"},
        "promoted": False,
        "decision": "a person decides",
    }
    training_store.end(service.database, number, "done", result=result, version=1)
    key = keys.create(service.database, "trainer", ["train"])
    service.look()
    told = page(service, f"{PATH}/{number}", key=key)
    for words in ("0.91", "a person decides", "only 3 rows are new", "share of right answers"):
        assert words in told
    assert "Costliest errors" not in told or "not kept" in told
    assert "An administrator can let this version serve" in told
    assert "POST /v1/debts/champion" not in told
    assert json.loads(service.ask(f"/v1/debts/trainings/{number}").text)["status"] == 401


@on_sqlite
def test_the_labels_that_it_failed_by_are_shown_with_links(service: Service) -> None:
    def shown(**more: Any) -> str:
        number = running(service)
        result = {
            "labels": {"total": 7},
            "rows": {"total": 160, "rejected": 0},
            "metrics": {"test": {"accuracy": 0.51}, "cv": {}, "rows": {"train": 100, "test": 60}},
            "gate": {"passed": False, "missed": ["accuracy 0.51 is below 0.9"]},
            "comparison": None,
            "promoted": False,
            "decision": "it fails the gate: accuracy 0.51 is below 0.9",
            **more,
        }
        training_store.end(service.database, number, "done", result=result, version=1)
        assert NASTY not in show(service, f"{PATH}/{number}").text
        return page(service, f"{PATH}/{number}")

    says = f"without label {NASTY} accuracy would be 0.95, which passes"
    label = {"label": "some-id", "part": "test", "truth": "1", "predicted": "0", "says": says}
    told = shown(influence=[label])
    assert "Labels it failed by" in told
    assert says in told
    assert 'href="/datasets/debts/labels?label=some-id#browse"' in told
    number = {"label": "other", "part": "train", "truth": 400, "predicted": 19400.0, "says": ""}
    assert '<td class="number">19,400</td>' in shown(influence=[number])
    assert "No single label explains it" in shown(influence=[])
    assert "Labels it failed by" not in shown()


@on_sqlite
def test_whose_rows_it_learnt_from_is_shown_and_what_it_changes(service: Service) -> None:
    database = service.database
    number = running(service)
    own = {"trusted": False, "train": 1545, "test": 386, "judged": 386, "left_out": 4069}
    file = {"key": None, "trusted": True, "train": 1206, "test": 300, "judged": 301, "left_out": 0}
    without = {"key": NASTY, "rows": 301, "this": 0.61, "that": 0.92, "better_by": -0.31}
    result = {
        "labels": {"total": 1931},
        "rows": {"total": 3437, "rejected": 0},
        "metrics": {"test": {"accuracy": 0.91}, "cv": {}, "rows": {"train": 100, "test": 60}},
        "gate": {"passed": True, "missed": []},
        "comparison": {
            "champion": 2,
            "metric": "accuracy",
            "rows": 687,
            "left_out": 0,
            "this": 0.8,
            "that": 0.7,
            "better_by": 0.1,
            "low": 0.05,
            "high": 0.15,
            "is_better": True,
            "without": [{**without, "low": -0.4, "high": -0.2}],
        },
        "sources": [{"key": NASTY, **own}, file],
        "changes": [{"of": "file", "rows": 1501, "changed": 1454, "share": 0.968688}],
        "promoted": False,
        "waits": True,
        "decision": "it waits for a person: it changes much",
    }
    training_store.end(database, number, "done", result=result, version=2)
    version = version_store.get(database, "debts", 2)
    champion = version_store.get(database, "debts", 1)
    version_store.promote(database, champion, kind="promote", by="me", why="")
    version_store.wait(database, version, by="training 7", why="it changes much")
    service.look()
    for path in (f"{PATH}/{number}", "/datasets/debts/history", "/datasets/debts/history/2", "/"):
        assert NASTY not in show(service, path).text
    told = page(service, f"{PATH}/{number}")
    for words in ("4,069", "more than the labels of one key may be", "without the labels of one"):
        assert words in told
    assert "It changes 1,454 of 1,501 answers (96.9 %) on the file's rows." in told
    version_page = page(service, "/datasets/debts/history/2")
    for shown in (told, version_page):
        assert "This version waits for a person: it changes much." in shown
        assert "POST /v1/debts/champion" in shown
        assert "Promote version 2" in shown
    assert "waits for a person" not in page(service, "/datasets/debts/history/1")
    assert "Version 2</a> waits for a person since" in page(service, "/datasets/debts/history")
    assert "version 2 waits for a person" in page(service, "/")


@on_sqlite
def test_it_needs_the_scope_train_and_a_dataset_and_a_training(service: Service) -> None:
    answer = show(service, "/datasets/debst/train")
    assert answer.status_code == 404
    assert "did you mean &#39;debts&#39;?" in answer.text
    for number in ("x", "series"):  # the second is another path of the API
        assert show(service, f"{PATH}/{number}").status_code == 404
    key = keys.create(service.database, "asker", ["predict"])
    service.look()
    for path in (PATH, f"{PATH}/x"):
        assert show(service, path, key=key).status_code == 403
    assert show(service).status_code == 303, "to where one signs in"
