"""An API key that was pasted where none belongs is stored nowhere: one test for each place."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import WSGIWarning

import pytest

from app import __main__ as command_line
from app.auth import keys
from app.store import database as databases
from app.store.tables import Label, Upload
from src.support.errors import UserError
from tests.app import project
from tests.app import server as servers
from tests.app.conftest import MakeService
from tests.app.service import Result, Service

PREDICTIONS, LABELS = "/v1/notes/predictions", "/v1/notes/labels"
CSV, NDJSON = {"Content-Type": "text/csv"}, {"Content-Type": "application/x-ndjson"}
Place = Callable[[Service, str], Any]
PLACES: dict[str, Place] = {}


def place(name: str) -> Callable[[Place], Place]:
    def add(paste: Place) -> Place:
        PLACES[name] = paste
        return paste

    return add


def escaped(key: str) -> str:
    """Write each character as JSON may escape it."""
    return "".join(f"\\u{ord(one):04x}" for one in key)


def encoded(key: str, sign: str = "%") -> str:
    """Write each character as an address may encode it."""
    return "".join(f"{sign}{ord(one):02X}" for one in key)


def asking(path: str, method: str = "GET", **words: Any) -> Place:
    """Return what asks with a key in place of KEY, in whatever is sent."""

    def paste(service: Service, key: str) -> Result:
        def put(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: put(one) for name, one in value.items()}
            return value.replace("KEY", key) if isinstance(value, str) else value

        given = {name: put(value) for name, value in words.items()}
        return service.ask(put(path), method, **given)

    return paste


def posting(path: str, body: str, headers: dict[str, str] | None = None, **words: Any) -> Place:
    sent = headers or {"Content-Type": "application/json"}
    return asking(path, "POST", body=body, headers=sent, **words)


def written(make: Callable[[str], str], paste: Place) -> Place:
    """Return what pastes a key that is written in another way."""
    return lambda service, key: paste(service, make(key))


RECORD = '{"text": "my key is KEY, keep it"}'
LABEL = '{"text": "my key is KEY, keep it", "room": "office"}'
PLACES |= {
    "path": asking("/v1/KEY"),
    "path: a version": asking("/v1/stones/models/KEY"),
    "path: a prediction": asking("/v1/stones/predictions/KEY"),
    "path: a file": asking("/docs/KEY"),
    "path: encoded": written(encoded, asking("/v1/KEY")),
    "path: encoded twice": written(lambda key: encoded(key, "%25"), asking("/v1/KEY")),
    "query": asking("/v1/datasets", query_string="q=KEY"),
    "query: a name": asking("/v1/datasets", query_string="KEY=1"),
    "query: encoded": written(encoded, asking("/v1/datasets", query_string="q=KEY")),
    "query: beside what is not ASCII": asking("/v1/datasets", query_string="é=1&q=KEY"),
    "query: of labels": asking(LABELS, query_string="source=KEY"),
    "query: of the log": asking("/v1/requests", query_string="path=KEY"),
    "query: after signing in": asking("/signin", query_string="next=/KEY"),
    "X-Request-Id": asking("/v1/datasets", headers={"X-Request-Id": "KEY"}),
    "X-Request-Id of what is refused": asking("/v1/none", headers={"X-Request-Id": "KEY"}),
    "Host": asking("/v1/datasets", headers={"Host": "KEY"}),
    "Origin": asking(
        "/v1/stones/champion",
        "POST",
        headers={"Origin": "http://KEY", "Sec-Fetch-Site": "cross-site"},
    ),
    "Content-Type": posting(PREDICTIONS, "{}", {"Content-Type": "KEY"}),
    "body": posting(PREDICTIONS, RECORD),
    "body: explained": posting(PREDICTIONS, RECORD, query_string="explain=true"),
    "body: begun with an escape": written(
        lambda key: f"\\u006c{key[1:]}", posting(PREDICTIONS, RECORD)
    ),
    "body: ended with escapes": written(
        lambda key: key[:16] + escaped(key[16:]), posting(PREDICTIONS, RECORD)
    ),
    "body: escaped": written(escaped, posting(PREDICTIONS, RECORD)),
    "body: escaped twice": written(
        lambda key: escaped(key).replace("\\", "\\\\"), posting(PREDICTIONS, RECORD)
    ),
    "body: encoded": written(encoded, posting(PREDICTIONS, RECORD)),
    "body: several": posting(PREDICTIONS, f"[{RECORD}, {RECORD}]"),
    "body: several, escaped": written(escaped, posting(PREDICTIONS, f"[{RECORD}, {RECORD}]")),
    "body: CSV": posting(PREDICTIONS, 'text\n"KEY, or so"\n', CSV),
    "body: CSV with another column": posting(PREDICTIONS, "text,note\nhello,KEY\n", CSV),
    "body: CSV with a bad row": posting(
        "/v1/stones/predictions",
        "carat,facets,cut,depth\nKEY,1,Good,2\n",
        CSV,
        query_string="partial=true",
    ),
    "body: a field that is none": posting(PREDICTIONS, '{"text": "x", "KEY": 1}'),
    "body: the value of one that is none": posting(PREDICTIONS, '{"text": "x", "key": "KEY"}'),
    "body: a number": posting("/v1/stones/predictions", '{"carat": "KEY"}'),
    "body: no JSON": posting(PREDICTIONS, '{"text": "KEY'),
    "body: multipart": posting(
        PREDICTIONS,
        '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nKEY\r\n--x--\r\n',
        {"Content-Type": "multipart/form-data; boundary=x"},
    ),
    "body: a form": posting(
        PREDICTIONS, "key=KEY", {"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "body: signing in": posting(
        "/signin", "key=KEY&csrf=x", {"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "similar": posting("/v1/stones/similar", '{"record": {"carat": 1, "cut": "KEY"}, "n": 2}'),
    "label: record": posting(LABELS, LABEL),
    "label: record, escaped": written(escaped, posting(LABELS, LABEL)),
    "label: several": posting(LABELS, f"[{LABEL}, {LABEL}]"),
    "label: NDJSON": posting(LABELS, LABEL + "\n" + LABEL, NDJSON),
    "label: NDJSON, escaped": written(escaped, posting(LABELS, LABEL, NDJSON)),
    "label: CSV": posting(LABELS, "text,room\nKEY,office\nthe desk,office\n", CSV),
    "label: value": posting("/v1/free/labels", '{"text": "the desk", "room": "KEY"}'),
    "label: value in a CSV": posting("/v1/free/labels", "text,room\nthe desk,KEY\n", CSV),
    "label: a class that is none": posting(LABELS, '{"text": "x", "room": "KEY"}'),
    "label: a field that is none": posting(LABELS, '[{"text": "x", "room": "office", "a": "KEY"}]'),
    "label: whose it is": posting("/v1/mine/labels", '{"amount": 1, "late": 1, "payer": "KEY"}'),
    "label: all or none": posting(LABELS, f"[{LABEL}]", query_string="atomic=true"),
    "label: source": posting(LABELS, '{"text": "x", "room": "office"}', query_string="source=KEY"),
    "label: source, encoded": written(
        encoded,
        posting(LABELS, '{"text": "x", "room": "office"}', query_string="source=KEY"),
    ),
    "Idempotency-Key": posting(
        LABELS,
        '{"text": "x", "room": "office"}',
        {"Content-Type": "application/json", "Idempotency-Key": "KEY"},
    ),
    "training: name": posting("/v1/notes/trainings", '{"name": "KEY"}'),
    "training: name, escaped": written(escaped, posting("/v1/notes/trainings", '{"name": "KEY"}')),
    "training: model": posting("/v1/notes/trainings", '{"model": "KEY"}'),
    "promotion: why": posting("/v1/stones/champion", '{"version": 2, "why": "KEY"}'),
    "promotion: version": posting("/v1/stones/champion", '{"version": "KEY"}'),
    "override: why": posting("/v1/stones/models/2/override", '{"why": "KEY"}'),
}


@place("truth of a prediction")
def _truth(service: Service, key: str) -> None:
    number = service.predict("notes").json["id"]
    service.ask(
        f"{PREDICTIONS}/{number}/label",
        "PUT",
        body=json.dumps({"room": key}),
        headers={"Content-Type": "application/json"},
    )
    service.post(LABELS, {"prediction_id": number, "room": key})


@place("record of a prediction that gets its truth")
def _record_of_a_truth(service: Service, key: str) -> None:
    number = service.predict("notes", {"text": f"the desk {key}"}).json["id"]
    service.post(LABELS, {"prediction_id": number, "room": "office"})
    service.ask(
        f"{PREDICTIONS}/{number}/label",
        "PUT",
        body='{"room": "garden"}',
        headers={"Content-Type": "application/json"},
    )


@place("why a label is rejected")
def _review(service: Service, key: str) -> None:
    far = {**project.STONE, "price": 9_000_000}
    (number,) = service.post("/v1/stones/labels", far).json["ids"]
    for verb in ("reject", "accept"):
        service.post(f"/v1/stones/labels/{number}/{verb}", {"why": key})


@place("method")
def _method(service: Service, key: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WSGIWarning)  # the server lets such methods through
        service.ask("/v1/datasets", key)


@place("body: of UTF-16")
def _utf_16(service: Service, key: str) -> None:
    service.post(PREDICTIONS, json.dumps({"text": key}).encode("utf-16"))


@place("body: packed")
def _packed(service: Service, key: str) -> None:
    body = gzip.compress(json.dumps({"text": key}).encode(), compresslevel=0)
    assert key.encode() in body
    sent = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    service.client.simulate_post(PREDICTIONS, body=body, headers=sent)
    packed = gzip.compress(json.dumps({"text": key}).encode())
    service.client.simulate_post(PREDICTIONS, body=packed, headers=sent)
    assert repr(packed)[2:-1].encode() not in service.everything(), "it cannot be searched"


@place("command: the name of a key")
def _key_name(service: Service, key: str) -> None:
    with pytest.raises(UserError, match="a key itself"):
        command_line.run(["keys", "create", "--name", key])


@place("command: why a version is promoted")
def _command(service: Service, key: str) -> None:
    for verb in ("promote", "override"):
        with pytest.raises(UserError, match="API key stands in the reason"):
            command_line.run(["models", verb, "stones", "2", "--why", f"of {key}"])


@place("what fails, on the log")
def _failure(service: Service, key: str) -> None:
    def fail(*_: Any) -> None:
        raise ValueError(f"what is {key}?")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.labels.store.insert", fail)
        assert service.post(LABELS, {"text": "x", "room": "office"}).status_code == 500


@pytest.fixture
def configured(home: Path) -> None:
    """Add datasets whose labels hold more: a class that is any text, and whose a label is."""
    free = {**project.NOTES, "name": "free", "task": "multiclass"}
    mine = {**project.DEBTS, "name": "mine", "group": "payer"}
    mine["features"] = {"amount": {"type": "number"}}
    for dataset in (free, mine):
        project.dump(Path("conf/dataset") / f"{dataset['name']}.yaml", dataset)


def kept(service: Service, logged: str) -> Iterator[tuple[str, bytes]]:
    """Yield all that is left of what was sent: the tables, every file of var/, the log."""
    yield "tables", service.everything()
    path = databases.path(service.database)
    files = [] if path is None else list(path.parent.glob(f"{path.name}*"))
    folder = service.settings.folder()
    own = [file for file in folder.rglob("*") if file.is_file() and "versions" not in file.parts]
    for file in [*files, *own]:
        yield str(file), file.read_bytes()
    yield "log", logged.encode()
    yield "metrics", service.ask("/metrics").content


# What is put out is put out before a database is reached: on each kind of them one place is enough
# for each table, and each command, that a key could get into.
ON_BOTH = (
    *("body", "body: several", "label: record", "label: source", "Idempotency-Key"),
    *("truth of a prediction", "record of a prediction that gets its truth"),
    *("why a label is rejected", "training: name", "promotion: why", "override: why"),
    *("command: the name of a key", "command: why a version is promoted"),
    "what fails, on the log",
)
CASES = [*((where, "sqlite") for where in PLACES), *((where, "postgresql") for where in ON_BOTH)]


@pytest.mark.parametrize(("where", "database_url"), CASES, indirect=["database_url"])
def test_a_pasted_key_is_stored_nowhere(
    where: str,
    configured: None,
    service: Service,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("LAPIDARY_VAR", service.settings.var)
    key = keys.new_key()[0]
    caplog.set_level(logging.DEBUG)
    requests = len(service.rows())
    PLACES[where](service, key)
    assert len(service.rows()) > requests or where.startswith("command")
    secret = key[len("lpd_12345678_") :]
    forms = [secret, secret.encode("utf-16-le").decode("latin-1"), escaped(secret)]
    forms += [escaped(secret).replace("\\", "\\\\"), encoded(secret), encoded(secret, "%25")]
    logged = caplog.text + "".join(capsys.readouterr())
    for name, content in kept(service, logged):
        for form in forms:
            for sign in (form, form[:20]):
                assert sign.encode("latin-1") not in content, (name, form)
                assert sign.encode("latin-1") not in repr(content).encode(), (name, form)


def test_an_address_is_not_stored_with_a_key_either(make_service: MakeService) -> None:
    service, key = make_service(proxies=1), keys.new_key()[0]
    service.ask("/v1/datasets", headers={"X-Forwarded-For": key})
    assert [row["client"] for row in service.rows()] == ["[redacted]"]


def test_a_label_with_a_key_is_refused_and_its_neighbours_are_stored(service: Service) -> None:
    key = keys.new_key()[0]
    good = {"text": "the desk", "room": "office"}
    rows = [good, {**good, "text": f"a {key}"}, good]
    lines = [json.dumps(row) for row in rows]
    cells = ["text,room", *(f"{row['text']},{row['room']}" for row in rows)]
    for body, headers in (
        (json.dumps(rows), {"Content-Type": "application/json"}),
        ("\n".join(lines), NDJSON),
        ("\n".join(cells), CSV),
    ):
        document = service.post(LABELS, body, headers=headers).json
        assert (document["stored"], document["refused"]) == (2, 1)
        (error,) = document["errors"]
        assert error["detail"] == "text holds an API key."
        assert "given" not in error
    assert [json.loads(row["record"]) for row in service.rows(Label)] == [{"text": "the desk"}] * 6


def test_who_pastes_a_key_into_a_reason_is_told_where_it_belongs(service: Service) -> None:
    key = keys.new_key()[0]
    answer = service.post("/v1/stones/champion", {"version": 2, "why": key})
    assert answer.status_code == 422
    assert answer.json["given"] == "why"
    assert key not in answer.text
    answer = service.post(LABELS, {"text": "x", "room": "office"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_header")
    assert service.rows(Upload) == []


def test_what_the_server_refuses_by_itself_is_not_repeated_on_its_log(
    home: Path, tmp_path: Path
) -> None:
    key = keys.new_key()[0]
    with servers.running(home, tmp_path / "var", workers="1") as server:
        for line in (f"GET /{key} HTTP/9.9", f"{key} / HTTP/1.1", f"GET /a b {key} HTTP/1.1"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
                client.sendall(f"{line}\r\nHost: localhost\r\nX-{key}\r\n\r\n".encode())
                assert b" 400 " in client.recv(4096) or b" 505 " in client.recv(4096)
        said = server.log.read_text()
    assert "Invalid" in said
    assert key[13:] not in said
    for file in (tmp_path / "var").rglob("*"):
        if file.is_file() and "versions" not in file.parts:
            assert key[13:].encode() not in file.read_bytes(), file
