"""The wrapper alone: an app of three lines, and a journal that remembers or refuses."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.auth.guard import Guard
from app.http.bodies import FileBody
from app.http.exchange import ENVIRON, HERE, Exchange
from app.http.prometheus import Metrics
from app.request_log.delivery import Delivery
from app.request_log.journal import Entry, Unavailable
from app.request_log.recorder import Recorder
from app.request_log.strangers import EACH, Strangers
from app.store.redaction import Redaction
from app.store.tables import Request
from src.support.errors import UserError
from tests.app.http import routes

# What the recorder says; the journal adds the last.
COLUMNS = [field.name for field in Request._meta.sorted_fields if field.name != "checksum"]
Start = Callable[[str, list[tuple[str, str]]], None]


class FakeJournal:
    """Keep entries, and what had been sent when each came; or refuse."""

    def __init__(self, sent: list[Any]) -> None:
        self.entries: list[Entry] = []
        self.seen: list[int] = []
        self.is_away = False
        self.is_quick = True
        self._sent = sent

    def write(self, entry: Entry) -> None:
        self.seen.append(len(self._sent))
        if self.is_away:
            raise Unavailable("the disk is full")
        self.entries.append(entry)

    def row(self) -> dict[str, Any]:
        (entry,) = self.entries
        return dict(zip(COLUMNS, entry.request, strict=True))


class FakeDeliveries:
    """Remember how answers ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    def follow(self, request_id: str, pieces: Iterable[bytes]) -> Delivery:
        return Delivery(self, request_id, pieces)  # type: ignore[arg-type]

    def end(self, request_id: str, state: str) -> None:
        self.ends.append(state)


