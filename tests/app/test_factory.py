"""The service as a whole: what is true of every request, whatever it asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.auth import keys
from app.store.tables import Prediction, Request
from tests.app import project
from tests.app.service import Service, assert_refused

PREDICT = "/v1/stones/predictions"
# A request for each way that an answer comes about, with its status.
KINDS: list[tuple[str, str, int]] = [
    ("GET", "/v1/datasets", 200),
    ("GET", "/v1/stones", 200),
    ("GET", "/docs", 200),
    ("GET", "/docs/docs.js", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/healthz", 200),
    ("GET", "/metrics", 200),
    ("HEAD", "/v1/stones", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/", 200),
    ("GET", "/signin", 303),
    ("GET", "/v1/stones?limit=3", 400),
    ("GET", "/v1/requests?limit=x", 400),
    ("POST", PREDICT, 415),
    ("DELETE", PREDICT, 405),
    ("GET", "/v1/ghosts", 503),
]


def ask(service: Service, method: str, target: str, **words: Any) -> Any:
    path, _, query = target.partition("?")
    return service.ask(path, method, query_string=query, **words)


@pytest.mark.parametrize(("method", "target", "status"), KINDS)
def test_every_answer_is_stored_and_carries_what_keeps_it_safe(
    reader: Service, method: str, target: str, status: int
) -> None:
    answer = ask(reader, method, target, headers={"X-Request-Id": "mine"})
    assert answer.status_code == status
    headers = answer.headers
    assert headers["x-request-id"] == "mine"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "," not in headers["content-security-policy"], "one policy"
    assert headers["cache-control"] in ("no-store", "public, max-age=86400")
    assert "access-control-allow-origin" not in headers
    if method != "HEAD":
        assert headers["content-length"] == str(len(answer.content))
    rows = reader.rows()
    if target in ("/healthz", "/metrics"):
        assert rows == []
        return
    (row,) = rows
    assert (row["method"], row["status"], row["request_id"]) == (method, status, "mine")
    assert row["path"] == target.partition("?")[0]
    if status >= 400:
        assert_refused(answer, status)
        assert row["response_body"] == answer.content


def test_no_header_comes_twice(service: Service) -> None:
    """A client that gathers headers by name would not see it."""
    for method, target, _ in KINDS:
        started: list[Any] = []
        path, _, query = target.partition("?")
        environ = falcon.testing.create_environ(path, query, method=method, host="localhost")
        service.api(environ, lambda *words, started=started: started.append(words))
        ((_, headers),) = started
        names = [name.lower() for name, _ in headers]
        assert len(set(names)) == len(names), (target, names)


@pytest.mark.parametrize(
    "target", ["/v1/stones?limit=3", "/v1/datasets?x=1", "/v1/stones/models?a=b"]
)
def test_what_takes_no_parameters_refuses_them(reader: Service, target: str) -> None:
    name = target.partition("?")[2].partition("=")[0]
    assert_refused(ask(reader, "GET", target), 400, name)


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        ("/a%00b", "/a%00b"),
        ("/%F0%9F%98%80", "/%F0%9F%98%80"),
        ("/v1/../etc", "/v1/../etc"),
        ("/v1//predictions", "/v1//predictions"),
        ("/%0d%0aSet-Cookie:%20x", "/%0D%0ASet-Cookie%3A%20x"),
        ("/" + "x" * 3000, "/" + "x" * 3000),
        ("/v1/stones/", "/v1/stones"),
        ("/v1/%2e%2e", "/v1/.."),
    ],
)
def test_an_odd_path_is_answered_and_stored(reader: Service, path: str, stored: str) -> None:
    answer = reader.ask(path)
    assert answer.status_code in (200, 404, 405)
    (row,) = reader.rows()
    assert row["path"] == stored


@pytest.mark.parametrize("query", ["a=%00", "a=%ff", "%00", "a=\u00e9", "&&==", "a" * 5000])
def test_an_odd_query_is_answered_and_stored(reader: Service, query: str) -> None:
    answer = reader.ask(PREDICT, "POST", query_string=query, json=project.STONE)
    assert_refused(answer, 400)
    assert len(reader.rows()) == 1


def test_a_chunked_body_is_refused(service: Service) -> None:
    headers = {"Transfer-Encoding": "chunked"}
    assert_refused(service.predict(headers=headers), 411, "Content-Length")
    assert service.rows(Prediction) == []


def test_a_large_body_is_refused(make_service: Callable[..., Service]) -> None:
    service = make_service(largest_body=0.001)
    assert_refused(service.predict(record=b" " * 1001), 413, "1001 bytes")
    assert service.predict().status_code == 200


def test_a_body_that_ends_early_is_refused(service: Service) -> None:
    answer = service.predict(headers={"Content-Length": "1000"})
    assert_refused(answer, 408, "of 1000 bytes")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json; charset=latin-1", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize("path", [PREDICT, "/v1/stones/similar"])
def test_what_is_no_json_is_refused(reader: Service, kind: str, path: str) -> None:
    answer = reader.post(path, project.STONE, headers={"Content-Type": kind})
    assert_refused(answer, 415, kind)


@pytest.mark.parametrize(
    ("extras", "headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, {}, 200),
        ({"REMOTE_ADDR": "10.0.0.1"}, {}, 403),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "127.0.0.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, 403),
    ],
)
def test_without_keys_it_answers_this_machine_alone(
    service: Service, extras: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = service.predict(headers=headers, extras=extras)
    assert answer.status_code == status
    (row,) = service.rows()
    assert row["client"] == extras["REMOTE_ADDR"]
    if status == 403:
        assert_refused(answer, 403, "app keys create")
        assert row["request_body"] is None
        assert service.ask("/healthz", extras=extras, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        (["predict"], [200, 200, 403]),
        (["label"], [403, 403, 403]),
        (["admin"], [200, 200, 200]),
        (["label", "predict"], [200, 200, 403]),
    ],
)
def test_a_key_opens_what_its_scopes_say(
    service: Service, scopes: list[str], statuses: list[int]
) -> None:
    headers = {"X-API-Key": keys.create(service.database, "web", scopes)}
    service.look()
    stranger = {"REMOTE_ADDR": "10.0.0.1"}
    found = [
        service.predict(headers=headers, extras=stranger),
        service.ask("/v1/stones", headers=headers, extras=stranger),
        service.ask("/v1/requests", headers=headers, extras=stranger),
    ]
    assert [answer.status_code for answer in found] == statuses
    for answer in found:
        if answer.status_code == 403:
            assert_refused(answer, 403, "scope")
    assert {row["caller"] for row in service.rows()} == {"web"}


def test_a_key_is_stored_nowhere_wherever_it_was_put(service: Service) -> None:
    key = keys.create(service.database, "web", ["admin"])
    service.look()
    headers = {"Authorization": f"Bearer {key}"}
    service.predict(headers=headers, params={"key": key})
    service.predict("notes", {"text": f"my key is {key}"}, headers=headers)
    service.predict("notes", [{"text": f"my key is {key}"}] * 2, headers=headers)
    service.predict("notes", {"text": 3, key: key}, headers=headers)
    service.predict(headers={**headers, "X-Request-Id": key})
    service.ask("/v1/requests", headers=headers, params={"path": key})
    service.ask(f"/v1/{key}", headers=headers)
    service.ask(f"{PREDICT}/{key}", headers=headers)
    assert len(service.rows()) == 8
    secret = key.split("_", 2)[2]
    for row in [*service.rows(), *service.rows(Prediction)]:
        assert secret not in repr(row)


def test_a_redacted_field_is_stored_nowhere(make_service: Callable[..., Service]) -> None:
    service = make_service(redact=("owner", "text"))
    secret = "Quixote"
    debt = {**project.DEBT, "owner": secret}
    answer = service.predict("debts", debt, params={"explain": "true"})
    assert secret in answer.text, "the caller sees it"
    service.predict("debts", [debt, debt], params={"explain": "true"})
    service.predict("notes", {"text": f"{secret} rose"}, params={"explain": "true"})
    service.predict("debts", {**debt, "owner": [secret]})
    service.predict("debts", {**debt, "amount": -1})
    service.predict("notes", {"text": secret * 50_000})
    service.predict("debts", json.dumps(debt)[:-1])
    service.predict("debts", '{"owner": "Quixote", "owner": "Quixote"}')
    service.predict("debts", params={"owner": secret})
    receipt = service.ask(f"/v1/debts/predictions/{answer.json['id']}").json
    assert receipt["record"]["owner"] == "[redacted]"
    assert receipt["record"]["amount"] == debt["amount"]
    assert len(service.rows()) == 10
    assert secret.encode() not in service.everything()


def test_other_sites_pages_may_call_where_they_are_listed(
    make_service: Callable[..., Service],
) -> None:
    origin = {"Origin": "https://shop.example"}
    asking = {**origin, "Access-Control-Request-Method": "POST"}
    closed = make_service()
    assert "access-control-allow-origin" not in closed.predict(headers=origin).headers
    refused = closed.ask(PREDICT, "OPTIONS", headers=asking)
    assert "access-control-allow-origin" not in refused.headers
    opened = make_service(origins=("https://shop.example",))
    for answer in (opened.predict(headers=origin), opened.predict(record={}, headers=origin)):
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["vary"] == "Origin"
    preflight = opened.ask(PREDICT, "OPTIONS", headers=asking)
    assert (preflight.status_code, preflight.text) == (204, "")
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    other = opened.predict(headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_what_a_head_says_is_what_a_get_says(service: Service) -> None:
    get, head = service.ask("/v1/stones"), service.ask("/v1/stones", "HEAD")
    assert head.text == ""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert [row["method"] for row in service.rows(Request)] == ["GET", "HEAD"]
