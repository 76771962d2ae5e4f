"""Labels over HTTP: posted, listed, exported, deleted; on both databases."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import falcon.testing
import peewee
import pytest

from app.auth import keys
from app.labels import reader
from app.labels import store as label_store
from app.labels.export import BESIDE
from app.store import clock, ids
from app.store import database as databases
from app.store.tables import Label, Upload
from src.config import configuration
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.hands import Hands
from tests.app.service import Result, Service, assert_refused

DEBT = {**project.DEBT, "late": 1}
STONE = {**project.STONE, "price": 5800}
CSV, NDJSON = "text/csv", "application/x-ndjson"


def path(dataset: str = "debts") -> str:
    return f"/v1/{dataset}/labels"


def post(service: Service, given: Any, dataset: str = "debts", **words: Any) -> Result:
    return service.post(path(dataset), given, **words)


def upload(service: Service, text: str | bytes, kind: str = CSV, **words: Any) -> Result:
    dataset = words.pop("dataset", "debts")
    headers = {"Content-Type": kind, **words.pop("headers", {})}
    return service.ask(path(dataset), "POST", body=text, headers=headers, **words)


def listed(service: Service, dataset: str = "debts", **params: Any) -> list[dict[str, Any]]:
    answer = service.ask(path(dataset), params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["labels"]
    return found


def table(rows: int, owner: str = "north") -> str:
    return "amount,owner,days,late\n" + "".join(f"{at + 1},{owner},{at},1\n" for at in range(rows))


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes", "ghosts"])
def test_a_label_is_stored_as_it_is_and_shown(service: Service, dataset: str) -> None:
    given = {
        "stones": STONE,
        "debts": DEBT,
        "ghosts": DEBT,
        "notes": {**project.NOTE, "room": "garden"},
    }[dataset]
    answer = post(service, given, dataset, params={"source": "Müller"})
    assert answer.status_code == 200, answer.text
    (number,) = answer.json["ids"]
    counts = {name: answer.json[name] for name in ("read", "stored", "refused", "errors")}
    assert counts == {"read": 1, "stored": 1, "refused": 0, "errors": []}
    (found,) = listed(service, dataset)
    target = next(iter(set(given) & {"price", "late", "room"}))
    assert found == service.ask(f"{path(dataset)}/{number}").json
    assert found == {
        "id": number,
        "at": found["at"],
        "source": "Müller",
        "record": {name: value for name, value in given.items() if name != target},
        target: given[target],
        "upload": answer.json["upload"],
    }
    (row,) = service.rows(Label)
    assert (row["value"], row["upload"]) == (str(given[target]), service.rows()[0]["id"])


def test_the_source_is_the_callers_name_where_none_is_given(service: Service) -> None:
    post(service, DEBT)
    assert listed(service)[0]["source"] == "(this machine)"


def test_an_array_is_taken_but_for_its_faulty_labels(service: Service) -> None:
    wrong = [{**DEBT, "late": 2}, {**DEBT, "amuont": 1}, 7]
    answer = post(service, [DEBT, *wrong, {**DEBT, "amount": 9}])
    assert answer.status_code == 200
    told = answer.json
    assert (told["read"], told["stored"], told["refused"]) == (5, 2, 3)
    assert [(error["line"], error.get("field")) for error in told["errors"]] == [
        (2, "late"),
        (3, "amuont"),
        (4, None),
    ]
    assert told["errors"][0]["allowed"] == ["one of 0, 1"]
    assert [row["record"]["amount"] for row in listed(service)] == [9, 250]
    assert [row["id"] for row in listed(service)] == told["ids"][::-1]


def test_ndjson_is_taken_line_by_line(service: Service) -> None:
    lines = [json.dumps(DEBT), "", "{", json.dumps({**DEBT, "late": 0})]
    for kind in ("application/x-ndjson", "application/ndjson", "application/jsonl; charset=utf-8"):
        told = upload(service, "\n".join(lines), kind).json
        assert (told["read"], told["stored"], told["refused"]) == (3, 2, 1)
        assert told["errors"][0]["line"] == 3
    assert len(listed(service)) == 6


def test_a_csv_may_have_its_columns_in_any_order_and_more_of_them(service: Service) -> None:
    text = "late,note,days,owner,amount\n1,x,12,north,250.0\n2,x,1,north,3\n0,x,,south,1\n"
    told = upload(service, text).json
    assert (told["read"], told["stored"], told["refused"]) == (3, 2, 1)
    assert told["ignored"] == ["note"]
    assert (told["errors"][0]["line"], told["errors"][0]["field"]) == (3, "late")
    second, first = listed(service)
    assert (first["record"], first["late"]) == (project.DEBT, 1)
    assert second["record"] == {"amount": 1.0, "owner": "south", "days": None}


def test_what_is_wrong_with_all_of_it_is_refused(service: Service) -> None:
    document = assert_refused(post(service, {**DEBT, "late": 2}), 422, "late is not one of")
    assert (document["read"], document["stored"], document["refused"]) == (1, 0, 1)
    assert document["errors"][0]["given"] == "2"
    assert_refused(post(service, b"{"), 400, "not JSON")
    assert_refused(post(service, []), 422, "no record")
    assert_refused(upload(service, ""), 422, "no header")
    assert_refused(upload(service, "amount,owner,days,late\n"), 422, "no label")
    assert_refused(upload(service, "amount,owner,late\n1,north,1\n"), 422, "lacks", "days")
    assert_refused(upload(service, "\n\n", NDJSON), 422, "no label")
    assert service.rows(Label) == []


def test_a_class_that_nobody_knows_is_refused(service: Service) -> None:
    """Where the dataset lists none, the champion says which there are."""
    given = {**project.NOTE, "room": "gardn"}
    assert_refused(post(service, given, "notes"), 422, "did you mean 'garden'?")


def test_where_the_rest_cannot_be_read_what_came_before_is_kept(service: Service) -> None:
    document = assert_refused(
        upload(service, table(2).encode() + b"\xff,north,1,1\n"), 422, "from line 4 on", "UTF-8"
    )
    assert (document["stored"], document["read"]) == (2, 3)
    assert len(listed(service)) == 2


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=latin-1", "text/csvx"])
def test_another_media_type_is_refused(service: Service, kind: str) -> None:
    assert_refused(upload(service, "x", kind), 415, kind)
    assert service.rows(Upload) == []


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"source": ""}, "source"),
        ({"source": "\0"}, "source"),
        ({"source": "a\x1fb"}, "source"),
        ({"source": "x" * 201}, "source"),
        ({"atomic": "yes"}, "atomic"),
        ({"atmic": "true"}, "atmic"),
    ],
)
def test_a_wrong_parameter_stores_nothing(
    reader: Service, params: dict[str, str], word: str
) -> None:
    assert_refused(post(reader, DEBT, params=params), 400, word)
    assert reader.rows(Label) == []


def test_a_dataset_that_is_not_there_is_told_with_the_nearest(service: Service) -> None:
    for ask in (
        post(service, DEBT, "dets"),
        service.ask(path("dets")),
        service.ask(path("dets"), "DELETE"),
        service.ask(f"{path('dets')}/{ids.new()}"),
    ):
        assert_refused(ask, 404, "did you mean 'debts'?")


# Every place of a label that holds text, with what PostgreSQL's text cannot hold.
@pytest.mark.parametrize("text", ["\0", "a\0b", "\x01", "\x7f", "\u2028", "\U0001f600", "\ud800"])
def test_odd_characters_never_break_it(service: Service, text: str) -> None:
    escaped = json.dumps(text)
    debt = json.dumps({**DEBT, "owner": "?"}).replace('"?"', escaped)
    room = f'{{"text": {escaped}, "room": {escaped}}}'
    bodies = [(debt, "debts"), (room, "notes"), (room.replace("text", "txt"), "notes")]
    answers = [post(service, body, dataset) for body, dataset in bodies]
    answers += [upload(service, body, NDJSON, dataset=dataset) for body, dataset in bodies]
    plain = text.encode(errors="surrogatepass")
    answers.append(upload(service, b"amount,owner,days,late\n1," + plain + b",1,1\n"))
    answers.append(upload(service, b"text,room\n" + plain + b"," + plain + b"\n", dataset="notes"))
    answers.append(service.ask(path(), params={"value": text.encode(errors="replace").decode()}))
    answers.append(service.ask(f"{path()}/%00"))
    assert {answer.status_code for answer in answers} <= {200, 400, 404, 422}
    for row in service.rows(Label):
        assert service.ask(f"{path(row['dataset'])}/{row['id']}").status_code == 200


@pytest.fixture
def rumours(home: Path, make_service: MakeService) -> Service:
    """Start with a dataset whose classes nobody knows yet."""
    rumour = {**project.NOTES, "name": "rumours", "source": "data/none.csv"}
    project.dump(home / "conf/dataset/rumours.yaml", rumour)
    return make_service()


def test_where_no_class_is_known_any_is_taken(rumours: Service) -> None:
    answer = post(rumours, {"text": "so", "room": "attic"}, "rumours")
    assert answer.status_code == 200, answer.text
    assert listed(rumours, "rumours")[0]["room"] == "attic"


def test_a_class_with_a_nul_is_refused(rumours: Service) -> None:
    odd = post(rumours, {"text": "so", "room": "at\0tic"}, "rumours")
    assert_refused(odd, 422, "room")


def test_a_body_that_is_read_while_it_comes_is_not_in_the_log(service: Service) -> None:
    upload(service, table(3))
    upload(service, json.dumps(DEBT), NDJSON)
    post(service, DEBT)
    assert [row["request_body"] is None for row in service.rows()] == [True, True, False]
    assert [row["dataset"] for row in service.rows()] == ["debts"] * 3
    one, two, three = (row["id"] for row in service.rows())
    assert [row["upload"] for row in service.rows(Label)] == [one, one, one, two, three]


def test_the_two_bounds_of_bodies(make_service: MakeService) -> None:
    service = make_service(largest_body=0.0002, largest_upload=0.001)
    assert_refused(post(service, [DEBT] * 5), 413)
    assert upload(service, table(20)).status_code == 200
    assert_refused(upload(service, table(200)), 413)
    assert len(service.rows(Label)) == 20


# ---- all or none -----------------------------------------------------------------------------


def test_all_or_none(service: Service) -> None:
    wrong = table(1500) + "x,north,1,1\n"
    document = assert_refused(
        upload(service, wrong, params={"atomic": "true"}), 422, "1 of 1501 labels are refused"
    )
    assert (document["read"], document["stored"], document["refused"]) == (1501, 0, 1)
    assert document["errors"][0]["line"] == 1502
    assert service.rows(Label) == []
    told = upload(service, table(1500), params={"atomic": "true"}).json
    assert (told["read"], told["stored"]) == (1500, 1500)
    assert len(service.rows(Label)) == 1500
    assert {row["deleted_by"] for row in service.rows(Label)} == {None}


def test_a_single_label_that_is_wrong_tells_its_own_fault(service: Service) -> None:
    answer = post(service, {**DEBT, "late": 2}, params={"atomic": "true"})
    assert_refused(answer, 422, "late is not one of")


class Cut:
    """A body whose client is gone in its middle."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        data = self._data.read(size)
        if not data:
            raise ConnectionResetError
        return data


