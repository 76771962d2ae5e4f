"""A light request is answered alike by the short way and by gunicorn's parser, WSGI and Falcon."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import peewee
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from app.auth import keys as api_keys
from app.auth.keys import StoredKey
from app.http import exchange
from app.http.loop.outgoing import Outgoing
from app.http.loop.plain_request import PlainRequests
from app.http.shortcut import Shortcut
from app.request_log.batches import Batches
from app.request_log.journal import Journal
from app.store import clock, ids
from src.inference.predictor import Predictor
from tests.app import project
from tests.app.loops import Loop
from tests.app.service import Service

KEYS = {name: api_keys.new_key() for name in ("predict", "label")}
STORED = {
    prefix: StoredKey(name, digest, frozenset([name])) for name, (_, prefix, digest) in KEYS.items()
}
DATE = re.compile(rb"\r\nDate: [^\r]*")


class Ways:
    """The same service behind a loop that reads plain requests itself, and one that does not."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.short = Loop(service.api)
        self.long = Loop(service.api, is_plain=False)
        self.read = self.answered = 0
        self._numbers = count()

    def count(self, patch: pytest.MonkeyPatch) -> None:
        """Count the requests that are read without a parser, and answered without Falcon."""
        read, answer = PlainRequests.read, Shortcut.answer

        def counted_read(*words: Any) -> Any:
            environ = read(*words)
            self.read += environ is not None
            return environ

        def counted_answer(*words: Any) -> Any:
            made = answer(*words)
            self.answered += made is not None
            return made

        patch.setattr(PlainRequests, "read", counted_read)
        patch.setattr(Shortcut, "answer", counted_answer)

    def close(self) -> None:
        self.short.close()
        self.long.close()

    def new_id(self) -> str:
        return ids.following(ids.at(1.8e9), 1, next(self._numbers))[0]

    def both(self, request: bytes, answers: int = 1) -> tuple[list[Any], list[Any]]:
        return self.one(self.short, request, answers), self.one(self.long, request, answers)

    def one(self, loop: Loop, request: bytes, answers: int = 1) -> list[Any]:
        """Return what is answered over a new connection, and the rows of the log."""
        self._numbers = count()
        self.service.empty_log()
        with closing(loop.connect()) as client:
            data = loop.answer(client, request, answers, is_all=True)
        rows = [
            {name: value for name, value in row.items() if name != "milliseconds"}
            for row in self.service.rows()
        ]
        return [DATE.sub(b"", data), rows]


@pytest.fixture
def ways(reader: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ways]:
    """Answer at a time that stands still, with ids that begin anew, by a database that is quick."""
    ways = Ways(reader)
    ways.count(monkeypatch)
    monkeypatch.setattr(clock, "nanoseconds", lambda: 1_800_000_000_000_000_000)
    monkeypatch.setattr(ids, "new", ways.new_id)
    monkeypatch.setattr(exchange.Exchange, "milliseconds", lambda _: 1.0)
    monkeypatch.setattr(Batches, "is_quick", lambda _: True)
    yield ways
    ways.close()
    reader.api._guard.learn({})


