"""A dataset that says how to decide, from its YAML to answers, live figures and pages."""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.predictions import answers
from src import champion, compose, prepare
from src.config import paths
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.decision import Decision, sureness
from src.inference import bundle
from src.runs import training
from src.support.structs import convert
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.labels import truths
from tests.app.service import Service
from tests.app.warned import codes, messages

DECIDE = {"cost": {"false_positive": 1, "false_negative": 5}}
RULES = {"decide": DECIDE, "abstain": {"share": 0.2}, "metric": "f1"}
PATH = "/v1/debts"
MANY = [{"amount": float(amount), "owner": "north", "days": 3} for amount in range(20, 1000, 20)]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def decided(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose debts were trained by a YAML that decides."""
    folder = tmp_path_factory.mktemp("decided")
    project.copy(trained, folder)
    with contextlib.chdir(folder):
        truths.rule("debts", **RULES)
        compose.compose()
        prepare.prepare("debts")
        for model in project.MODELS["debts"]:
            training.tracked(f"debts-{model}")
        champion.crown()
        project.crown("debts", "logistic")
    return folder


@pytest.fixture
def manifest(decided: Path, home: Path) -> dict[str, Any]:
    """Stand in a copy of that project, and return the manifest of its champion."""
    for part in project.PARTS:
        shutil.rmtree(home / part)
    project.copy(decided, home)
    return bundle.read_manifest(paths.BUNDLES / "debts" / "logistic")


@pytest.fixture
def deciding(manifest: dict[str, Any], make_service: MakeService) -> Service:
    """Start a service whose champion of the debts decides."""
    return make_service()


def decision(manifest: dict[str, Any]) -> Decision:
    return Decision.of(manifest)


def test_the_bundle_and_the_committed_figures_are_by_the_threshold(
    manifest: dict[str, Any],
) -> None:
    made = decision(manifest)
    assert made.threshold is not None
    assert 0 < made.threshold < 0.5
    committed = json.loads(Path("metrics/debts/logistic.json").read_text())
    assert committed["test"] == manifest["metrics"]["test"]
    assert {"cost", "abstained", "f1_answered"} <= set(committed["test"])
    held_out = json.loads((paths.BUNDLES / "debts/logistic/held_out.json").read_text())
    assert held_out["total"] == len(held_out["sample"])
    called = [row["predicted"] for row in held_out["sample"]]
    recall = manifest["details"]["per_class"]["1"]["recall"]
    actual = [row["actual"] for row in held_out["sample"]]
    found = sum(a == p == "1" for a, p in zip(actual, called, strict=True))
    assert found / actual.count("1") == pytest.approx(recall, rel=1e-5)
    lines = (paths.BUNDLES / "debts/logistic/predictions.csv").read_text().splitlines()[1:]
    assert sorted(called) == sorted(line.split(",")[1] for line in lines)
    table = manifest["details"]["confusion"]
    costs = table[0][1] + 5 * table[1][0]
    assert committed["test"]["cost"] == pytest.approx(costs / len(lines), rel=1e-5)


@on_sqlite
def test_an_answer_follows_the_threshold_and_says_it(
    deciding: Service, manifest: dict[str, Any]
) -> None:
    made = decision(manifest)
    answers = deciding.predict("debts", MANY, params={"explain": "true"}).json
    asks = 0
    for answer in answers:
        chance = answer["probabilities"]["1"]
        assert answer["threshold"] == made.threshold
        assert answer["late"] == int(chance >= made.threshold)
        assert answer["probability"] == answer["probabilities"][str(answer["late"])]
        low, high = made.band or (0, 0)
        assert answer["abstains"] == (low < chance < high)
        assert ("abstained" in codes(answer)) == answer["abstains"]
        assert any("Ask a person" in said for said in messages(answer)) == answer["abstains"]
        asks += answer["abstains"]
        why = answer["why"]
        total = why["base"] + sum(part["contribution"] for part in why["contributions"])
        assert total == pytest.approx(answer["probability"])
    assert 0 < asks < len(answers) / 2
    unlikely = [one for one in answers if one["late"] == 1 and one["probability"] < 0.5]
    assert unlikely  # answered for what it would cost to miss
    alone = deciding.predict("debts", MANY[0]).json
    assert alone["threshold"] == made.threshold


@on_sqlite
def test_a_csv_has_them_in_columns(deciding: Service) -> None:
    text = "amount,owner,days\n" + "".join(f"{one['amount']},north,3\n" for one in MANY)
    headers = {"Content-Type": "text/csv"}
    answer = deciding.ask(f"{PATH}/predictions", "POST", body=text, headers=headers)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0])[3:] == [
        *("predicted_late", "probability", "likely", "threshold", "abstains", "warnings", "id")
    ]
    assert {row["abstains"] for row in rows} == {"true", "false"}
    for row in rows:
        assert ("abstained" in row["warnings"].split(";")) == (row["abstains"] == "true")
    assert len({row["threshold"] for row in rows}) == 1


@on_sqlite
def test_the_api_describes_it_of_this_dataset_alone(deciding: Service) -> None:
    schemas = deciding.ask("/openapi.json").json["components"]["schemas"]
    told = schemas["debts_prediction"]
    assert {"threshold", "abstains"} <= set(told["properties"])
    assert {"threshold", "abstains"} <= set(told["required"])
    assert "threshold" not in schemas["notes_prediction"]["properties"]


@on_sqlite
def test_a_version_tells_by_what_it_was_chosen(deciding: Service, manifest: dict[str, Any]) -> None:
    number = deciding.ask(f"{PATH}/models").json["champion"]
    told = deciding.ask(f"{PATH}/models/{number}").json
    assert told["decided"]["threshold"] == manifest["decision"]["threshold"]
    assert told["decided"]["positive"] == "1"
    assert told["decided"]["by"].startswith("the least cost: 1 a false positive, 5")
    assert told["decided"]["curve"] == manifest["decision"]["curve"]
    assert told["confusion"]["matrix"] == manifest["details"]["confusion"]
    other = deciding.ask("/v1/notes/models/1").json
    assert "decided" not in other


@on_sqlite
def test_live_figures_are_by_the_threshold(deciding: Service, manifest: dict[str, Any]) -> None:
    answers = deciding.predict("debts", MANY).json
    truth = [int(one["amount"] > 400) for one in MANY]
    for answer, true in zip(answers, truth, strict=True):
        path = f"{PATH}/predictions/{answer['id']}/label"
        assert deciding.ask(path, "PUT", json={"late": true}).status_code in (200, 201)
    (line,) = deciding.ask(f"{PATH}/scoreboard").json["versions"]
    output = [list(one["probabilities"].values()) for one in answers]
    made = decision(manifest)
    known = measures.evaluate(
        "binary", *(measures.np.array(one) for one in (truth, output)), None, made
    )
    assert {name: one["value"] for name, one in line["metrics"].items()} == known
    plain = measures.evaluate("binary", *(measures.np.array(one) for one in (truth, output)))
    assert known["recall"] > plain["recall"]
    assert line["held_out"].keys() == line["metrics"].keys()


@on_sqlite
def test_what_a_person_is_asked_about_is_worth_a_label_first(
    deciding: Service, manifest: dict[str, Any]
) -> None:
    answers = deciding.predict("debts", MANY).json
    found = deciding.ask(f"{PATH}/uncertain", params={"limit": "40"}).json
    assert "threshold" in found["measure"]
    asks = [one["answer"]["abstains"] for one in found["predictions"]]
    count = sum(one["abstains"] for one in answers)
    assert asks == [True] * count + [False] * (len(asks) - count)
    threshold = decision(manifest).threshold
    unsure = [
        1 - float(sureness(threshold, one["answer"]["probabilities"]["1"]))
        for one in found["predictions"]
    ]
    assert [one["unsure"] for one in found["predictions"]] == pytest.approx(unsure, abs=1e-4)
    assert unsure[:count] == sorted(unsure[:count], reverse=True)


@on_sqlite
def test_two_versions_are_compared_by_their_own_thresholds(deciding: Service) -> None:
    one, other = (deciding.ask(f"{PATH}/models/{number}").json for number in (1, 2))
    rows = deciding.ask(f"{PATH}/models/1/compare/2").json["rows"]
    for row in rows["most"]:
        for side, version in (("a", one), ("b", other)):
            chosen = int(row[side]["positive"] >= version["decided"]["threshold"])
            assert row[side]["value"] == str(chosen)


@on_sqlite
def test_the_page_of_a_version_shows_the_curve(deciding: Service) -> None:
    number = deciding.ask(f"{PATH}/models").json["champion"]
    headers = {"Accept": "text/html"}
    path = f"/datasets/debts/history/{number}"
    told = html.unescape(deciding.ask(path, headers=headers).text)
    assert "Decision" in told
    assert "the least cost: 1 a false positive, 5 a false negative" in told
    assert "it says to ask a person" in told
    assert "from this probability on an answer is positive" in told
    assert "Decision" not in deciding.ask("/datasets/notes/history/1", headers=headers).text
    answer = next(one for one in deciding.predict("debts", MANY).json if one["abstains"])
    receipt = deciding.ask(f"/datasets/debts/predictions/{answer['id']}", headers=headers).text
    assert "Ask a person" in receipt
    assert "is not sure: its best guess" not in receipt


@on_sqlite
def test_the_gate_limits_the_share_that_is_left_to_people(
    manifest: dict[str, Any], make_service: MakeService
) -> None:
    share = manifest["metrics"]["test"]["abstained"]
    assert 0 < share < 1
    truths.rule("debts", **RULES, gate={"abstained": {"max": share / 2}})
    verdict = make_service().ask(f"{PATH}/models").json["versions"][-1]["gate"]
    assert not verdict["passed"]
    assert verdict["missed"][0].startswith("abstained")


def test_a_target_of_the_same_name_stands_beside_it(load_serving: Any) -> None:
    def rename(manifest: Any) -> None:
        manifest["config"]["dataset"]["target"]["name"] = "threshold"
        manifest["decision"] = {"threshold": 0.3}

    one = load_serving("debts", "logistic", rename)
    answer = answers.example(one, one.example())
    assert answer["threshold"] == 0.3
    assert answer["predicted_threshold"] in (0, 1)


def test_bundles_of_before_take_the_likeliest(load_serving: Any) -> None:
    one = load_serving("debts", "logistic")
    assert "decision" not in one.version.manifest
    assert one.decision == Decision()
    convert(one.version.manifest["config"]["dataset"], Dataset)