def raw(service: Service, body: bytes, length: int, query: str = "", **headers: str) -> Result:
    """Post a CSV of which less comes than is announced."""
    environ = falcon.testing.create_environ(
        path(),
        method="POST",
        query_string=query,
        headers={"Content-Type": CSV, **headers},
        host="localhost",
    )
    environ.update({"CONTENT_LENGTH": str(length), "wsgi.input": Cut(body)})
    said: list[Any] = []
    pieces = service.api(environ, lambda *words: said.append(words))
    return Result(pieces, *said[0])


ROWS = 5000
BIG = table(ROWS, "north" * 30).encode()  # some blocks


@pytest.mark.parametrize("atomic", ["true", "false"])
def test_a_post_that_was_broken_off_is_sent_again_whole(service: Service, atomic: str) -> None:
    query, key = f"atomic={atomic}", {"Idempotency-Key": "k"}
    document = assert_refused(
        raw(service, BIG[:600_000], len(BIG), query, **key), 408, "nothing is stored twice"
    )
    counted = len(service.rows(Label)) if atomic == "false" else 0
    assert document["stored"] == counted
    assert document["read"] == len(service.rows(Label)) > 1000
    assert (len(listed(service)) > 0) == (atomic == "false")
    (row,) = service.rows(Upload)
    assert (row["state"], row["read"]) == ("reading", document["read"])
    told = upload(service, BIG, params={"atomic": atomic}, headers=key)
    assert (told.status_code, told.json["stored"]) == (200, ROWS)
    rows = service.rows(Label)
    assert len(rows) == ROWS
    assert {row["upload"] for row in rows} == {document["upload"]} == {told.json["upload"]}
    assert [json.loads(row["record"])["days"] for row in rows] == list(range(ROWS))
    assert upload(service, BIG, params={"atomic": atomic}, headers=key).json == told.json
    assert len(service.rows(Label)) == ROWS