def written(
    line: str, headers: list[tuple[str, str]], body: bytes, length: str | None = ""
) -> bytes:
    """Write a request; its length is that of the body where none is given, None for no header."""
    if length is not None:
        headers = [*headers, ("Content-Length", length or str(len(body)))]
    lines = [line, *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{one}\r\n" for one in [*lines, ""]).encode("latin-1") + body


RECORD = project.RECORDS["stones"]
BODY = json.dumps(RECORD).encode()
PREDICT = "POST /v1/stones/predictions HTTP/1.1"
HEADERS = [("Host", "localhost"), ("Content-Type", "application/json")]

numbers = st.one_of(
    st.floats(allow_nan=False), st.integers(-(2**70), 2**70), st.sampled_from([0.5, 1, 1.5, -1])
)
values = st.one_of(
    numbers, st.none(), st.booleans(), st.text(max_size=8), st.sampled_from(["Fair", "Ideal"])
)
names = st.sampled_from([*RECORD, "depth", "price", "reference", "other"])
records = st.one_of(
    st.just(RECORD),
    st.builds(lambda change: {**RECORD, **change}, st.dictionaries(names, values, max_size=2)),
    st.dictionaries(names, values, max_size=3),
)
similar = st.builds(lambda record, n: {"record": record, "n": n}, records, values)
bodies = st.one_of(
    st.one_of(records, similar).map(lambda record: json.dumps(record).encode()),
    st.one_of(records, similar).map(lambda record: json.dumps([record]).encode()),
    st.sampled_from([b"", b"{", b"{}", b"[]", b'{"a":1,"a":2}', b'{"carat":NaN}', b"\xff", b" {}"]),
)
paths = st.sampled_from(
    [
        *["/v1/stones/predictions"] * 6,
        *["/v1/stones/similar", "/v1/debts/similar", "/v1/nothing/predictions", "/healthz"] * 2,
        *["/v1/debts/predictions", "/v1/stones/predictions?explain=true", "/v1/%73tones/similar"],
        *["/v1//predictions", "/v1/stones/predictions/", "/v1/stones/predictions#a", "/v1/stones"],
    ]
)
lines = st.builds(
    lambda method, path, version: f"{method} {path} HTTP/{version}",
    st.sampled_from(["POST"] * 6 + ["GET", "GET", "HEAD", "PUT", "OPTIONS", "post"]),
    paths,
    st.sampled_from(["1.1"] * 8 + ["1.0"]),
)
KEY = KEYS["predict"][0]
more_headers = st.lists(
    st.sampled_from(
        [
            *[("Authorization", f"Bearer {KEY}")] * 3,
            *[("X-API-Key", KEY), ("x-api-key", KEYS["label"][0]), ("Authorization", "Bearer x")],
            *[("X-Request-Id", "mine"), ("X-Request-Id", "y" * 120), ("X-Request-Id", "a  b" * 40)],
            *[("X-Request-Id", KEY), ("X-Forwarded-For", "10.0.0.1"), ("X-Real-IP", "::1")],
            *[("Origin", "https://a.example"), ("Sec-Fetch-Site", "cross-site"), ("Via", "1.1 x")],
            *[("Connection", "close"), ("Connection", "Keep-Alive"), ("Connection", "upgrade")],
            *[("Accept", "text/html"), ("User-Agent", " \ta b "), ("User-Agent", "\x07")],
            *[("Idempotency-Key", "k"), ("Cookie", "lapidary_session=a.1.b.c"), ("X_A", "1")],
            *[("Expect", "a"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")],
            *[("X-Own", "1"), ("Host", "localhost"), ("User-Agent", "\xe9"), ("Accept", "")],
            *[("X-Forwarded-Proto", "https"), ("Upgrade", "h2c"), (" Folded", "x"), ("A b", "x")],
            *[("Content-Length", "3"), ("Content-Type", "application/json"), ("Te", "trailers")],
        ]
    ),
    max_size=2,
)
hosts = st.sampled_from([*[[("Host", "localhost:8000")]] * 6, [("host", "a.example")], []])
types = st.sampled_from(
    [
        *[[("Content-Type", "application/json")]] * 8,
        *[[("content-type", "application/json; charset=utf-8")], [("Content-Type", "text/csv")]],
        *[[("Content-Type", "application/json; charset=latin-1")], []],
    ]
)
odd_requests = st.builds(
    lambda line, host, kind, more, body, length: written(line, host + kind + more, body, length),
    *(lines, hosts, types, more_headers, bodies),
    st.sampled_from([""] * 9 + [None]),
)
plain_headers = st.lists(
    st.sampled_from(
        [
            *[("Authorization", f"Bearer {KEY}"), ("X-Request-Id", "mine"), ("Accept", "*/*")],
            *[("x-request-id", "a  b" * 40), ("Connection", "keep-alive"), ("user-agent", "a")],
        ]
    ),
    max_size=2,
    unique_by=lambda one: one[0].lower(),
)
plain_requests = st.builds(
    lambda more, body: written(PREDICT, HEADERS + more, body),
    *(plain_headers, st.one_of(st.just(BODY), bodies)),
)
requests = st.one_of(plain_requests, odd_requests)


def test_both_ways_answer_alike(ways: Ways) -> None:
    @seed(20)
    @settings(max_examples=80, deadline=None, database=None)
    @given(request=requests, has_keys=st.sampled_from([False, False, True]))
    def check(request: bytes, has_keys: bool) -> None:
        ways.service.api._guard.learn(STORED if has_keys else {})
        short, long = ways.both(request)
        assert short == long

    check()
    assert ways.read > ways.answered > 5


POSTED = written(PREDICT, HEADERS, BODY)
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
ASKED = written(
    "POST /v1/stones/similar HTTP/1.1", HEADERS, json.dumps({"record": RECORD}).encode()
)


@pytest.mark.parametrize("request_", [POSTED, ALIVE, ASKED], ids=["predict", "alive", "similar"])
def test_each_light_route_is_answered_without_falcon(ways: Ways, request_: bytes) -> None:
    short, long = ways.both(request_)
    assert short == long
    assert short[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert (ways.read, ways.answered) == (1, 1)


def test_every_light_route_is_tried_here(ways: Ways) -> None:
    light = [
        (resource.path, method)
        for resource in ways.service.api._routes.resources
        for method, operation in resource.operations()
        if operation.is_light
    ]
    assert sorted(light) == [
        ("/healthz", "GET"),
        ("/v1/{dataset}/predictions", "POST"),
        ("/v1/{dataset}/similar", "POST"),
    ]


def test_what_a_handler_refuses_is_refused_by_falcon(ways: Ways) -> None:
    short, long = ways.both(POSTED.replace(b"Ideal", b"Idea!"))
    assert short == long
    assert short[0].startswith(b"HTTP/1.1 422 ")
    assert (ways.read, ways.answered) == (1, 0)


@pytest.mark.parametrize("count_", [2, 40])
def test_requests_sent_ahead_are_answered_in_turn(ways: Ways, count_: int) -> None:
    short, long = ways.both(POSTED * count_, count_)
    assert short == long
    assert short[0].count(b"HTTP/1.1 200 OK") == count_
    assert len(short[1]) == count_


def test_a_connection_is_kept_by_both_in_turn(ways: Ways) -> None:
    odd = POSTED.replace(b"\r\n\r\n", b"\r\nX-Own: 1\r\n\r\n")
    with closing(ways.short.connect()) as client:
        for request in [POSTED, odd, POSTED, POSTED, odd, odd, ALIVE, POSTED]:
            answer = ways.short.answer(client, request)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nConnection: keep-alive\r\n" in answer
    assert ways.read == 5
    assert len(ways.service.rows()) == 7


@pytest.mark.parametrize("piece", [1, 7, len(POSTED) - 1])
def test_what_comes_in_pieces_is_read_when_it_is_whole(ways: Ways, piece: int) -> None:
    with closing(ways.short.connect()) as client:
        for start in range(0, len(POSTED), piece):
            client.sendall(POSTED[start : start + piece])
            ways.short.turn()
        assert ways.short.read(client).startswith(b"HTTP/1.1 200 OK\r\n")
    assert ways.read == 1


def test_what_is_sent_while_another_is_answered_has_its_turn(ways: Ways) -> None:
    """More connections than are answered in one turn, and each sends again before its answer."""
    clients = [ways.short.connect() for _ in range(40)]
    for client in clients:
        ways.short.answer(client, POSTED)
    for client in clients:
        client.sendall(POSTED)
    ways.short.turn(1)
    for client in clients:
        client.sendall(POSTED)
    for client in clients:
        assert ways.short.read(client, 2).count(b"HTTP/1.1 200 OK") == 2
    assert len(ways.service.rows()) == 120
    for client in clients:
        client.close()
    ways.short.turn(1)
    ways.short.turn()
    assert (ways.short.nr_conns, len(ways.short.watched), len(ways.short.keepalived_conns)) == (
        0,
        0,
        0,
    )


def test_a_kept_connection_that_closes_while_it_is_answered_is_let_go(ways: Ways) -> None:
    client = ways.short.connect()
    ways.short.answer(client, POSTED)
    client.sendall(POSTED)
    client.close()
    for _ in range(3):
        ways.short.turn(0.01)
    assert (ways.short.nr_conns, len(ways.short.watched)) == (0, 0)
    assert len(ways.service.rows()) == 2


@pytest.mark.parametrize("more", [b"", POSTED])
def test_a_kept_connection_waits_for_a_database_that_is_busy(
    ways: Ways, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    write, began = Journal.write_all, threading.Event()

    def busy(journal: Journal, entries: Any, wait: float | None = None) -> None:
        if wait is None:
            assert began.wait(20)
            write(journal, entries)
            return
        for entry in entries:
            entry.error = peewee.OperationalError("database is locked")

    with closing(ways.short.connect()) as client:
        ways.short.answer(client, POSTED)
        monkeypatch.setattr(Journal, "write_all", busy)
        client.sendall(POSTED)
        ways.short.turn(1)
        client.sendall(more)
        ways.short.turn()
        assert not ways.short.watched  # a loop that waits for nothing would spin
        assert len(ways.service.rows()) == 1
        monkeypatch.setattr(Journal, "write_all", write)
        began.set()
        answers = 2 if more else 1
        assert ways.short.read(client, answers).count(b"HTTP/1.1 200 OK") == answers
    assert len(ways.service.rows()) == 1 + answers


def test_a_kept_connection_that_sends_half_a_request_is_waited_for(ways: Ways) -> None:
    with closing(ways.short.connect()) as client:
        ways.short.answer(client, POSTED)
        client.sendall(POSTED[:50])
        ways.short.turn(1)
        assert len(ways.short.arriving) == 1
        answer = ways.short.answer(client, POSTED[50:])
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_who_closes_in_the_middle_leaves_nothing(ways: Ways) -> None:
    for end in (1, 30, len(POSTED) - len(BODY), len(POSTED) - 1):
        client = ways.short.connect()
        client.sendall(POSTED[:end])
        ways.short.turn()
        client.close()
        ways.short.turn()
    assert (ways.short.nr_conns, ways.short.arriving, ways.read) == (0, {}, 0)
    assert ways.service.rows() == []


def test_what_is_asked_is_stored_although_nobody_reads_the_answer(ways: Ways) -> None:
    client = ways.short.connect()
    client.sendall(POSTED)
    client.close()
    for _ in range(3):
        ways.short.turn(0.01)
    assert ways.short.nr_conns == 0
    assert [row["status"] for row in ways.service.rows()] == [200]


def test_the_row_is_there_before_the_answer(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    send = Outgoing.flush

    def flush(outgoing: Outgoing) -> bool:
        rows.append(len(ways.service.rows()))
        return send(outgoing)

    monkeypatch.setattr(Outgoing, "flush", flush)
    with closing(ways.short.connect()) as client:
        ways.short.answer(client, POSTED)
    assert rows == [1]


def test_what_is_not_stored_is_not_said(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr(Journal, "_insert", refuse)
    with closing(ways.short.connect()) as client:
        answer = ways.short.answer(client, POSTED)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"answer_not_stored"' in answer
    assert ways.read == 1


def test_a_failure_is_told_by_falcon(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Predictor, "output", fail)
    short, long = ways.both(POSTED)
    assert short == long
    assert short[0].startswith(b"HTTP/1.1 500 ")
    assert (ways.read, ways.answered) == (1, 0)


def test_a_failure_outside_of_the_application_ends_the_connection(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(ways.short, "wsgi", fail)
    with closing(ways.short.connect()) as client:
        answer = ways.short.answer(client, POSTED)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"\r\nConnection: close\r\n" in answer
    ways.short.turn(0.01)
    assert ways.short.nr_conns == 0


def test_while_the_database_is_slow_threads_ask_it(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Batches, "is_quick", lambda _: False)
    with closing(ways.short.connect()) as client:
        assert ways.short.answer(client, POSTED).startswith(b"HTTP/1.1 200 OK\r\n")
    assert ways.read == 0


def test_a_worker_that_stops_says_so(ways: Ways) -> None:
    ways.short.alive = False
    with closing(ways.short.connect()) as client:
        assert b"\r\nConnection: close\r\n" in ways.short.answer(client, POSTED)


def test_an_id_that_is_cut_is_written_alike(ways: Ways) -> None:
    short, long = ways.both(written(PREDICT, [*HEADERS, ("X-Request-Id", "y" * 99 + " z")], BODY))
    assert short == long
    assert ways.answered == 1


def test_what_is_encrypted_or_framed_is_left_to_gunicorn(ways: Ways) -> None:
    with closing(Loop(ways.service.api, protocol="uwsgi")) as loop:
        assert not loop.gated
        assert loop.plain is None


def test_requests_are_counted(ways: Ways) -> None:
    ways.short.max_requests = 2
    with closing(ways.short.connect()) as client:
        assert b"keep-alive" in ways.short.answer(client, POSTED)
        assert b"\r\nConnection: close\r\n" in ways.short.answer(client, POSTED)
    assert not ways.short.alive
