"""Records in, answers out, and every one of them stored as it was given."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.auth import keys
from app.registry import store as version_store
from app.store import ids
from app.store.tables import BatchPrediction, Prediction
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.labels import truths
from tests.app.service import Result, Service, assert_refused
from tests.app.warned import codes

DATASETS = list(project.MODELS)
MODELS = [(dataset, model) for dataset in DATASETS for model in project.MODELS[dataset]]
PATH = "/v1/stones/predictions"


@pytest.mark.parametrize(("dataset", "model"), MODELS)
def test_a_record_and_its_answer_are_stored_byte_for_byte(
    service: Service, dataset: str, model: str
) -> None:
    body = json.dumps(project.RECORDS[dataset], indent=2).encode()
    answer = service.predict(dataset, body, params={"model": model, "explain": "true"})
    assert answer.status_code == 200
    assert answer.json["model"]["name"] == model
    assert answer.json["why"]["sentence"]
    (row,) = service.rows()
    assert row["request_body"] == body
    assert row["response_body"] == answer.content
    assert (row["id"], row["is_prediction"]) == (answer.json["id"], 1)
    assert (row["dataset"], row["version"]) == (dataset, answer.json["model"]["version"])
    (seen,) = service.rows(Prediction)
    assert (seen["id"], seen["request"]) == (row["id"], row["id"])
    assert (seen["record"], seen["answer"]) == (body, answer.content)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_receipt_tells_what_was_asked_answered_and_by_what(
    service: Service, dataset: str
) -> None:
    answer = service.predict(dataset)
    receipt = service.ask(f"/v1/{dataset}/predictions/{answer.json['id']}").json
    assert receipt["record"] == project.RECORDS[dataset]
    assert receipt["answer"] == answer.json
    assert receipt["model"] == answer.json["model"]
    assert receipt["request"] == receipt["id"] == answer.json["id"]
    assert receipt["configuration"]["dataset"]["name"] == dataset
    assert receipt["data"]["md5"]
    assert receipt["at"].endswith("Z")
    assert set(receipt) >= {"git", "trained", "files"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_each_record_of_a_batch_has_a_receipt_of_its_own(reader: Service, dataset: str) -> None:
    examples = [project.RECORDS[dataset], reader.ask(f"/v1/{dataset}").json["example"]]
    answers = reader.predict(dataset, examples).json
    assert len(answers) == 2
    target = "price" if dataset == "stones" else "probability"
    alone = reader.predict(dataset, examples[1]).json
    assert alone[target] == pytest.approx(answers[1][target])  # another way, another last digit
    request = next(row for row in reader.rows() if row["id"] == answers[0]["id"])
    assert json.loads(request["response_body"]) == answers
    assert request["is_prediction"] == 0
    for record, answer in zip(examples, answers, strict=True):
        receipt = reader.ask(f"/v1/{dataset}/predictions/{answer['id']}").json
        assert receipt["answer"] == answer
        assert receipt["request"] == request["id"]
        given = {key: value for key, value in receipt["record"].items() if value is not None}
        assert given == record
    assert len(reader.rows(BatchPrediction)) == 2


def test_a_batch_of_one_is_an_array(service: Service) -> None:
    (answer,) = service.predict(record=[project.STONE]).json
    (row,) = service.rows(Prediction)
    assert row["id"] == answer["id"]
    assert json.loads(row["answer"]) == answer


TRUTHS = {"stones": 4000, "debts": 1, "notes": "garden"}


@pytest.mark.parametrize("truth", [None, {"nested": [1]}])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_target_beside_a_record_is_ignored_and_the_answer_says_so(
    reader: Service, dataset: str, truth: Any
) -> None:
    record, target = project.RECORDS[dataset], project.TARGETS[dataset]
    given = {**record, target: TRUTHS[dataset] if truth is None else truth}
    plain = reader.predict(dataset).json
    answer = reader.predict(dataset, given).json
    message = f"{target} is ignored: it is what is predicted."
    warning = {"code": "target_ignored", "message": message}
    assert answer == {**plain, "id": answer["id"], "warnings": [warning, *plain["warnings"]]}
    first, second = reader.predict(dataset, [record, given]).json
    assert first["warnings"] == plain["warnings"]
    assert second["warnings"] == answer["warnings"]
    receipt = reader.ask(f"/v1/{dataset}/predictions/{second['id']}").json
    assert receipt["answer"] == second
    assert receipt["record"] == record


@pytest.mark.parametrize("number", ["nothing", "0" * 36, "a%00b", "%F0%9F%98%80", "%FF", "..%2F.."])
def test_a_receipt_that_is_not_there(reader: Service, number: str) -> None:
    assert_refused(reader.ask(f"{PATH}/{number}"), 404)


def test_a_receipt_is_found_under_its_own_dataset_alone(service: Service) -> None:
    number = service.predict().json["id"]
    assert_refused(service.ask(f"/v1/debts/predictions/{number}"), 404, number)
    failed = service.predict(record={})
    request = service.ask("/v1/requests").json["requests"]
    assert_refused(failed, 422)
    numbers = [one["id"] for one in request if one["status"] == 422]
    assert_refused(service.ask(f"{PATH}/{numbers[0]}"), 404)


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"explian": "true"}, "explian"),
        ({"explain": "yes"}, "explain"),
        ({"explain": ["true", "false"]}, "explain"),
        ({"version": "x"}, "version"),
        ({"version": "0"}, "version"),
        ({"version": 2**40}, "version"),
        ({"model": "No Model"}, "model"),
        ({"model": "a\x00b"}, "model"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    reader: Service, params: dict[str, Any], word: str
) -> None:
    assert_refused(reader.predict(params=params), 400, word)
    assert reader.rows(Prediction) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"carat": -1}, "carat"),
        ({"facets": 1.5}, "facets"),
        ({"cut": "fair"}, "cut"),
        ({"cut": None}, "cut"),
        ({"colour": "red"}, "colour"),
        ({"depth": "deep"}, "depth"),
        ({"depth": {}}, "depth"),
        ({"depth": 10**400}, "depth"),
    ],
)
def test_a_wrong_field_is_named(reader: Service, change: dict[str, Any], field: str) -> None:
    document = assert_refused(reader.predict(record={**project.STONE, **change}), 422)
    assert document["errors"][0]["field"] == field
    assert document["errors"][0]["see"] == f"/v1/stones#{field}"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_python_writes_for_no_number_is_no_json(reader: Service, value: float) -> None:
    assert_refused(reader.predict(record={**project.STONE, "depth": value}), 400, "not JSON")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 422),
        (b"[]", 422),
        (b"\xff{}", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b"[" * 10_000, 400),
        (b"[" * 10_000 + b"]" * 10_000, 400),
        (b'{"carat":' * 10_000, 400),
        (b'{"carat":1,"carat":2,"facets":1,"cut":"Fair"}', 422),
    ],
)
def test_another_body_is_refused_and_stored(reader: Service, body: bytes, status: int) -> None:
    answer = reader.predict(record=body)
    assert_refused(answer, status)
    (row,) = reader.rows()
    assert row["request_body"] == body
    assert row["response_body"] == answer.content
    assert (row["status"], row["is_prediction"]) == (status, 0)
    assert reader.rows(Prediction) == []


@pytest.mark.parametrize(
    "text",
    ["rose \x00 hedge", "\U0001f339 rose", "r\u00f6se \u4e2d", "rose " * 40_000, "\u202erose"],
)
@pytest.mark.parametrize("model", project.MODELS["notes"])
def test_any_text_is_answered_and_comes_back_in_its_receipt(
    reader: Service, text: str, model: str
) -> None:
    answer = reader.predict("notes", {"text": text}, params={"model": model, "explain": "true"})
    assert answer.status_code == 200
    receipt = reader.ask(f"/v1/notes/predictions/{answer.json['id']}").json
    assert receipt["record"] == {"text": text}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps({"text": "x" * 1_000_000}), 422),
        (json.dumps({"text": ""}), 422),
        (json.dumps({"text": " NA "}), 422),
        (r'{"text": "\ud800"}', 422),
        (json.dumps({"text": 3}), 422),
        (json.dumps({"text": ["rose"]}), 422),
    ],
)
def test_a_text_that_is_none_is_named(reader: Service, body: str, status: int) -> None:
    document = assert_refused(reader.predict("notes", body), status)
    assert document["errors"][0]["field"] == "text"


@pytest.mark.parametrize("model", project.MODELS["stones"])
@pytest.mark.parametrize("depth", [1e308, -1e308, 1e39, 1e-320, 0, None])
def test_huge_numbers_have_an_answer_or_a_refusal(
    reader: Service, model: str, depth: float | None
) -> None:
    answer = reader.predict(
        record={**project.STONE, "depth": depth}, params={"model": model, "explain": "true"}
    )
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        assert isinstance(answer.json["price"], float)
        parts = answer.json["why"]["contributions"]
        assert all(isinstance(part["contribution"], float) for part in parts)


def test_too_many_records_are_refused(make_service: Callable[..., Service]) -> None:
    service = make_service(most_records=2)
    assert service.predict(record=[project.STONE] * 2).status_code == 200
    assert_refused(service.predict(record=[project.STONE] * 3), 413, "2")


def test_a_fault_in_a_batch_names_its_record_and_nothing_is_predicted(service: Service) -> None:
    document = assert_refused(service.predict(record=[project.STONE, {"carat": 1}]), 422)
    assert {error["record"] for error in document["errors"]} == {1}
    assert service.rows(Prediction) == []


def test_no_other_method_is_taken(service: Service) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = service.ask(PATH, method)
        assert_refused(answer, 405)
        assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_answer_warns_of_a_version_that_came_under_its_gate(
    service: Service, dataset: str
) -> None:
    record = project.RECORDS[dataset]
    before = service.predict(dataset).json
    number, why = before["model"]["version"], "too often wrong"
    version_store.tell(
        service.database, dataset, number, kind=version_store.BREACH, by="gate", why=why
    )
    assert "gate_breached" not in codes(before), "not before it looks"
    service.look()
    answer = service.predict(dataset, params={"explain": "true"})
    message = "This version came under its gate: too often wrong."
    warning = {"code": "gate_breached", "message": message}
    assert answer.json["warnings"] == [warning, *before["warnings"]]
    assert set(before) | {"why"} == set(answer.json)
    many = service.predict(dataset, [record, record]).json
    assert [one["warnings"][0] for one in many] == [warning] * 2
    for one in (answer.json, *many):
        receipt = service.ask(f"/v1/{dataset}/predictions/{one['id']}").json
        assert receipt["answer"] == one, "it is stored as it was sent"
    other = service.predict(dataset, params={"version": 3 - number}).json
    assert "gate_breached" not in codes(other)


def test_a_refused_version_predicts_nothing_whoever_asks_how(service: Service) -> None:
    truths.rule("stones", on_breach="refuse")
    version_store.tell(
        service.database, "stones", 1, kind=version_store.BREACH, by="gate", why="mae 9"
    )
    service.look()
    for words in ({}, {"params": {"version": 1}}, {"params": {"model": "linear"}}):
        document = assert_refused(service.predict(**words), 503, "mae 9")
        assert "override" in document["fix"]
    assert service.rows(Prediction) == []
    assert service.predict(params={"version": 2}).status_code == 200
    assert service.predict("debts").status_code == 200
    version_store.tell(
        service.database, "stones", 1, kind=version_store.RECOVERED, by="gate", why=""
    )
    service.look()
    assert "gate_breached" not in codes(service.predict().json)


def score(service: Service, text: str, media: str = "text/csv", **words: Any) -> Result:
    return service.post(PATH, text, headers={"Content-Type": media}, **words)


def test_a_csv_is_answered_with_a_csv_and_stored_row_by_row(service: Service) -> None:
    text = "name,carat,facets,cut,depth\na,1.5,57,Ideal,3.25\nb,1,3,Fair,\n"
    answer = score(service, text, "Text/CSV; charset=utf-8", params={"version": 2})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "stones-predictions.csv" in answer.headers["content-disposition"]
    header, *rows = [line.split(",") for line in answer.text.split("\r\n")[:-1]]
    assert [row[0] for row in rows] == ["a", "b"]
    stored = service.rows(BatchPrediction)
    assert [row["id"] for row in stored] == [row[header.index("id")] for row in rows]
    assert {row["version"] for row in stored} == {2}
    receipt = service.ask(f"{PATH}/{stored[0]['id']}").json
    assert receipt["record"] == project.STONE
    assert receipt["answer"]["price"] == float(rows[0][header.index("predicted_price")])
    (request,) = [row for row in service.rows() if row["id"] == receipt["request"]]
    assert request["request_body"].decode() == text
    assert request["is_prediction"] == 0


def test_a_csv_is_answered_in_part_where_that_is_asked_for(service: Service) -> None:
    text = "carat,facets,cut,depth\n1.5,57,Ideal,3.25\n1.5,57,Ideal,deep\n"
    answer = score(service, text, params={"partial": "true", "explain": "true"})
    assert answer.status_code == 200, answer.text
    header, good, bad = csv.reader(answer.text.splitlines())
    assert header[-4:] == ["why", "warnings", "id", "refused"]
    assert (good[-1], bad[-2]) == ("", "")
    assert "depth is not a number" in bad[-1]
    assert [row["id"] for row in service.rows(BatchPrediction)] == [good[-2]]
    none = score(service, text.replace("57,Ideal,3.25", "57,Ideal,no"), params={"partial": "true"})
    assert none.status_code == 200
    assert len(service.rows(BatchPrediction)) == 1
    assert service.predict(params={"partial": "true"}).json.keys() == service.predict().json.keys()


def test_a_csv_with_a_faulty_row_is_refused_whole(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(most_records=2)
    good = "carat,facets,cut,depth\n1.5,57,Ideal,3.25\n"
    document = assert_refused(score(service, good + "1.5,57,Ideal,deep\n"), 422, "depth")
    assert [error["line"] for error in document["errors"]] == [3]
    assert_refused(score(service, good + "1,1,Fair,\n1,1,Fair,\n"), 413, "1 to 2")
    assert_refused(score(service, good, "text/plain"), 415)
    assert service.rows(Prediction) == []


def test_a_reference_is_stored_returned_and_found_again(service: Service) -> None:
    stone = {**project.STONE, "reference": "A-17"}
    alone = service.predict(record=stone).json
    assert alone["reference"] == "A-17"
    first, second = service.predict(record=[project.STONE, stone]).json
    assert "reference" not in first
    assert second["reference"] == "A-17"
    text = "reference,carat,facets,cut,depth\n A-17 ,1.5,57,Ideal,3.25\n,1,3,Fair,\n"
    answer = score(service, text)
    header, *rows = csv.reader(answer.text.splitlines())
    assert [row[0] for row in rows] == [" A-17 ", ""]
    expected = [rows[0][header.index("id")], second["id"], alone["id"]]
    found = service.ask(PATH, params={"reference": "A-17"}).json
    assert [one["id"] for one in found["predictions"]] == expected
    assert {one["reference"] for one in found["predictions"]} == {"A-17"}
    assert service.ask(PATH, params={"reference": "A-1"}).json["predictions"] == []
    receipt = service.ask(f"{PATH}/{second['id']}").json
    assert (receipt["reference"], receipt["record"]) == ("A-17", project.STONE)
    assert service.ask(f"{PATH}/{first['id']}").json["reference"] is None
    assert len(service.ask(PATH).json["predictions"]) == 5


def test_what_is_no_reference_is_refused(service: Service) -> None:
    long = "x" * 101
    refused = service.predict(record={**project.STONE, "reference": long})
    assert assert_refused(refused, 422)["errors"][0]["field"] == "reference"
    text = f"carat,facets,cut,depth,reference\n1.5,57,Ideal,3.25,{long}\n1.5,57,Ideal,3.25,a\n"
    document = assert_refused(score(service, text), 422, "reference is too long")
    assert document["errors"][0]["line"] == 2
    part = score(service, text, params={"partial": "true"})
    bad, good = list(csv.DictReader(part.text.splitlines()))
    assert "reference is too long" in bad["refused"]
    assert service.rows(BatchPrediction)[0]["reference"] == good["reference"] == "a"


def test_a_reference_that_is_to_be_redacted_is_not_stored(make_service: MakeService) -> None:
    service = make_service(redact=("reference",))
    stone = {**project.STONE, "reference": "A-17"}
    number = service.predict(record=stone).json["id"]
    service.predict(record=[stone])
    assert {row["reference"] for row in service.rows(Prediction)} == {None}
    truth = service.ask(f"{PATH}/{number}/label", "PUT", json={"price": 4000})
    assert truth.status_code in (200, 201), truth.text


def test_a_key_in_a_reference_is_redacted(service: Service) -> None:
    service.predict(record={**project.STONE, "reference": "lpd_" + "a" * 20})
    assert [row["reference"] for row in service.rows()] == ["[redacted]"]


def test_the_latest_are_listed_in_short(service: Service) -> None:
    first = service.predict(params={"explain": "true"}).json
    many = service.predict(record=[project.STONE] * 2, params={"version": 2}).json
    service.predict("debts")
    service.predict(record={})
    found = service.ask(PATH).json
    assert [one["id"] for one in found["predictions"]] == [
        many[1]["id"],
        many[0]["id"],
        first["id"],
    ]
    assert found["next"] is None
    assert found["looked_at"] == 6  # the batch's own request, too, and the refused one
    last = found["predictions"][-1]
    assert last["record"] == project.STONE
    assert last["answer"] == {name: first[name] for name in first if name != "why"}
    assert last["at"].endswith("Z")
    of_two = service.ask(PATH, params={"version": 2}).json
    assert [one["version"] for one in of_two["predictions"]] == [2, 2]
    page = service.ask(PATH, params={"limit": 2}).json
    rest = service.ask(PATH, params={"limit": 2, "cursor": page["next"]}).json
    assert [one["id"] for one in rest["predictions"]] == [first["id"]]


def test_a_long_text_is_cut_in_the_list_alone(service: Service) -> None:
    text = "rose " * 1000
    number = service.predict("notes", {"text": text}).json["id"]
    (one,) = service.ask("/v1/notes/predictions").json["predictions"]
    assert len(one["record"]["text"]) < 400
    assert text.startswith(one["record"]["text"][:-1])
    assert service.ask(f"/v1/notes/predictions/{number}").json["record"] == {"text": text}


def test_the_list_of_what_is_not_served_is_empty_and_of_nothing_is_refused(
    service: Service,
) -> None:
    assert service.ask("/v1/ghosts/predictions").json["predictions"] == []
    assert_refused(service.ask("/v1/stons/predictions"), 404, "stones")
    for params in ({"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"version": 0}, {"a": 1}):
        assert_refused(service.ask(PATH, params=params), 400)


def test_who_may_only_predict_sees_the_own_predictions(make_service: MakeService) -> None:
    service = make_service()
    given = {}
    wide = ["predict", "label"]
    for name, scopes in {"one": ["predict"], "two": ["predict"], "all": wide}.items():
        given[name] = {"X-API-Key": keys.create(service.database, name, scopes)}
    service.look()
    own = {}
    for name in ("one", "two"):
        single = service.predict(headers=given[name]).json["id"]
        batch = service.predict(record=[project.STONE], headers=given[name]).json[0]["id"]
        own[name] = [batch, single]
    listed = {
        name: [one["id"] for one in service.ask(PATH, headers=asked).json["predictions"]]
        for name, asked in given.items()
    }
    assert listed == {**own, "all": [*own["two"], *own["one"]]}


def test_who_may_only_predict_does_not_learn_which_predictions_others_have(
    make_service: MakeService,
) -> None:
    service = make_service()
    scopes = {"one": ["predict"], "two": ["predict"], "labeller": ["predict", "label"]}
    scopes["boss"] = ["admin"]
    asked = {
        name: {"X-API-Key": keys.create(service.database, name, some)}
        for name, some in scopes.items()
    }
    service.look()
    single = service.predict(headers=asked["one"]).json["id"]
    batch = [
        one["id"] for one in service.predict(record=[project.STONE] * 2, headers=asked["one"]).json
    ]
    absent = ids.new()
    for number in (single, *batch):
        for name in ("one", "labeller", "boss"):
            answer = service.ask(f"{PATH}/{number}", headers=asked[name])
            assert answer.status_code == 200, (name, answer.text)
        other = assert_refused(service.ask(f"{PATH}/{number}", headers=asked["two"]), 404)
        none = assert_refused(service.ask(f"{PATH}/{absent}", headers=asked["two"]), 404)
        for document, own in ((other, number), (none, absent)):
            assert document.pop("given") == own
            del document["request_id"]
        assert other == none, "nobody learns which ids there are"
    page = f"/datasets/stones/predictions/{single}"
    assert service.ask(page, headers=asked["one"]).status_code == 200
    assert service.ask(page, headers=asked["two"]).status_code == 404
    start = {"from": single}
    answer = service.ask("/datasets/stones/predict", params=start, headers=asked["two"])
    assert answer.status_code == 404