def test_without_a_key_it_is_said_from_where_to_go_on(service: Service) -> None:
    document = assert_refused(raw(service, BIG[:600_000], len(BIG)), 408)
    assert f"what follows the first {document['read']} rows" in document["fix"]
    document = assert_refused(raw(service, BIG[:600_000], len(BIG), "atomic=true"), 408)
    assert document["fix"] == "send it again"


def test_what_never_counted_is_nowhere_to_be_seen(service: Service) -> None:
    assert_refused(raw(service, BIG[:600_000], len(BIG), "atomic=true"), 408)
    hidden = service.rows(Label)
    assert hidden
    for params in ({}, {"deleted": "true"}, {"source": "(this machine)"}):
        assert listed(service, **params) == []
    assert_refused(service.ask(f"{path()}/{hidden[0]['id']}"), 404)
    assert_refused(service.ask(f"{path()}/{hidden[0]['id']}", "DELETE"), 404)
    exported = service.ask(path(), params={"format": "csv", "deleted": "true"})
    assert len(exported.text.splitlines()) == 1
    params = {"before": "2100-01-01", "confirm": 0}
    assert service.ask(path(), "DELETE", params=params).json == {"deleted": 0}
    assert label_store.counts(service.database, "debts") == {}
    assert list(label_store.current(service.database, "debts")) == []


