"""Which requests are read without a parser, and what comes of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.http.loop import plain_request
from app.http.loop.plain_request import LONGEST_HEAD, PLAIN, PlainRequests
from app.http.loop.request_buffer import RequestBuffer

CLIENT, SERVER = ("10.0.0.1", 40_000), ("10.0.0.2", 8000)
POSTED = (
    b"POST /v1/a/b HTTP/1.1\r\nHost: x\r\nuser-agent:  y \r\nX-API-KEY: k\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)
ASKED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def read(data: bytes, client: Any = CLIENT, server: Any = SERVER) -> dict[str, Any] | None:
    arrival = RequestBuffer(data, 0.0)
    assert arrival.is_whole()
    return PlainRequests(Config()).read(arrival, client, server)


def test_a_plain_request_is_read() -> None:
    environ = read(POSTED)
    assert environ is not None
    assert environ.pop("wsgi.input").read() == b"{}"
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/a/b",
        "RAW_URI": "/v1/a/b",
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.1",
        "REMOTE_PORT": "40000",
        "SERVER_NAME": "10.0.0.2",
        "SERVER_PORT": "8000",
        "CONTENT_LENGTH": "2",
        "HTTP_HOST": "x",
        "HTTP_USER_AGENT": "y",
        "HTTP_X_API_KEY": "k",
        PLAIN: True,
    }
    assert {name: environ[name] for name in expected} == expected
    assert {name for name in environ if name.startswith("HTTP_")} <= set(expected)


@pytest.mark.parametrize(
    ("value", "is_kept"), [(b"close", False), (b"Close", False), (b"keep-alive", True)]
)
def test_a_connection_is_kept_unless_the_client_closes_it(value: bytes, is_kept: bool) -> None:
    environ = read(ASKED.replace(b"\r\n\r\n", b"\r\nConnection: %b\r\n\r\n" % value))
    assert environ is not None
    assert environ[PLAIN] is is_kept


ODD = {
    "more sent ahead": ASKED + b"G",
    "another method": ASKED.replace(b"GET", b"PUT"),
    "another version": ASKED.replace(b"1.1", b"1.0"),
    "a query": ASKED.replace(b"healthz", b"healthz?a=b"),
    "an escape": ASKED.replace(b"healthz", b"%68ealthz"),
    "a whole address": ASKED.replace(b"/healthz", b"http://x/healthz"),
    "two spaces": ASKED.replace(b"GET ", b"GET  "),
    "an empty line before it": b"\r\n" + ASKED,
    "no host": ASKED.replace(b"Host: x", b"Accept: x"),
    "two hosts": ASKED.replace(b"Host: x", b"Host: x\r\nhost: x"),
    "an unusual header": ASKED.replace(b"Host: x", b"Host: x\r\nX-Own: x"),
    "an expectation": POSTED.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
    "a folded header": ASKED.replace(b"Host: x", b"Host: x\r\n y"),
    "no colon": ASKED.replace(b"Host: x", b"Host: x\r\nAccept"),
    "a space before the colon": ASKED.replace(b"Host: x", b"Host : x"),
    "a tab": ASKED.replace(b"Host: x", b"Host: x\ty"),
    "a control character": ASKED.replace(b"Host: x", b"Host: x\x00"),
    "a line feed alone": ASKED.replace(b"Host: x", b"Host: x\nAccept: y"),
    "a letter beyond ASCII": ASKED.replace(b"Host: x", b"Host: x\xe9"),
    "an upgrade": ASKED.replace(b"Host: x", b"Host: x\r\nConnection: upgrade"),
    "a length without a body": ASKED.replace(b"Host: x", b"Host: x\r\nContent-Length: 0"),
    "a body without a length": b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long head": ASKED.replace(b"Host: x", b"Host: " + b"x" * LONGEST_HEAD),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_what_is_odd_is_left_to_the_parser(data: bytes) -> None:
    assert read(data) is None


@pytest.mark.parametrize(("client", "server"), [("", SERVER), (CLIENT, "socket"), (b"", "x")])
def test_a_unix_socket_is_left_to_the_parser(client: Any, server: Any) -> None:
    assert read(ASKED, client, server) is None


def are_read(config: Config) -> bool:
    return plain_request.are_read(config, Logger(config))


def test_gunicorns_usual_ways_are_read_here() -> None:
    assert are_read(Config())


def test_as_the_service_is_configured_it_reads_them(root: Path) -> None:
    code = (
        "import sys; sys.argv = ['gunicorn']; from gunicorn.app.wsgiapp import WSGIApplication;"
        "from app.http.loop import plain_request; cfg = WSGIApplication().cfg;"
        "read = plain_request.are_read(cfg, cfg.logger_class(cfg));"
        "print(cfg.worker_class_str, read, file=sys.__stdout__)"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert answer.stdout.split()[1:] == ["True"], answer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accesslog", "-"),
        ("statsd_host", "localhost:1"),
        ("limit_request_line", 100),
        ("header_map", "dangerous"),
        ("pre_request", lambda worker, request: None),
        ("post_request", lambda worker, request, environ, response: None),
    ],
)
def test_where_gunicorn_has_ways_of_its_own_nothing_is_read(name: str, value: Any) -> None:
    config = Config()
    config.set(name, value)
    assert not are_read(config)


def test_an_application_below_a_path_is_left_to_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPT_NAME", "/below")
    assert not are_read(Config())
