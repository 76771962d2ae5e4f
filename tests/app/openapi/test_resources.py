from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest

from app.auth import keys
from app.http import problems
from app.store.tables import Request
from src.config import configuration as configs
from src.config import paths
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.labels import truths
from tests.app.service import Service, assert_refused


def test_the_page_loads_only_what_is_served_here(service: Service) -> None:
    page = service.ask("/docs")
    assert page.headers["content-type"].startswith("text/html")
    found = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert found
    for path in found:
        if not path.startswith("data:"):
            answer = service.ask(urljoin("/docs", path))
            assert answer.status_code == 200, path
            assert len(answer.content) > 50
            assert "max-age" in answer.headers["cache-control"]


def test_the_page_may_load_nothing_else(service: Service) -> None:
    policy = service.ask("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_each_code_of_an_error_is_explained_under_its_type(service: Service) -> None:
    page = service.ask("/docs/problems")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    path, _, code = service.ask("/v1/nothing").json["type"].partition("#")
    assert (path, code) == ("/docs/problems", "unknown_dataset")
    assert set(re.findall(r'<tr id="(\w+)">', page.text)) == set(problems.KINDS)


@pytest.mark.parametrize(
    "name", ["nothing", "docs.html", "..%2Ffactory.py", "..", "%2Fetc%2Fpasswd", "docs.js%00"]
)
def test_no_other_file_is_served(reader: Service, name: str) -> None:
    assert_refused(reader.ask(f"/docs/{name}"), 404)


def test_the_description_has_every_dataset_and_its_examples_work(service: Service) -> None:
    document = service.ask("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for dataset in project.MODELS:
        body = document["paths"][f"/v1/{dataset}/predictions"]["post"]["requestBody"]
        for example in body["content"]["application/json"]["examples"].values():
            assert service.predict(dataset, example["value"]).status_code == 200
    assert "/v1/stones/similar" in document["paths"]
    assert "/v1/debts/similar" not in document["paths"]
    body = document["paths"]["/v1/stones/similar"]["post"]["requestBody"]
    (example,) = body["content"]["application/json"]["examples"].values()
    assert service.post("/v1/stones/similar", example["value"]).status_code == 200


@pytest.mark.parametrize("dataset", project.MODELS)
def test_the_example_of_a_csv_is_scored(service: Service, dataset: str) -> None:
    operation = service.ask("/openapi.json").json["paths"][f"/v1/{dataset}/predictions"]["post"]
    example = operation["requestBody"]["content"]["text/csv"]["example"]
    path, media = f"/v1/{dataset}/predictions", {"Content-Type": "text/csv"}
    answer = service.post(path, example, headers=media)
    assert answer.status_code == 200, answer.text
    assert "text/csv" in operation["responses"]["200"]["content"]


@pytest.mark.parametrize("dataset", project.MODELS)
def test_the_examples_of_labels_and_trainings_work(service: Service, dataset: str) -> None:
    paths = service.ask("/openapi.json").json["paths"]
    content = paths[f"/v1/{dataset}/labels"]["post"]["requestBody"]["content"]
    examples = {name: one["value"] for name, one in content["application/json"]["examples"].items()}
    # No document can name a prediction that is there.
    examples["by_prediction"]["prediction_id"] = service.predict(dataset).json["id"]
    for example in examples.values():
        assert service.post(f"/v1/{dataset}/labels", example).json["refused"] == 0
    for media in ("text/csv", "application/x-ndjson"):
        posted = service.post(
            f"/v1/{dataset}/labels", content[media]["example"], headers={"Content-Type": media}
        )
        assert posted.json["stored"] == 1, posted.text
    for path in ("trainings", "champion"):
        body = paths[f"/v1/{dataset}/{path}"]["post"]["requestBody"]["content"]["application/json"]
        example = body["examples"]["one"]["value"]
        assert service.post(f"/v1/{dataset}/{path}", example).status_code in (200, 202)


def test_a_dataset_that_nothing_serves_can_be_labelled_and_trained_on(service: Service) -> None:
    document = service.ask("/openapi.json").json
    paths = document["paths"]
    assert "ghosts" in [tag["name"] for tag in document["tags"]]
    assert {"get", "post", "delete"} <= set(paths["/v1/ghosts/labels"])
    assert {"get", "post"} <= set(paths["/v1/ghosts/trainings"])
    assert "/v1/ghosts/predictions" not in paths
    label = document["components"]["schemas"]["ghosts_label"]
    assert label["required"] == ["amount", "owner", "late"]


def test_a_label_may_say_whose_it_is(service: Service) -> None:
    keyed = {"key": ["payer"], "weight": "sold", "split": {"method": "time", "column": "day"}}
    for name, values in (("ghosts", project.GHOSTS), ("debts", project.DEBTS)):
        project.dump(configs.CONF / "dataset" / f"{name}.yaml", {**values, **keyed})
    service.look()
    document = service.ask("/openapi.json").json
    label = document["components"]["schemas"]["ghosts_label"]
    assert list(label["properties"]) == [*project.DEBTS["features"], "payer", "sold", "day", "late"]
    assert label["required"] == ["amount", "owner", "late"]
    sold = label["properties"]["sold"]
    assert (sold["type"], sold["minimum"]) == (["number", "null"], 0)
    assert label["properties"]["day"]["type"] == ["string", "number", "null"]
    put = document["paths"]["/v1/debts/predictions/{prediction_id}/label"]["put"]
    truth = put["requestBody"]["content"]["application/json"]["schema"]
    assert list(truth["properties"]) == ["late", "payer", "sold", "day"]
    assert truth["required"] == ["late"]


def test_what_can_be_trained_is_what_conf_has(service: Service) -> None:
    asked = training(service, "debts")
    models = trainable(asked)
    assert {"logistic", "xgboost", "dummy"} < set(models)
    assert "linear" not in models  # is for a regression
    assert "naive_bayes" not in models  # takes text alone
    assert "naive_bayes" in trainable(training(service, "notes"))
    assert asked["properties"]["search"]["enum"] == ["none", "optuna"]
    for model in models:
        assert service.post("/v1/debts/trainings", {"model": model}).status_code == 202, model


def test_the_description_follows_conf(service: Service) -> None:
    service.ask("/openapi.json")
    (configs.CONF / "search" / "optuna.yaml").unlink()
    assert training(service, "debts")["properties"]["search"]["enum"] == ["none"]
    (configs.CONF / "dataset" / "ghosts.yaml").write_text("name: [")
    service.look()
    assert "/v1/ghosts/labels" in service.ask("/openapi.json").json["paths"]  # as it was before


def test_a_file_of_conf_that_is_none_takes_only_what_needs_it(service: Service) -> None:
    (configs.CONF / "model" / "broken.yaml").write_text("a: [")
    paths = service.ask("/openapi.json").json["paths"]
    assert set(paths["/v1/debts/trainings"]) == {"get"}
    assert "/v1/debts/labels" in paths


def training(service: Service, dataset: str) -> dict[str, Any]:
    body = service.ask("/openapi.json").json["paths"][f"/v1/{dataset}/trainings"]["post"]
    found: dict[str, Any] = body["requestBody"]["content"]["application/json"]["schema"]
    return found


def trainable(body: dict[str, Any]) -> list[str]:
    model, null = body["properties"]["model"]["anyOf"]
    assert null == {"type": "null"}
    assert model["type"] == "string"
    names: list[str] = model["enum"]
    return names


def test_every_link_leads_to_an_operation(service: Service) -> None:
    document = service.ask("/openapi.json").json
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    links = [
        link
        for one in operations
        for answer in one["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) > 20
    assert {link["operationId"] for link in links} <= set(names)


def test_every_reference_leads_somewhere(service: Service) -> None:
    text = service.ask("/openapi.json").text
    document = json.loads(text)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names
    assert names <= set(document["components"]["schemas"])


def test_the_description_follows_the_champion(service: Service) -> None:
    before = service.ask("/openapi.json").text
    project.crown("stones", "xgboost")
    service.look()
    assert service.ask("/openapi.json").text != before


def test_without_champions_the_rest_is_described(make_service: Callable[..., Service]) -> None:
    paths.VERDICTS.unlink()
    document = make_service().ask("/openapi.json").json
    assert "/v1/requests" in document["paths"]
    assert "/v1/stones" not in document["paths"]
    assert "/v1/stones/labels" in document["paths"]


def test_documents_are_logged_without_their_text(service: Service) -> None:
    for path in ("/docs", "/docs/docs.js", "/openapi.json"):
        service.ask(path)
    assert [row["response_body"] for row in service.rows(Request)] == [None] * 3


def shown(service: Service, dataset: str, path: str = "/openapi.json", **words: Any) -> list[Any]:
    """Return the records that the description, or a dataset's, shows."""
    document = service.ask(path, **words).json
    if "paths" not in document:
        return [document["example"], *document["examples"]]
    found = document["paths"][f"/v1/{dataset}/predictions"]["post"]["requestBody"]["content"]
    records = [one["value"] for one in found["application/json"]["examples"].values()]
    return [records[0], *records[1]]


def rows_of(dataset: str) -> list[dict[str, Any]]:
    model = project.MODELS[dataset][0]
    golden = json.loads((paths.BUNDLES / dataset / model / "golden.json").read_text())
    return [{k: v for k, v in one["record"].items() if v is not None} for one in golden]


def test_examples_are_no_rows_of_the_data(service: Service) -> None:
    for path in ("/openapi.json", "/v1/stones"):
        for record in shown(service, "stones", path):
            assert record not in rows_of("stones")
    document = service.ask("/openapi.json").text + service.ask("/v1/notes").text
    for line in (paths.DATA / "notes.csv").read_text().splitlines()[1:]:
        assert line.partition(",")[0] not in document


def test_rows_are_shown_to_who_has_a_key_where_the_yaml_says_so(make_service: MakeService) -> None:
    service = make_service()
    scopes = ("predict", "train", "admin")
    asked: dict[str, Any] = {
        scope: {"X-API-Key": keys.create(service.database, scope, [scope])} for scope in scopes
    }
    asked["anybody"] = {}
    truths.rule("stones", examples="real")
    service.look()
    rows, of_all = rows_of("stones"), {}
    for name in ("anybody", *scopes, "anybody", *scopes):  # whoever asked before
        answer = service.ask("/openapi.json", headers=asked[name])
        assert {"Authorization", "Cookie", "X-API-Key"} <= {
            part.strip() for part in answer.headers["vary"].split(",")
        }
        assert answer.headers["cache-control"] == "no-store"
        may = name in ("predict", "admin")
        records = shown(service, "stones", headers=asked[name])
        assert all((record in rows) == may for record in records), name
        of_all[name] = answer.text
        label = answer.json["paths"]["/v1/stones/labels"]["post"]["requestBody"]["content"]
        example = dict(label["application/json"]["examples"]["one"]["value"])
        del example["price"]
        assert (example in rows) == may, name
        other = shown(service, "debts", headers=asked[name])
        assert not any(record in rows_of("debts") for record in other), "it does not say so"
    assert of_all["anybody"] == of_all["train"] != of_all["predict"] == of_all["admin"]
    for name in ("predict", "admin"):
        assert all(one in rows for one in shown(service, "", "/v1/stones", headers=asked[name]))
    truths.rule("stones", examples="made")
    service.look()
    assert not any(record in rows for record in shown(service, "stones", headers=asked["admin"]))