# ---- the same post again ---------------------------------------------------------------------


def keyed(service: Service, given: Any, key: str = "k", **words: Any) -> Result:
    return post(service, given, headers={"Idempotency-Key": key}, **words)


def test_a_post_with_the_same_key_is_answered_and_stores_nothing_more(service: Service) -> None:
    first = keyed(service, [DEBT, {**DEBT, "late": 3}])
    again = keyed(service, [DEBT, {**DEBT, "late": 3}])
    assert (again.status_code, again.json) == (200, first.json)
    assert len(service.rows(Label)) == 1
    assert len(service.rows(Upload)) == 1
    other = keyed(service, [DEBT, {**DEBT, "late": 3}], "another")
    assert other.json["ids"] != first.json["ids"]


def test_a_refusal_is_given_again(service: Service) -> None:
    for given, status in (([{**DEBT, "late": 3}] * 2, 422), (b"{", 400), ([], 422)):
        key = f"k{given!r}"
        first = assert_refused(keyed(service, given, key), status)
        again = assert_refused(keyed(service, given, key), status)
        assert first.pop("request_id") != again.pop("request_id")
        assert again == first
    assert len(service.rows(Upload)) == 3


@pytest.mark.parametrize("given", [DEBT, [{**DEBT, "late": 9}], b"{"])
def test_a_key_is_for_one_body(service: Service, given: Any) -> None:
    first = keyed(service, given)
    other = {**DEBT, "amount": 9}
    for body in (other, [other, other]):
        document = assert_refused(keyed(service, body), 422, "used for another post")
        assert document["given"] == "k"
    assert keyed(service, given).json.get("ids") == first.json.get("ids"), "the first one stands"
    assert [row["record"] for row in service.rows(Label)] == (
        [json.dumps(project.DEBT, separators=(",", ":")).encode()] if given is DEBT else []
    )


def test_a_key_is_for_one_way_of_posting(service: Service) -> None:
    keyed(service, DEBT, params={"source": "a"})
    assert_refused(keyed(service, DEBT, params={"source": "b"}), 422, "another post")
    params = {"source": "a", "atomic": "true"}
    assert_refused(keyed(service, DEBT, params=params), 422, "another post")
    assert len(service.rows(Label)) == 1


def test_a_key_is_for_one_dataset(service: Service) -> None:
    keyed(service, DEBT)
    assert_refused(keyed(service, DEBT, dataset="ghosts"), 422, "debts")
    assert [row["dataset"] for row in service.rows(Label)] == ["debts"]


@pytest.mark.parametrize("atomic", ["true", "false"])
def test_after_a_break_another_body_with_the_key_is_refused(service: Service, atomic: str) -> None:
    """It must neither be taken for the first one nor spoil it."""
    words = {"params": {"atomic": atomic}, "headers": {"Idempotency-Key": "k"}}
    raw(service, BIG[:600_000], len(BIG), f"atomic={atomic}", **words["headers"])
    others = [table(ROWS), table(ROWS, "north" * 29), table(300), "amount\n1\n", table(0)]
    for other in others:
        assert_refused(upload(service, other, **words), 422, "another post")
    told = upload(service, BIG, **words)
    assert (told.status_code, told.json["stored"]) == (200, ROWS)
    assert {json.loads(row["record"])["owner"] for row in service.rows(Label)} == {"north" * 30}


@pytest.mark.parametrize("key", ["", "é", "a\x01", "x" * 201])
def test_a_key_that_is_none_is_refused(reader: Service, key: str) -> None:
    environ = falcon.testing.create_environ(
        path(),
        method="POST",
        body=json.dumps(DEBT),
        headers={"Content-Type": "application/json"},
        host="localhost",
    )
    environ["HTTP_IDEMPOTENCY_KEY"] = key
    said: list[Any] = []
    pieces = reader.api(environ, lambda *words: said.append(words))
    assert_refused(Result(pieces, *said[0]), 400, "Idempotency-Key")
    assert reader.rows(Label) == []


def test_two_callers_may_use_the_same_key(service: Service) -> None:
    headers = []
    for name in ("a", "b"):
        key = keys.create(service.database, name, ["label"])
        headers.append({"X-API-Key": key, "Idempotency-Key": "k"})
    service.look()
    first, second = (post(service, DEBT, headers=one) for one in headers)
    assert first.json["ids"] != second.json["ids"]
    assert [row["source"] for row in service.rows(Label)] == ["a", "b"]


