"""A field of LAPIDARY_REDACT: no copy of what was sent is kept, and no row's value is shown."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.labels import store as label_store
from app.store import database as databases
from app.store import ids
from app.store.redaction import HIDDEN
from app.store.tables import Label
from src.config import paths
from src.data.schema import Dataset
from src.inference import suspects
from src.support.errors import UserError
from src.support.structs import convert
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Service, assert_refused

CANARY = "canary-4711"
REDACT = ("Owner", "depth", "text", "iban")
OF_DEBTS, OF_STONES = "/v1/debts/predictions", "/v1/stones/predictions"
LABELS = "/v1/debts/labels"
CSV, NDJSON = {"Content-Type": "text/csv"}, {"Content-Type": "application/x-ndjson"}
DEBT = json.dumps({**project.DEBT, "owner": CANARY})
LABEL = json.dumps({**project.DEBT, "owner": CANARY, "late": 1})
TABLE = f"amount,owner,days\n250,{CANARY},12\n"
Place = Callable[[Service], Any]


def posting(path: str, body: str, headers: dict[str, str] | None = None, **words: Any) -> Place:
    return lambda service: service.post(path, body, headers=headers or {}, **words)


def asking(path: str, query: str) -> Place:
    return lambda service: service.ask(path, query_string=query)


def _truth(service: Service) -> None:
    number = service.predict("debts", DEBT).json["id"]
    for path, body in (
        (f"{OF_DEBTS}/{number}/label", {"late": 1}),
        (f"{OF_DEBTS}/{number}/label", {"late": 1, "owner": CANARY}),
    ):
        service.ask(
            path, "PUT", body=json.dumps(body), headers={"Content-Type": "application/json"}
        )
    service.post(LABELS, {"prediction_id": number, "late": 1})


PLACES: dict[str, Place] = {
    "record": posting(OF_DEBTS, DEBT),
    "record, explained": posting(OF_DEBTS, DEBT, params={"explain": "true"}),
    "records": posting(OF_DEBTS, f"[{DEBT}, {DEBT}]", params={"explain": "true"}),
    "record: a name in capitals": posting(OF_DEBTS, DEBT.replace("owner", "OWNER")),
    "record: a name with an escape": posting(OF_DEBTS, DEBT.replace("owner", "\\u006fwner")),
    "record: twice": posting(OF_DEBTS, DEBT.replace("{", f'{{"owner": "{CANARY}", ', 1)),
    "record: no JSON": posting(OF_DEBTS, DEBT[:-1]),
    "record: of two bytes a character": lambda service: service.post(
        OF_DEBTS, DEBT.encode("utf-16")
    ),
    "record: a value that is none": posting(OF_STONES, '{"depth": "' + CANARY + '"}'),
    "record: a field of none": posting(OF_STONES, '{"iban": "' + CANARY + '"}'),
    "record: a text": posting("/v1/notes/predictions", json.dumps({"text": CANARY})),
    "record: a text, explained": posting(
        "/v1/notes/predictions", json.dumps({"text": CANARY}), params={"explain": "true"}
    ),
    "CSV": posting(OF_DEBTS, TABLE, CSV),
    "CSV, explained": posting(OF_DEBTS, TABLE, CSV, params={"explain": "true"}),
    "CSV: refused rows": posting(
        OF_STONES,
        f"carat,facets,cut,depth\n1,1,Good,{CANARY}\n",
        CSV,
        params={"partial": "true"},
    ),
    "CSV: refused": posting(OF_STONES, f"carat,facets,cut,depth\n1,1,Good,{CANARY}\n", CSV),
    "a form": posting(
        OF_DEBTS, f"owner={CANARY}", {"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "query": asking(OF_DEBTS, f"owner={CANARY}"),
    "query: encoded": asking(OF_DEBTS, f"o%77ner={CANARY}"),
    "query: in capitals": asking("/v1/datasets", f"a=1&IBAN={CANARY}"),
    "query: beside what is not ASCII": asking("/v1/datasets", f"a=é&iban={CANARY}"),
    "similar": posting(
        "/v1/stones/similar",
        json.dumps({"record": {**project.STONE, "depth": CANARY}, "n": 2}),
    ),
    "label": posting(LABELS, LABEL),
    "label: NDJSON": posting(LABELS, LABEL, NDJSON),
    "label: CSV": posting(LABELS, f"amount,owner,days,late\n1,{CANARY},1,1\n", CSV),
    "label: of another dataset": posting("/v1/free/labels", '[{"a": 1, "iban": "canary-4711"}]'),
    "truth of a prediction": _truth,
}
SEEN = [
    *("/v1/datasets", "/openapi.json", "/metrics", "/v1/requests", "/v1/requests?format=csv"),
    *("/v1/debts/uploads", LABELS, f"{LABELS}?format=csv", f"{LABELS}?format=ndjson"),
    *(OF_DEBTS, OF_STONES, "/v1/notes/predictions"),
    *("/v1/debts/uncertain", "/datasets/debts/predict", "/datasets/debts/labels"),
]


@pytest.fixture
def free(home: Any) -> None:
    """Add a dataset that has none of the fields."""
    values = {**project.DEBTS, "name": "free", "features": {"a": {"type": "number"}}}
    project.dump(paths.DATA.parent / "conf" / "dataset" / "free.yaml", values)


# What is hidden is left out before a database is reached: on each kind of them one place is enough
# for each table that a value could get into.
ON_BOTH = ("record, explained", "records", "CSV", "query", "label", "truth of a prediction")
CASES = [*((where, "sqlite") for where in PLACES), *((where, "postgresql") for where in ON_BOTH)]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(("where", "database_url"), CASES, indirect=["database_url"])
def test_what_is_sent_is_kept_and_shown_nowhere(
    where: str,
    free: None,
    make_service: MakeService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    service = make_service(redact=REDACT)
    requests = len(service.rows())
    PLACES[where](service)
    rows = service.rows()
    assert len(rows) > requests
    asked = [f"/v1/requests/{row['id']}" for row in rows]
    with service.database:
        listed = list(label_store.page(service.database, [Label.dataset != ""], 9))
    made = [f"{one}/{row['id']}" for row in rows for one in (OF_DEBTS, "/v1/notes/predictions")]
    for path in [*SEEN, *asked, *made]:
        answer = service.ask(path.partition("?")[0], query_string=path.partition("?")[2])
        assert CANARY not in answer.text, path
    assert listed == [], "such a label is not taken"
    kept = {"tables": service.everything(), "log": caplog.text.encode()}
    path = databases.path(service.database)
    folder = service.settings.folder()
    files = [one for one in folder.rglob("*") if one.is_file() and "versions" not in one.parts]
    for file in [*files, *(path.parent.glob(f"{path.name}*") if path else ())]:
        kept[str(file)] = file.read_bytes()
    for name, content in kept.items():
        for form in (CANARY.encode(), CANARY.encode("utf-16-le")):
            assert form not in content, name
            assert repr(form)[2:-1].encode() not in content, name


def rows_of(dataset: str, column: str) -> set[str]:
    with (paths.DATA / f"{dataset}.csv").open() as file:
        return {row[column] for row in csv.DictReader(file)} - {""}


SHOWN = ["", "/profile", "/models", "/models/{n}", "/models/{n}/card", "/models/1/compare/2"]


@on_sqlite  # what it asks for stands in the versions' files
@pytest.mark.parametrize("number", [1, 2])
def test_no_row_shows_a_hidden_field(make_service: MakeService, number: int) -> None:
    plain, hidden = make_service(), make_service(redact=("owner", "depth", "text"))
    texts: dict[bool, dict[str, str]] = {False: {}, True: {}}
    for dataset in project.MODELS:
        for path in [*SHOWN, "/models/{n}/card?format=markdown"]:
            path, _, query = f"/v1/{dataset}{path.format(n=number)}".partition("?")
            for is_hidden, service in ((False, plain), (True, hidden)):
                answer = service.ask(path, query_string=query)
                assert answer.status_code == 200, (path, answer.text)
                texts[is_hidden][f"{path}?{query}"] = answer.text
    owners = [path for path, text in texts[False].items() if "north" in text]
    assert len(owners) >= 5, "or it would be no wonder"
    for path, text in texts[True].items():
        assert "north" not in text, path
        assert "south" not in text, path
    for service, is_there in ((plain, True), (hidden, False)):
        for document in (service.ask("/openapi.json").text, service.ask("/v1/debts").text):
            assert ('"north"' in document) == is_there
        worst = service.ask(f"/v1/stones/models/{number}").json["held_out"]["worst"]
        assert (HIDDEN in [row["record"]["depth"] for row in worst]) != is_there
        assert all(row["record"]["carat"] != HIDDEN for row in worst)
        found = service.post("/v1/stones/similar", {"record": project.STONE, "n": 3}).json
        assert all((row["record"]["depth"] == HIDDEN) != is_there for row in found["similar"])
        page = service.ask("/datasets/debts", headers={"Accept": "text/html"})
        assert page.status_code == 200, page.text
        assert ("north" in page.text) == is_there
    words = [line for line in rows_of("notes", "text") if line]
    for path, text in texts[True].items():
        assert not any(line in text for line in words), path
    schema = hidden.ask("/openapi.json").json
    row = schema["paths"]["/v1/stones/similar"]["post"]["responses"]["200"]["content"]
    columns = row["application/json"]["schema"]["properties"]["similar"]["items"]["properties"]
    assert columns["record"]["properties"]["depth"]["enum"] == [HIDDEN]


@on_sqlite  # what the pages leave out they leave out of what was read, whatever it was read from
@pytest.mark.parametrize(
    "hidden", [("owner", "depth", "text"), ("price", "late", "room"), ("carat", "amount", "facets")]
)
def test_the_pages_show_what_is_left(make_service: MakeService, hidden: tuple[str, ...]) -> None:
    service = make_service(redact=hidden)
    for dataset in project.MODELS:
        number = service.predict(dataset).json["id"]
        pages = ["", "/predict", "/labels", "/train", "/history", "/history/1", "/history/1/card"]
        pages += ["/history/1/2", f"/predictions/{number}", f"/predict?from={number}"]
        for page in pages:
            path, _, query = f"/datasets/{dataset}{page}".partition("?")
            answer = service.ask(path, query_string=query, headers={"Accept": "text/html"})
            assert answer.status_code == 200, (path, answer.text[-2000:])


def test_a_doubtful_truth_is_shown_without_a_hidden_field(make_service: MakeService) -> None:
    record = {"amount": 1.0, "owner": "north", "days": 3}
    doubted = {"row": 7, "record": record, "actual": "1", "predicted": "0", "surprise": 3.0}
    path = paths.BUNDLES / "debts" / "logistic"
    content = suspects.build(1, [doubted])
    (path / suspects.NAME).unlink(missing_ok=True)
    (path / suspects.NAME).write_bytes(content)
    project.retell(path, suspects.NAME, lambda told: None)
    service = make_service(redact=("owner",))
    (shown,) = service.ask("/v1/debts/models/1").json["suspects"]["rows"]
    assert shown["record"] == {**record, "owner": HIDDEN}


def test_the_target_is_hidden_too(make_service: MakeService) -> None:
    service = make_service(redact=("price", "late"))
    for dataset in ("stones", "debts"):
        version = service.ask(f"/v1/{dataset}/models/1").json
        assert version["held_out"]["points"] == []
        assert version["held_out"]["worst"] == []
        profile = service.ask(f"/v1/{dataset}/profile").json
        assert {row[0] for row in profile["sample"]} == {HIDDEN}
        assert not any(column.get("against_target") for column in profile["columns"])
        assert service.ask(f"/datasets/{dataset}").status_code == 200
    compared = service.ask("/v1/stones/models/1/compare/2").json["rows"]
    assert "points" not in compared
    assert not any("actual" in row for row in compared["most"])
    found = service.post("/v1/stones/similar", {"record": project.STONE, "n": 1}).json
    assert found["similar"][0]["price"] == HIDDEN


@pytest.mark.parametrize("name", ["cut", "Carat"])
def test_what_is_alike_in_a_hidden_field_is_not_looked_up(
    make_service: MakeService, name: str
) -> None:
    service = make_service(redact=(name,))
    asked = {"record": project.STONE, "n": 3}
    document = assert_refused(service.post("/v1/stones/similar", asked), 404, "never shown")
    assert document["code"] == "similar_not_configured"
    assert "/v1/stones/similar" not in service.ask("/openapi.json").json["paths"]
    assert "similar" not in service.ask("/v1/stones").json["links"]


def test_what_was_stored_before_is_not_shown_any_more(make_service: MakeService) -> None:
    before = make_service()
    number = before.predict("debts", DEBT, params={"explain": "true"}).json["id"]
    before.predict("debts", DEBT.replace("250", "251"))  # whose truth nobody knows
    (label,) = before.post(LABELS, LABEL).json["ids"]
    assert CANARY in before.ask(f"{LABELS}/{label}").text
    after = make_service(redact=("owner",))
    places = [f"{OF_DEBTS}/{number}", f"/v1/requests/{number}", OF_DEBTS, f"{LABELS}/{label}"]
    places += [LABELS, "/v1/debts/uncertain", f"/datasets/debts/predictions/{number}"]
    for path in places:
        assert CANARY in before.ask(path).text, path
        answer = after.ask(path)
        assert answer.status_code == 200, path
        assert CANARY not in answer.text, path
    for kind in ("csv", "ndjson"):
        assert CANARY in before.ask(LABELS, params={"format": kind}).text
        text = after.ask(LABELS, params={"format": kind}).text
        assert HIDDEN in text
        assert CANARY not in text
    answer = after.ask(f"{LABELS}/{label}", "DELETE")
    assert answer.status_code == 200
    assert CANARY not in answer.text


def test_labels_from_before_are_not_copied_into_a_version(
    make_service: MakeService, run_command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make_service(redact=("owner",))
    path = "/v1/debts/trainings"
    assert service.post(path, {"model": "logistic"}).status_code == 202, "there are no labels"
    debts = convert(project.DEBTS, Dataset, "dataset")
    record = msgspec.json.encode({**project.DEBT, "owner": CANARY})
    stored = label_store.rows(
        debts.name, [ids.new()], ["1"], [record], source="me", upload=ids.new()
    )
    with service.database.atomic():
        label_store.insert(service.database, stored)
    for use in ("both", "labels"):
        document = assert_refused(service.post(path, {"use": use}), 409, "never stored here: owner")
        assert document["code"] == "labels_not_taken"
    assert service.post(path, {"use": "file"}).status_code == 202
    monkeypatch.setenv("LAPIDARY_REDACT", "owner")
    with pytest.raises(UserError, match="never stored here"):
        run_command("snapshot", "debts")
