"""Names and classes that nobody expects come back letter by letter, wherever they are told."""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from app.dashboard.explore import SHOWN
from app.records import target_keys
from app.settings import Settings
from app.trainings.rows import snapshot, training_rows
from src.config import paths
from src.data import cleaning, sources
from src.data.schema import Dataset
from src.support.structs import convert
from tests.app import odd_names
from tests.app.odd_names import CLASSES, DATASETS, record
from tests.app.service import Service

pytestmark = pytest.mark.slow  # three trainings
every = pytest.mark.parametrize("name", list(DATASETS))
TRUTHS: dict[str, Any] = {"numbers": 25.5, "kinds": CLASSES[2], "sides": "@2, or so"}
KEYS = {"numbers": "predicted_model", "kinds": "predicted_id", "sides": "record"}
TRUE = {"numbers": "model", "kinds": "true_id", "sides": "true_record"}
PAGES = ("", "/predict", "/predictions/{id}", "/train", "/history", "/history/1", "/labels")
CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project, as its pipeline leaves it."""
    folder = tmp_path_factory.mktemp("odd")
    odd_names.make(folder)
    return folder


@pytest.fixture(scope="module")
def shared(odd: Path) -> Iterator[Service]:
    settings = Settings(var=str(odd / "var"), disk_floor=0.0)
    with contextlib.chdir(odd), closing(Service(settings)) as service:
        yield service


@pytest.fixture
def service(odd: Path, shared: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.chdir(odd)
    shared.empty_log()
    return shared


def target(name: str) -> str:
    return str(DATASETS[name]["target"]["name"])


def columns(name: str) -> list[str]:
    return [*DATASETS[name]["features"], target(name)]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def predict(service: Service, name: str, **words: Any) -> dict[str, Any]:
    answer = service.predict(name, record(name), **words)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def refusals(service: Service, name: str, body: str, headers: dict[str, str]) -> Any:
    answer = service.ask(f"/v1/{name}/labels", "POST", body=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


@every
def test_the_prediction_stands_where_nothing_else_does(service: Service, name: str) -> None:
    answer = predict(service, name, params={"explain": "true"})
    value = answer.pop(KEYS[name])
    assert isinstance(value, float) if name == "numbers" else value in answer["probabilities"]
    own = {*target_keys.OF_ANSWERS, *target_keys.OF_CLASSES}
    assert set(answer) <= own
    assert answer["model"]["version"] == 1
    described = {part["feature"] for part in answer["why"]["contributions"]}
    assert described <= set(DATASETS[name]["features"])
    assert set(answer.get("probabilities", CLASSES)) >= {"a, b"} or name == "sides"


@every
def test_a_receipt_and_the_log_have_the_record_as_it_was_sent(service: Service, name: str) -> None:
    answer = predict(service, name)
    receipt = service.ask(f"/v1/{name}/predictions/{answer['id']}").json
    assert receipt["record"] == record(name)
    assert receipt["answer"] == answer
    (listed,) = service.ask(f"/v1/{name}/predictions").json["predictions"]
    assert list(listed["record"]) == list(DATASETS[name]["features"])
    logged = service.ask(f"/v1/requests/{receipt['request']}").json
    assert (logged["request_body"], logged["response_body"]) == (record(name), answer)


@every
def test_answers_as_a_csv_keep_names_and_classes(service: Service, name: str) -> None:
    text = odd_names.table(DATASETS[name])
    answer = service.ask(f"/v1/{name}/predictions", "POST", body=text, headers=CSV)
    assert answer.status_code == 200, answer.text
    header, *found = rows(answer.content.decode())
    came, *sent = rows(text)
    assert header[: len(came)] == came
    assert len(set(header)) == len(header)
    at = header.index(f"predicted_{target(name)}", len(came))
    one = service.predict(name, record(name)).json
    known = set(one.get("probabilities", ()))
    assert len(found) == len(sent)
    for row in found:
        assert len(row) == len(header)
        assert name == "numbers" or row[at] in known
    assert name != "kinds" or {row[at] for row in found} == set(CLASSES)


@every
def test_similar_rows_tell_records_and_their_truth(service: Service, name: str) -> None:
    how, sent = DATASETS[name]["similar"], record(name)
    asked = {one: sent[one] for one in [*how["same"], how["nearest"]]}
    answer = service.post(f"/v1/{name}/similar", {"record": asked, "n": 2})
    assert answer.status_code == 200, answer.text
    key = "true_record" if name == "sides" else target(name)
    for row in answer.json["similar"]:
        assert set(row) == {"record", key, "distance"}
        assert name == "numbers" or row[key] in (*CLASSES, "-1", "@2, or so")
        names = {one for one, kind in DATASETS[name]["features"].items() if kind["type"] != "text"}
        assert set(row["record"]) == names


@every
def test_labels_come_back_and_can_be_posted_again(service: Service, name: str) -> None:
    label = {**record(name), target(name): TRUTHS[name]}
    assert service.post(f"/v1/{name}/labels", label).status_code == 200
    (stored,) = service.ask(f"/v1/{name}/labels", params={"limit": 1}).json["labels"]
    assert stored["record"] == record(name)
    assert stored[TRUE[name]] == TRUTHS[name]
    assert len(stored) == 6
    found = service.ask(f"/v1/{name}/labels", params={"value": str(TRUTHS[name])}).json["labels"]
    assert stored in found
    text = odd_names.table(DATASETS[name])
    assert refusals(service, name, text, CSV)["refused"] == 0
    table = service.ask(f"/v1/{name}/labels", params={"format": "csv"}).content.decode()
    assert rows(table)[0][: len(columns(name))] == columns(name)
    assert refusals(service, name, table, CSV)["refused"] == 0
    lines = service.ask(f"/v1/{name}/labels", params={"format": "ndjson"}).content.decode()
    assert json.loads(lines.split("\n")[0]) == label
    assert refusals(service, name, lines, NDJSON)["refused"] == 0
    again = service.ask(f"/v1/{name}/labels", params={"format": "csv"}).content.decode()
    width = len(columns(name))
    every, half = ([row[:width] for row in rows(one)[1:]] for one in (again, table))
    assert every[: len(half)] == every[len(half) : 2 * len(half)] == half


@every
def test_rows_to_train_on_are_those_of_the_labels(
    service: Service, name: str, tmp_path: Path
) -> None:
    text = odd_names.table(DATASETS[name])
    dataset = convert(DATASETS[name], Dataset)
    assert refusals(service, name, text, CSV)["refused"] == 0
    with service.database:
        gathered = training_rows.gather(service.database, dataset, "labels")
    assert list(gathered.frame) == columns(name)
    snapshot._write(gathered.frame, tmp_path / "rows.csv", dataset)
    read = sources.read(
        str(tmp_path / "rows.csv"), separator=",", encoding="utf-8", columns=dataset.columns()
    )
    came = dict(zip(columns(name), zip(*rows(text)[1:], strict=True), strict=True))
    texts = [one for one in columns(name) if not re.fullmatch(r"[-0-9.]+", came[one][0])]
    for one in texts:
        # Other tests have posted labels of their own.
        assert set(came[one]) <= set(read.frame[one])
    assert texts
    cleaned = cleaning.clean(read.frame, msgspec.structs.replace(dataset, duplicates="keep"))
    assert cleaned.rejected.empty


@every
def test_the_truth_of_a_prediction_is_told(service: Service, name: str) -> None:
    answer = predict(service, name)
    path = f"/v1/{name}/predictions/{answer['id']}/label"
    told = service.ask(
        path,
        "PUT",
        body=json.dumps({target(name): TRUTHS[name]}),
        headers={"Content-Type": "application/json"},
    )
    assert told.json[TRUE[name]] == TRUTHS[name]
    page = service.ask(f"/datasets/{name}/predictions/{answer['id']}").text
    assert f"The truth: {TRUTHS[name]}." in html.unescape(re.sub(r"<[^>]+>", "", page))
    scores = service.ask(f"/v1/{name}/scoreboard").json
    assert sum(one["labels"] for one in scores["versions"]) > 0


@every
def test_the_document_describes_what_is_sent_and_answered(service: Service, name: str) -> None:
    document = service.ask("/openapi.json").json
    schemas = document["components"]["schemas"]
    answer = predict(service, name, params={"explain": "true"})
    for kind, one in (("record", record(name)), ("prediction", answer)):
        schema = {"$ref": f"#/components/schemas/{name}_{kind}", "components": {"schemas": schemas}}
        jsonschema_rs.validate(schema, one)
        assert set(one) <= set(schemas[f"{name}_{kind}"]["properties"])
    (stored,) = service.ask(f"/v1/{name}/labels", params={"limit": 1}).json["labels"] or [None]
    if stored is not None:
        assert set(stored) <= set(schemas[f"{name}_stored_label"]["properties"])


@every
def test_profile_card_and_rows_have_all_names(service: Service, name: str) -> None:
    profile = service.ask(f"/v1/{name}/profile").json
    assert {one["name"] for one in profile["columns"]} == set(columns(name))
    version = service.ask(f"/v1/{name}/models/1").json
    features = set(DATASETS[name]["features"])
    for row in version["held_out"]["worst"]:
        assert set(row["record"]) == features
    if name == "kinds":
        assert set(version["per_class"]) == set(CLASSES)
    card = service.ask(f"/v1/{name}/models/1/card").json
    assert {one["feature"] for one in card["effects"]} <= features
    with (paths.METRICS / name / f"{odd_names.MODELS[name]}.csv").open(newline="") as file:
        drawn = list(csv.DictReader(file))
    assert set(drawn[0]) == {"actual", "predicted"}
    assert name != "kinds" or {row["actual"] for row in drawn} <= set(CLASSES)


@every
@pytest.mark.parametrize("path", PAGES)
def test_each_page_writes_names_as_text(service: Service, name: str, path: str) -> None:
    answer = predict(service, name)
    page = service.ask(f"/datasets/{name}{path.format(**answer)}")
    assert page.status_code == 200, page.text[:500]
    text = page.text + ("" if path else explored_further(service, name))
    for sign in ("<b>bold", "<i>c"):
        assert sign not in text
    seen = html.unescape(text)
    # The page of a version names columns where it shows errors, of which some have none.
    is_named = path not in ("/train", "/history") and (name, path) != ("kinds", "/history/1")
    wanted = columns(name) if is_named else []
    assert [one for one in wanted if one not in seen] == []


def explored_further(service: Service, name: str) -> str:
    """Return Explore's pages after the first one, which shows some of many features."""
    text, cursor = "", ""
    while True:
        profile = service.ask(f"/v1/{name}/profile?limit={SHOWN}{cursor}").json
        if profile["page"].get("next") is None:
            return text
        cursor = f"&cursor={profile['page']['next']}"
        text += service.ask(f"/datasets/{name}?{cursor[1:]}").text