def test_whoever_posts_in_anothers_name_speaks_for_its_own_key(service: Service) -> None:
    """What a training may learn from goes by it, and not by what is sent along."""
    headers = {"X-API-Key": keys.create(service.database, "mallory", ["label", "predict"])}
    service.look()
    record = service.ask("/v1/debts", headers=headers).json["example"]
    predicted = service.post("/v1/debts/predictions", record, headers=headers).json["id"]
    bodies = [
        (f"{path()}?source=bank", json.dumps(DEBT), "application/json"),
        (f"{path()}?source=bank&atomic=true", json.dumps({**DEBT, "amount": 2.0}), NDJSON),
        (f"{path()}?source=bank", f"prediction_id,late\n{predicted},1\n", CSV),
    ]
    for where, body, kind in bodies:
        sent = {**headers, "Content-Type": kind}
        assert service.ask(where, "POST", body=body, headers=sent).status_code == 200
    truth = f"/v1/debts/predictions/{predicted}/label"
    assert service.ask(truth, "PUT", json={"late": 0}, headers=headers).status_code == 200
    sources = [row["source"] for row in service.rows(Label)]
    assert sources == ["bank"] * 3 + ["mallory"]
    keys_of_labels = {row["key"] for row in label_store.current(service.database, "debts")}
    assert keys_of_labels == {"mallory"}