class Chunks:
    """An answer in parts, which is to be closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one ", b"", b"two")

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A recorder around an app, and everything that comes out of it."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.journal = FakeJournal(self.sent)
        self.deliveries = FakeDeliveries()
        self.metrics = Metrics()
        self.strangers = Strangers()
        self.answer: Callable[[Exchange], Iterable[bytes]] = lambda _: [b'{"price":1}']
        self.status = "200 OK"
        self.headers = [("content-type", "application/json")]
        self.method = ""
        guard = Guard(proxies=0, origins=(), secret=b"s")
        guard.learn({})
        table = routes.table()
        guard.know(table)
        self.recorder = Recorder(
            self._app,
            routes=table,
            guard=guard,
            journal=self.journal,  # type: ignore[arg-type]
            deliveries=self.deliveries,  # type: ignore[arg-type]
            redaction=Redaction(()),
            metrics=self.metrics,
            strangers=self.strangers,
            largest_body=100,
            largest_upload=1000,
        )

    def _app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.method = environ["REQUEST_METHOD"]
        chunks = self.answer(environ[ENVIRON])
        start_response(self.status, self.headers)
        return chunks

    def ask(self, path: str = "/v1/x", body: bytes = b"", **more: str) -> bytes:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **more,
        }
        pieces = self.recorder(environ, lambda *words: self.sent.append(words))
        body = b"".join(pieces)
        if (close := getattr(pieces, "close", None)) is not None:
            close()
        return body

    def said(self) -> tuple[str, dict[str, str]]:
        ((status, headers),) = self.sent
        assert len(dict(headers)) == len(headers), "no header twice"
        return status, dict(headers)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_came_in_and_went_out_is_stored_before_it_is_sent(bench: Bench) -> None:
    def answer(exchange: Exchange) -> list[bytes]:
        exchange.dataset, exchange.version = "stones", 3
        exchange.predictions = [("p1",), ("p2",)]
        return [b'{"pri', b'ce":1}']

    bench.answer = answer
    body = bench.ask(body=b'{"carat":1}', QUERY_STRING="a=b", HTTP_X_REQUEST_ID="mine")
    assert body == b'{"price":1}'
    assert bench.journal.seen == [0], "nothing was sent when it was stored"
    assert bench.journal.entries[0].predictions == [("p1",), ("p2",)], "with it, in one entry"
    row = bench.journal.row()
    assert row["response_body"] == body
    assert row["request_body"] == b'{"carat":1}'
    expected = {
        "request_id": "mine",
        "method": "POST",
        "path": "/v1/x",
        "query": "a=b",
        "status": 200,
        "dataset": "stones",
        "version": 3,
        "client": "127.0.0.1",
        "caller": "(this machine)",
        "is_prediction": 0,
    }
    assert {name: row[name] for name in expected} == expected
    status, headers = bench.said()
    assert status == "200 OK"
    assert headers["Content-Length"] == str(len(body))
    assert headers["X-Request-Id"] == "mine"


def test_what_cannot_be_stored_is_not_said(bench: Bench) -> None:
    bench.journal.is_away = True
    bench.answer = lambda exchange: [b'{"price":4711}']
    body = bench.ask()
    status, headers = bench.said()
    assert status == "503 Service Unavailable"
    assert headers["Retry-After"] == "1"
    assert headers["Content-Type"] == "application/problem+json"
    assert b"4711" not in body
    assert b"disk is full" not in body, "the reason is for the log and for /readyz"
    assert b"lapidary_log_failures_total 1.0" in bench.metrics.text(HERE)[0]
    assert b'status="503"' in bench.metrics.text(HERE)[0]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_machines_ask_is_not_stored_and_needs_no_database(bench: Bench, path: str) -> None:
    bench.journal.is_away = True
    assert bench.ask(path) == b'{"price":1}'
    assert bench.said()[0] == "200 OK"
    assert bench.journal.seen == []


@pytest.mark.parametrize("path", ["/healthz//", "/healthz/x", "//healthz", "/HEALTHZ"])
def test_what_only_looks_like_it_is_stored(bench: Bench, path: str) -> None:
    bench.ask(path)
    assert bench.journal.row()["path"] == path


def test_a_head_is_a_get_without_its_body(bench: Bench) -> None:
    assert bench.ask(REQUEST_METHOD="HEAD") == b""
    assert bench.method == "GET"
    assert bench.said()[1]["Content-Length"] == str(len(b'{"price":1}'))
    assert bench.journal.row()["method"] == "HEAD"


def test_an_answer_in_parts_is_gathered_and_closed(bench: Bench) -> None:
    chunks = Chunks()
    bench.answer = lambda _: chunks
    bench.headers.append(("Content-Length", "999"))
    assert bench.ask() == b"one two"
    assert chunks.is_closed
    assert bench.said()[1]["Content-Length"] == "7"
    assert bench.journal.row()["response_body"] == b"one two"


def test_a_failure_is_ours_and_is_stored_without_its_predictions(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(exchange: Exchange) -> list[bytes]:
        exchange.predictions, exchange.is_prediction = [("p1",)], True
        raise ZeroDivisionError("a secret detail")

    bench.answer = answer
    body = bench.ask()
    assert bench.said()[0] == "500 Internal Server Error"
    assert b"secret" not in body
    assert "ZeroDivisionError" in caplog.text
    row = bench.journal.row()
    assert (row["status"], row["is_prediction"], row["response_body"]) == (500, 0, body)
    assert bench.journal.entries[0].predictions == []
    assert msgspec.json.decode(body)["request_id"] == bench.said()[1]["X-Request-Id"]


def test_a_body_that_is_refused_is_not_stored_but_its_refusal_is(bench: Bench) -> None:
    body = bench.ask(body=b"x" * 101)
    assert bench.said()[0].startswith("413")
    row = bench.journal.row()
    assert (row["status"], row["request_body"], row["response_body"]) == (413, None, body)


def test_a_stranger_is_refused_before_anything_is_read(bench: Bench) -> None:
    bench.ask(body=b"{}", REMOTE_ADDR="10.0.0.1")
    assert bench.said()[0] == "403 Forbidden"
    row = bench.journal.row()
    assert (row["client"], row["caller"], row["request_body"]) == ("10.0.0.1", None, None)
    assert bench.method == "", "the app was not asked"


def test_an_answer_that_is_stored_already_is_not_stored_again(bench: Bench) -> None:
    def answer(exchange: Exchange) -> list[bytes]:
        exchange.is_answer_stored = False
        return [b"{}"]

    bench.answer = answer
    bench.ask()
    assert bench.journal.row()["response_body"] is None


def test_a_refusal_is_stored_in_any_case(bench: Bench) -> None:
    def answer(exchange: Exchange) -> list[bytes]:
        exchange.is_answer_stored = False
        raise UserError("No.", code="unknown_path")

    bench.answer = answer
    body = bench.ask()
    assert bench.journal.row()["response_body"] == body


def test_an_answer_without_content_has_no_length(bench: Bench) -> None:
    bench.status, bench.answer = "204 No Content", lambda _: []
    assert bench.ask() == b""
    assert "Content-Length" not in bench.said()[1]


def test_it_is_quick_as_long_as_its_journal_is(bench: Bench) -> None:
    assert bench.recorder.batches.is_quick()
    bench.journal.is_quick = False
    assert not bench.recorder.batches.is_quick()


CSV = "text/csv; charset=utf-8"
LABELS = "/v1/x/labels"


def test_labels_that_are_read_while_they_come_are_left_to_the_resource(bench: Bench) -> None:
    seen: list[Any] = []

    def answer(exchange: Exchange) -> list[bytes]:
        seen.append((exchange.body, exchange.environ["wsgi.input"].read()))
        return [b"{}"]

    bench.answer = answer
    bench.ask(LABELS, b"x" * 200, CONTENT_TYPE=CSV)
    assert seen == [(None, b"x" * 200)]
    assert bench.journal.row()["request_body"] is None


@pytest.mark.parametrize(
    ("path", "kind", "length", "status"),
    [
        (LABELS, CSV, "1000", "200"),
        (LABELS, CSV, "1001", "413"),
        (LABELS, "application/json", "101", "413"),
        ("/v1/x/predictions", CSV, "101", "413"),
        (LABELS, CSV, "x", "400"),
    ],
)
def test_each_kind_of_body_has_its_bound(
    bench: Bench, path: str, kind: str, length: str, status: str
) -> None:
    bench.ask(path, b"x" * 1001, CONTENT_TYPE=kind, CONTENT_LENGTH=length)
    assert bench.said()[0].startswith(status)
    assert (bench.method == "") == (status != "200"), "who is refused is not asked for more"


def test_a_stranger_may_not_stream(bench: Bench) -> None:
    bench.ask(LABELS, b"x", CONTENT_TYPE=CSV, REMOTE_ADDR="10.0.0.1")
    assert bench.said()[0] == "403 Forbidden"
    assert bench.method == ""


def streaming(bench: Bench) -> Iterator[bytes]:
    """Answer with what is made while it is sent; remember how far that is."""
    pieces = iter((b"one ", b"two"))

    def answer(exchange: Exchange) -> list[bytes]:
        exchange.is_answer_stored = False
        exchange.stream = pieces
        return []

    bench.answer = answer
    bench.headers = [("content-type", "text/csv"), ("content-length", "0")]
    return pieces


def test_a_long_answer_is_sent_as_it_is_made(bench: Bench) -> None:
    pieces = streaming(bench)
    assert bench.ask() == b"one two"
    status, headers = bench.said()
    assert (status, headers["content-type"]) == ("200 OK", "text/csv")
    assert "content-length" not in {name.lower() for name in headers}
    assert headers["X-Request-Id"]
    assert bench.journal.seen == [0], "stored before its first byte"
    assert bench.journal.row()["response_body"] is None
    assert next(pieces, None) is None
    assert (bench.journal.row()["delivery"], bench.deliveries.ends) == ("begun", ["complete"])


def test_a_head_of_a_long_answer_makes_none_of_it(bench: Bench) -> None:
    pieces = streaming(bench)
    assert bench.ask(REQUEST_METHOD="HEAD") == b""
    assert bench.said()[0] == "200 OK"
    assert next(pieces) == b"one "
    assert (bench.journal.row()["delivery"], bench.deliveries.ends) == (None, [])


def test_a_long_answer_that_is_not_stored_or_refused_is_a_problem(bench: Bench) -> None:
    streaming(bench)
    bench.journal.is_away = True
    body = bench.ask()
    status, headers = bench.said()
    assert status == "503 Service Unavailable"
    assert headers["Content-Length"] == str(len(body))
    assert msgspec.json.decode(body)["status"] == 503
    bench.sent.clear()
    bench.journal.is_away = False
    bench.status = "400 Bad Request"
    assert bench.ask() == b""
    assert bench.said()[1]["Content-Length"] == "0"


def test_an_answer_that_is_a_file_is_left_to_whoever_sends_it(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "script.js"
    path.write_bytes(b"1;" * 50_000)

    def answer(exchange: Exchange) -> list[bytes]:
        exchange.file = FileBody(path)
        return []

    bench.answer = answer
    assert bench.ask() == b"1;" * 50_000
    assert bench.said()[1]["Content-Length"] == "100000"
    assert bench.journal.row()["delivery"] is None
    bench.sent.clear()
    assert bench.ask(REQUEST_METHOD="HEAD") == b""
    assert bench.said()[1]["Content-Length"] == "100000"


def test_a_file_that_is_refused_or_not_stored_is_a_problem(bench: Bench) -> None:
    def answer(exchange: Exchange) -> list[bytes]:
        exchange.file = FileBody(Path(__file__))
        return []

    bench.answer = answer
    bench.journal.is_away = True
    body = bench.ask()
    assert msgspec.json.decode(body)["status"] == 503
    assert bench.said()[1]["Content-Length"] == str(len(body))


def test_of_those_without_a_key_a_few_are_logged_and_the_others_are_counted(bench: Bench) -> None:
    for _ in range(EACH + 5):
        bench.ask(REMOTE_ADDR="10.0.0.1")
    bench.ask(REMOTE_ADDR="10.0.0.2")
    stored = list(bench.journal.entries)
    assert len(stored) == EACH + 1
    assert {entry.request[6] for entry in stored} == {403}
    text = bench.metrics.text(HERE)[0].decode()
    assert 'lapidary_unlogged_requests_total{status="403"} 5.0' in text
    for _ in range(EACH + 5):
        bench.ask()
    assert len(bench.journal.entries) == len(stored) + EACH + 5, "all of who may ask"
