"""History: the versions over time, two of them side by side, and who is to serve."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from app.auth import keys
from app.dashboard.rendering import figure
from src.config import paths
from src.inference import held_out
from tests.app import project
from tests.app.dashboard.browser import Dialog, expect
from tests.app.dashboard.conftest import WIDTHS
from tests.app.dashboard.visitor import Visitor
from tests.app.labels import truths
from tests.app.server import Server
from tests.app.service import Result, Service

HTML = {"Accept": "text/html"}
PATH = "/datasets/stones/history"
NASTY = "<script>alert('here')</script>"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def page(service: Service, path: str = PATH, **words: Any) -> str:
    answer = show(service, path, **words)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def show(service: Service, path: str = PATH, key: str | None = None) -> Result:
    asked = {**HTML, "Authorization": f"Bearer {key}"} if key else HTML
    return service.ask(path, headers=asked)


def versions(told: str) -> list[str]:
    """Return the versions of the table, in its order."""
    return re.findall(r'aria-label="Version (\d+) on the left"', told)


def drawn_over(told: str) -> Any:
    """Return the field on the horizontal axis of the chart."""
    spec = json.loads(told.partition('<script type="application/json">')[2].partition("<")[0])
    return spec["layer"][0]["encoding"]["x"]["field"]


def test_two_versions_are_chosen_and_compared(visitor: Visitor) -> None:
    visitor.go(PATH)
    visitor.page.get_by_role("link", name="by commit").click()
    expect(visitor.find("tbody tr").first).to_contain_text("xgboost")
    visitor.check("history")
    visitor.page.get_by_label("Model", exact=True).select_option("linear")
    visitor.page.get_by_role("button", name="Show").click()
    expect(visitor.page.get_by_text("1 of 2 versions")).to_be_visible()
    visitor.go(PATH)
    visitor.page.get_by_role("radio", name="Version 2 on the left").check()
    visitor.page.get_by_role("radio", name="Version 1 on the right").check()
    visitor.page.get_by_role("button", name="Compare the two").click()
    expect(visitor.find("h1")).to_have_text("Version 2 beside version 1")
    row = visitor.find("tr").filter(has_text="model.params.n_estimators")
    expect(row.locator("td")).to_have_text(["5", "\N{EN DASH}"])
    expect(visitor.page.get_by_role("img", name="What version 2 answers")).to_be_visible()
    expect(visitor.page.get_by_role("table").last.locator("tbody tr")).to_have_count(20)
    visitor.check("compare")


def test_a_version_against_the_gate_is_let_through_and_rolled_back(
    visitor: Visitor, site: Server
) -> None:
    if visitor.width == WIDTHS[0]:
        path = site.log.parent / "home" / "conf" / "dataset" / "stones.yaml"
        project.dump(path, {**project.STONES, "gate": truths.PASSED_BY_LINEAR})
        site.wait_until(
            lambda: not site.ask("GET", "/v1/stones/models/2")[1]["gate"]["passed"], "it is read"
        )
    visitor.go(f"{PATH}/2")
    expect(visitor.find("#promote")).to_contain_text("mae 1985.08 is above 500")
    visitor.check("version")
    if visitor.width != WIDTHS[0]:
        return
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    visitor.page.on("dialog", agree)
    visitor.page.get_by_label("Why it may serve").fill("no better one")
    button = visitor.page.get_by_role("button", name="against the gate")
    button.click()
    expect(visitor.find("#promote")).not_to_contain_text("answers every prediction")
    visitor.page.get_by_label("Override the gate").check()
    button.click()
    expect(visitor.find("#promote")).to_contain_text("answers every prediction")
    assert len(asked) == 1
    expect(visitor.find("main")).not_to_contain_text("Compare with the champion")
    visitor.go(PATH)
    expect(visitor.find("tbody tr").first).to_contain_text("champion")
    expect(visitor.find("#events")).to_contain_text("no better one")
    expect(visitor.page.get_by_role("link", name="let it serve again")).to_have_count(1)
    visitor.page.get_by_label("Why").fill("complaints")
    visitor.page.get_by_role("button", name="Roll back to version 1").click()
    expect(visitor.find("#events")).to_contain_text("complaints")
    event = site.ask("GET", "/v1/stones/models")[1]["events"][0]
    assert (event["kind"], event["number"], event["why"]) == ("rollback", 1, "complaints")


@on_sqlite
def test_versions_are_filtered(service: Service) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    service.look()
    assert versions(page(service)) == ["2", "1"]
    for query, found in (
        ("model=linear", ["1"]),
        ("model=xgboost&state=misses+the+gate", ["2"]),
        ("state=passes+the+gate", ["1"]),
        ("state=champion", ["1"]),
        ("state=never+served", ["2"]),
        ("state=champion+before", []),
        ("model=&state=", ["2", "1"]),
        ("model=none", []),
    ):
        told = page(service, f"{PATH}?{query}")
        assert versions(told) == found, query
        assert f"{len(found)} of 2 versions" in told
    assert "No version passes this filter" in told
    assert "mae 1985.08 is above 500" in page(service)
    for axis, field in (("version", "version"), ("time", "at"), ("commit", "commit")):
        assert drawn_over(page(service, f"{PATH}?by={axis}")) == field


@on_sqlite
def test_events_are_told_and_what_they_say_is_no_element(service: Service) -> None:
    service.post("/v1/stones/champion", {"version": 2, "why": NASTY})
    for path in (PATH, f"{PATH}/2"):
        assert NASTY not in show(service, path).text
        assert NASTY in page(service, path)
    told = page(service)
    assert "Roll back to version 1" in told, "though this worker has not looked yet"
    assert "answers every prediction" in page(service, f"{PATH}/2")


@on_sqlite
def test_who_promotes_sees_what_both_reach(service: Service) -> None:
    models = service.ask("/v1/stones/models").json["versions"]
    mae = {one["version"]: figure(one["metrics"]["test"]["mae"]) for one in models}
    told = page(service, f"{PATH}/2")
    question = f"Let version 2 (mae {mae[2]}) serve in place of version 1 (mae {mae[1]})?"
    assert f'data-confirm="{question}"' in told
    assert f"<strong>{mae[2]}</strong>, version 1 <strong>{mae[1]}</strong>" in told
    assert "mae on its held-out rows" not in page(service, f"{PATH}/1")


@on_sqlite
@pytest.mark.parametrize("dataset", project.MODELS)
def test_every_task_has_its_version_and_its_comparison(service: Service, dataset: str) -> None:
    base = f"/datasets/{dataset}/history"
    told = page(service, f"{base}/1")
    assert "Costliest errors" in told
    assert "Origin" in told
    assert ("true positives" in told) == (dataset == "debts")
    told = page(service, f"{base}/1/2")
    assert "Both predicted the same" in told
    assert ("they name the same class" in told) == (dataset != "stones")
    assert "Their configurations are identical" in page(service, f"{base}/2/2")


@on_sqlite
def test_a_bundle_of_before_says_that_its_rows_were_not_kept(home: Any, make_service: Any) -> None:
    path = paths.BUNDLES / "stones" / "linear"
    project.retell(path, "manifest.json", lambda told: told["files"].pop(held_out.NAME))
    told = page(make_service(), f"{PATH}/1")
    assert "held-out rows were not kept" in told


@on_sqlite
def test_what_was_found_of_a_version_is_told_with_what_to_do(home: Any, make_service: Any) -> None:
    project.leak()
    service = make_service()
    told = page(service, f"{PATH}/1")
    assert "What was found" in told
    assert "carat alone tells <99%> of price." in told
    assert "What to do: take it out of features." in told
    assert "What was found" not in page(service, f"{PATH}/2")


@on_sqlite
def test_without_a_version_there_is_a_way_to_one(service: Service) -> None:
    told = page(service, "/datasets/ghosts/history")
    assert "No versions yet" in told
    assert "/datasets/ghosts/train" in told


@on_sqlite
def test_what_a_key_may_not_is_not_offered(service: Service) -> None:
    service.post("/v1/stones/champion", {"version": 2})
    service.look()
    assert "POST /v1/stones/champion" in page(service)
    assert "POST /v1/stones/champion" in page(service, f"{PATH}/1")
    key = keys.create(service.database, "asker", ["predict"])
    service.look()
    for path in (PATH, f"{PATH}/1"):
        told = page(service, path, key=key)
        assert "POST /v1/stones/champion" not in told
        assert "/train" not in told.replace("/trainings", "")


@on_sqlite
def test_two_that_are_chosen_lead_to_their_comparison(service: Service) -> None:
    answer = show(service, f"{PATH}?by=time&a=2&b=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{PATH}/2/1"
    for path in ("9", "1/9", "x", "x/1"):
        assert show(service, f"{PATH}/{path}").status_code == 404
    answer = show(service, "/datasets/stoens/history")
    assert answer.status_code == 404
    assert "did you mean &#39;stones&#39;?" in answer.text