@pytest.mark.parametrize("atomic", ["true", "false"])
@pytest.mark.parametrize("kind", ["same", "others"])
def test_posts_at_once_with_one_key_store_one_of_them(
    make_service: MakeService, atomic: str, kind: str
) -> None:
    service = make_service(wait=30.0)
    texts = [table(3000)] * 4
    if kind == "others":
        texts[1::2] = [table(3000, "south")] * 2
    answers: dict[int, Result] = {}
    barrier = threading.Barrier(len(texts))

    def send(at: int) -> None:
        barrier.wait()
        words = {"params": {"atomic": atomic}, "headers": {"Idempotency-Key": "k"}}
        answers[at] = upload(service, texts[at], **words)

    threads = [threading.Thread(target=send, args=(at,)) for at in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [at for at, answer in answers.items() if answer.status_code == 200]
    assert len({texts[at] for at in taken}) == 1
    assert len(taken) == (4 if kind == "same" else 2)
    assert all(answers[at].json == answers[taken[0]].json for at in taken)
    for at in set(answers) - set(taken):
        assert_refused(answers[at], 422, "another post")
    owners = [json.loads(row["record"])["owner"] for row in service.rows(Label)]
    assert owners == [texts[taken[0]].splitlines()[1].split(",")[1]] * 3000
    assert {row["deleted"] for row in service.rows(Label)} == {None}


# ---- the database is away --------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "k"])
def test_a_database_that_is_busy_in_the_middle_is_told_with_what_is_stored(
    service: Service, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    insert, calls = label_store.insert, iter([True, True, False])

    def busy(database: Any, rows: Any) -> None:
        insert(database, rows)
        if not next(calls, True):
            raise peewee.OperationalError("database is locked: secret")

    monkeypatch.setattr(label_store, "insert", busy)
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = upload(service, table(5000), headers=headers)
    document = assert_refused(answer, 503, "busy or away")
    assert "secret" not in answer.text
    assert answer.headers["retry-after"] == "1"
    assert document["stored"] == document["read"] == len(service.rows(Label)) == 2000
    assert "Idempotency-Key" in document["fix"]
    assert ("first 2000 rows" in document["fix"]) == (key is None)
    if key is not None:
        assert upload(service, table(5000), headers=headers).json["stored"] == 5000
        assert len(service.rows(Label)) == 5000


def test_a_post_may_take_longer_than_a_read(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that reads has an end, which rows that come slowly must not meet."""
    monkeypatch.setattr(databases, "SLOWEST", 0.2)
    monkeypatch.setattr(databases, "STEPS", 1000)
    read = reader.LabelReader.csv

    def slowly(self: reader.LabelReader, *words: Any) -> Iterator[reader.Chunk]:
        for chunk in read(self, *words):
            yield chunk
            time.sleep(0.3)

    monkeypatch.setattr(reader.LabelReader, "csv", slowly)
    answer = upload(make_service(), table(2500))
    assert (answer.status_code, answer.json["stored"]) == (200, 2500), answer.text


# ---- lists and files -------------------------------------------------------------------------


@pytest.fixture
def full(service: Service) -> Service:
    """Store five labels in three posts."""
    post(service, [DEBT, {**DEBT, "amount": 2, "days": None}], params={"source": "a"})
    post(service, [{**DEBT, "late": 0}] * 2, params={"source": "b"})
    post(service, {**DEBT, "late": 0}, params={"source": "a"})
    post(service, STONE, "stones")
    return service


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 5),
        ({"source": "a"}, 3),
        ({"value": "1"}, 2),
        ({"value": "0", "source": "b"}, 2),
        ({"source": "c"}, 0),
        ({"since": "2020-01-01"}, 5),
        ({"until": "2020-01-01"}, 0),
        ({"deleted": "true"}, 0),
        ({"deleted": "false"}, 5),
        ({"prediction": "00000000-0000-0000-0000-000000000000"}, 0),
    ],
)
def test_labels_are_searched(full: Service, params: dict[str, str], count: int) -> None:
    assert len(listed(full, **params)) == count
    text = full.ask(path(), params={**params, "format": "csv"}).text
    assert len(text.splitlines()) == count + 1


def test_pages_follow_each_other(full: Service) -> None:
    expected = [row["id"] for row in listed(full)]
    assert expected == sorted(expected, reverse=True)
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        document = full.ask(path(), params={"limit": 2, **cursor}).json
        found += [row["id"] for row in document["labels"]]
        cursor = {"cursor": document["next"]}
    assert found == expected
    assert document["next"] is None


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"since": "yesterday"}, "'since'"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"format": "xml"}, "format"),
        ({"value": "\x01"}, "value"),
        ({"prediction": "1"}, "prediction"),
        ({"sorce": "a"}, "sorce"),
    ],
)
def test_a_wrong_search_is_refused_by_name(
    reader: Service, params: dict[str, str], word: str
) -> None:
    for more in ({}, {"format": "csv"}):
        answer = reader.ask(path(), params={**more, **params})
        assert_refused(answer, 400, word)
        assert answer.headers["content-length"] == str(len(answer.content))


def rows_of(service: Service, dataset: str) -> list[tuple[Any, ...]]:
    return [
        (row["record"], row["value"]) for row in service.rows(Label) if row["dataset"] == dataset
    ]


ODD = [
    "plain",
    'a "quoted", one',
    "two\nlines",
    "lone\rreturn",
    "both\r\nof",
    "=1+1",
    "'",
    "é\u2028",
]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
@pytest.mark.parametrize("dataset", ["stones", "debts", "notes"])
def test_what_is_exported_can_be_posted_again(service: Service, dataset: str, kind: str) -> None:
    given: list[dict[str, Any]] = {
        "stones": [STONE, {**STONE, "depth": None, "price": 0.1}, {**STONE, "carat": 1e-7}],
        "debts": [DEBT, {**DEBT, "days": None, "owner": "a, b"}, {**DEBT, "amount": 1e22}],
        "notes": [{"text": text, "room": "garden"} for text in ODD],
    }[dataset]
    project.dump(  # odd numbers are no matter of a person here
        configuration.CONF / "dataset" / "stones.yaml", {**project.STONES, "review": "never"}
    )
    service.look()
    assert post(service, given, dataset).json["stored"] == len(given)
    before = rows_of(service, dataset)
    answer = service.ask(path(dataset), params={"format": kind})
    assert answer.headers["content-type"] == (CSV if kind == "csv" else NDJSON)
    assert f"{dataset}-labels.{kind}" in answer.headers["content-disposition"]
    told = upload(service, answer.content, answer.headers["content-type"], dataset=dataset).json
    assert (told["stored"], told["refused"]) == (len(given), 0), told
    assert rows_of(service, dataset) == before * 2


def test_a_csv_says_of_each_label_where_it_comes_from(full: Service) -> None:
    text = full.ask(path(), params={"format": "csv"}).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    known = listed(full)[::-1]
    assert [row["label_id"] for row in rows] == [one["id"] for one in known]
    assert [row["label_source"] for row in rows] == [one["source"] for one in known]
    assert [row["label_at"] for row in rows] == [one["at"] for one in known]
    assert upload(full, text).json["ignored"] == list(BESIDE)


def test_what_is_missing_is_exported_as_the_dataset_writes_it(
    home: Path, make_service: MakeService
) -> None:
    ghosts = {**project.GHOSTS, "missing": ["-"], "separator": ";"}
    project.dump(home / "conf/dataset/ghosts.yaml", ghosts)
    service = make_service()
    post(service, {**DEBT, "days": None}, "ghosts")
    text = service.ask(path("ghosts"), params={"format": "csv"}).text
    assert text.splitlines()[1].startswith("250.0;north;-;1;")
    assert upload(service, text, dataset="ghosts").json["stored"] == 1


KEYED: dict[str, Any] = {
    "key": ["payer"],
    "weight": "sold",
    "split": {"method": "time", "column": "day"},
}


@pytest.fixture
def owned(home: Path, make_service: MakeService) -> Service:
    """Return a service with a dataset whose labels may say whose they are."""
    project.dump(home / "conf/dataset/ghosts.yaml", {**project.GHOSTS, **KEYED})
    return make_service()


def test_whose_a_label_is_is_stored_where_it_is_said(owned: Service) -> None:
    whole = {**DEBT, "payer": 7, "sold": 2, "day": "2024-05-31"}
    told = post(owned, [whole, DEBT, {**whole, "sold": -1}], "ghosts").json
    assert (told["stored"], told["refused"], told["errors"][0]["field"]) == (2, 1, "sold")
    plain, found = listed(owned, "ghosts")
    said = {"payer": "7", "sold": 2.0, "day": "2024-05-31"}
    assert found["record"] == {**project.DEBT, **said}
    post(owned, DEBT)
    bare, without = rows_of(owned, "debts"), rows_of(owned, "ghosts")[1:]
    assert bare == without, "to the byte as where nothing can be said"
    assert plain["record"] == project.DEBT


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_whose_a_label_is_is_exported_and_can_be_posted_again(owned: Service, kind: str) -> None:
    post(owned, [{**DEBT, "payer": "=7", "sold": 0.5, "day": 2024}, DEBT], "ghosts")
    before = rows_of(owned, "ghosts")
    answer = owned.ask(path("ghosts"), params={"format": kind})
    told = upload(owned, answer.content, answer.headers["content-type"], dataset="ghosts").json
    assert told["stored"] == 2, told
    assert rows_of(owned, "ghosts") == before * 2


@pytest.mark.parametrize("name", [*KEYED["key"], "sold", "day"])
def test_whose_a_label_is_is_not_stored_where_it_never_is(
    owned: Service, make_service: MakeService, name: str
) -> None:
    hiding = make_service(redact=(name,))
    assert_refused(post(hiding, DEBT, "ghosts"), 409, "LAPIDARY_REDACT", name)
    assert_refused(upload(hiding, table(2), dataset="ghosts"), 409)
    assert hiding.rows(Label) == []


def answered(service: Service, method: str, query: str) -> tuple[Any, dict[str, str], Iterator]:
    said: list[Any] = []
    environ = falcon.testing.create_environ(
        path(), method=method, query_string=query, host="localhost"
    )
    pieces = service.api(environ, lambda *words: said.append(words))
    return said[0][0], {name.lower(): value for name, value in said[0][1]}, iter(pieces)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_file_is_sent_in_pieces_while_nothing_stays_open(
    service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    upload(service, table(2500))
    used: list[peewee.Database] = []
    page = label_store.page

    def remembered(database: peewee.Database, *words: Any, **more: Any) -> Any:
        used.append(database)
        return page(database, *words, **more)

    monkeypatch.setattr(label_store, "page", remembered)
    status, headers, pieces = answered(service, "GET", f"format={kind}")
    assert status == "200 OK"
    assert "content-length" not in headers
    found = []
    for piece in pieces:
        assert used[0].is_closed()
        found.append(piece)
    assert len(found) > 2
    lines = b"".join(found).splitlines()
    assert len(lines) == 2500 + (kind == "csv")
    entry = service.rows()[-1]
    assert (entry["status"], entry["response_body"]) == (200, None)
    assert entry["delivery"] == "complete"


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_head_of_a_file_and_an_empty_file(service: Service, kind: str) -> None:
    status, headers, pieces = answered(service, "HEAD", f"format={kind}")
    assert (status, list(pieces)) == ("200 OK", [])
    assert headers["content-type"] in (CSV, NDJSON)
    assert len(service.ask(path(), params={"format": kind}).text.splitlines()) == (kind == "csv")
    status, headers, pieces = answered(service, "HEAD", f"format={kind}&limit=x")
    assert (status[:3], list(pieces)) == ("400", [])
    assert int(headers["content-length"]) > 0


def test_labels_of_a_dataset_that_was_told_otherwise_are_still_shown(
    home: Path, service: Service
) -> None:
    post(service, {**project.NOTE, "room": "garden"}, "notes")
    target = {"name": "room"}
    notes = {**project.NOTES, "task": "regression", "target": target, "metric": "mae"}
    project.dump(home / "conf/dataset/notes.yaml", notes)
    service.look()
    assert listed(service, "notes")[0]["room"] == "garden"


# ---- deletion --------------------------------------------------------------------------------


def test_a_label_that_is_deleted_is_kept_and_says_so(full: Service) -> None:
    number = listed(full)[0]["id"]
    gone = full.ask(f"{path()}/{number}", "DELETE").json
    assert gone["deleted"]["by"] == "(this machine)"
    assert full.ask(f"{path()}/{number}").json == gone
    assert full.ask(f"{path()}/{number}", "DELETE").json == gone, "it is deleted once"
    assert number not in [row["id"] for row in listed(full)]
    assert listed(full, deleted="true") == [gone]
    assert len(listed(full)) == 4


@pytest.mark.parametrize("number", ["x", "%00", "%F0%9F%98%80"])
def test_a_label_that_is_not_there(full: Service, number: str) -> None:
    for method in ("GET", "DELETE"):
        assert_refused(full.ask(f"{path()}/{number}", method), 404, "no such label")
        assert_refused(full.ask(f"{path()}/{ids.new()}", method), 404)
    other = listed(full, "stones")[0]["id"]
    assert_refused(full.ask(f"{path()}/{other}"), 404)


def test_many_are_deleted_where_their_number_is_confirmed(full: Service) -> None:
    for confirm in ({}, {"confirm": 2}, {"confirm": 4}):
        answer = full.ask(path(), "DELETE", params={"source": "a", **confirm})
        document = assert_refused(answer, 409, "3 labels would be deleted")
        assert document["allowed"] == ["confirm=3"]
    assert len(listed(full)) == 5
    answer = full.ask(path(), "DELETE", params={"source": "a", "confirm": 3})
    assert answer.json == {"deleted": 3}
    assert [row["source"] for row in listed(full)] == ["b", "b"]
    assert len(listed(full, "stones")) == 1
    assert len(listed(full, deleted="true", source="a")) == 3
    answer = full.ask(path(), "DELETE", params={"source": "a", "confirm": 3})
    assert_refused(answer, 409, "0 labels")
    number = listed(full)[0]["id"]
    assert full.ask(f"{path()}/{number}", "DELETE").status_code == 200
    answer = full.ask(path(), "DELETE", params={"source": "b"})
    assert_refused(answer, 409, "1 label would be deleted, once the number is confirmed")


def test_it_must_be_said_which_are_deleted(full: Service) -> None:
    for params in ({}, {"confirm": 5}):
        assert_refused(full.ask(path(), "DELETE", params=params), 422, "before=")
    assert_refused(full.ask(path(), "DELETE", params={"before": "soon"}), 400, "'before'")
    assert_refused(full.ask(path(), "DELETE", params={"confirm": -1}), 400, "confirm")
    answer = full.ask(path(), "DELETE", params={"before": "2100-01-01", "confirm": 5})
    assert answer.json == {"deleted": 5}


def test_what_came_later_is_not_deleted(service: Service, hands: Hands) -> None:
    post(service, DEBT)
    hands.move()
    moment = clock.text(clock.now())
    hands.move()
    post(service, DEBT)
    params = {"before": moment, "confirm": 1}
    assert service.ask(path(), "DELETE", params=params).json == {"deleted": 1}
    assert len(listed(service, since=moment)) == 1
    assert listed(service, until=moment) == []


# ---- who may ---------------------------------------------------------------------------------


def test_labels_need_their_scope(service: Service) -> None:
    web = {"X-API-Key": keys.create(service.database, "web", ["predict", "train"])}
    people = {"X-API-Key": keys.create(service.database, "people", ["label"])}
    service.look()
    number = post(service, DEBT, headers=people).json["ids"][0]
    asked = [
        ("POST", path()),
        ("GET", path()),
        ("GET", f"{path()}?format=csv"),
        ("DELETE", f"{path()}?before=2100-01-01"),
        ("GET", f"{path()}/{number}"),
        ("DELETE", f"{path()}/{number}"),
    ]
    for method, where in asked:
        bare, _, query = where.partition("?")
        words = {"query_string": query, "headers": web}
        assert_refused(service.ask(bare, method, **words), 403, "scope")
    assert_refused(upload(service, table(2), headers=web), 403, "scope")
    assert len(service.rows(Label)) == 1
    assert service.ask(path(), headers=people).json["labels"][0]["source"] == "people"
    assert (
        service.ask(f"{path()}/{number}", "DELETE", headers=people).json["deleted"]["by"]
        == "people"
    )


def test_a_key_deletes_what_it_posted_and_an_administrator_all(service: Service) -> None:
    web, people, boss = (
        {"X-API-Key": keys.create(service.database, name, [scope])}
        for name, scope in (("web", "label"), ("people", "label"), ("boss", "admin"))
    )
    service.look()
    # Whatever a key calls its source, it is not another key for that.
    first = post(service, DEBT, headers=people, query_string="source=web").json["ids"][0]
    others = post(service, DEBT, headers=web).json["ids"][0]
    assert_refused(service.ask(f"{path()}/{first}", "DELETE", headers=web), 403, "another key")
    everything = {"before": "2100-01-01", "confirm": 2}
    asked = service.ask(path(), "DELETE", headers=web, params=everything)
    assert assert_refused(asked, 409, "1 label")["allowed"] == ["confirm=1"]
    own = service.ask(path(), "DELETE", headers=web, params={**everything, "confirm": 1})
    assert own.json == {"deleted": 1}
    left = service.ask(path(), headers=people).json["labels"]
    assert [row["id"] for row in left] == [first]
    assert (
        service.ask(f"{path()}/{others}", "DELETE", headers=people).json["deleted"]["by"] == "web"
    )
    gone = service.ask(f"{path()}/{first}", "DELETE", headers=boss)
    assert gone.json["deleted"]["by"] == "boss"


@pytest.mark.parametrize("name", ["owner", "LATE"])
def test_what_is_never_stored_is_no_label(make_service: MakeService, name: str) -> None:
    service = make_service(redact=("x", name))
    assert_refused(post(service, DEBT), 409, "LAPIDARY_REDACT", name.lower())
    assert_refused(upload(service, table(2)), 409)
    assert service.rows(Label) == service.rows(Upload) == []
    assert post(service, STONE, "stones").status_code == 200
