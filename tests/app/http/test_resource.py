"""Routes are declared on their resources, and refused where one says nothing of who may ask."""

from __future__ import annotations

from typing import Any

import pytest

from app.http.operation import Call, operation
from app.http.resource import Resource, RouteTable


class Stones(Resource):
    path = "/v1/{dataset}/stones"

    @operation(scope="predict")
    def on_get(self, call: Call, dataset: str) -> dict[str, str]:
        return {"dataset": dataset}

    @operation(scope="label", is_light=True, is_streamed=True)
    def on_post(self, call: Call, dataset: str) -> None: ...


class Alive(Resource):
    path = "/alive"
    is_probe = True
    is_recorded = False

    @operation(scope=None, is_light=True)
    def on_get(self, call: Call) -> None: ...


class Welcome(Resource):
    path = "/"
    is_public = True

    @operation(scope="predict")
    def on_get(self, call: Call) -> None: ...


class Files(Resource):
    path = "/static/{name}"
    is_recorded = False

    @operation(scope=None)
    def on_get(self, call: Call, name: str) -> None: ...


TABLE = RouteTable([Stones(), Alive(), Welcome(), Files()])


def test_a_method_without_a_scope_is_refused() -> None:
    class Open(Stones):
        def on_delete(self, request: Any, response: Any, dataset: str) -> None: ...

    with pytest.raises(TypeError, match=r"Open\.on_delete declares no scope"):
        RouteTable([Open()])


def test_the_scope_cannot_be_left_out() -> None:
    with pytest.raises(TypeError, match="scope"):
        operation(name="x")


@pytest.mark.parametrize(
    ("method", "path", "is_public"),
    [
        ("GET", "/alive", True),
        ("HEAD", "/alive", True),
        ("POST", "/alive", False),
        ("GET", "/", True),
        ("GET", "/static/pages.css", True),
        ("GET", "/static/a/b", False),
        ("GET", "/static/", False),
        ("GET", "/v1/a/stones", False),
        ("GET", "/nowhere", False),
        ("GET", "/alive/", False),
        ("GET", "/alive\n", False),
    ],
)
def test_what_needs_no_key(method: str, path: str, is_public: bool) -> None:
    assert TABLE.is_public(method, path) is is_public


def test_what_is_read_while_it_comes() -> None:
    assert TABLE.is_streamed("POST", "/v1/a/stones")
    assert not TABLE.is_streamed("GET", "/v1/a/stones")
    assert not TABLE.is_streamed("POST", "/v1/a/b/stones")


@pytest.mark.parametrize(
    ("line", "is_light"),
    [
        (b"GET /alive HTTP/1.1\r\n", True),
        (b"HEAD /alive HTTP/1.1\r\n", True),
        (b"GET /alive?x=1 HTTP/1.1\r\n", False),
        (b"POST /v1/a/stones HTTP/1.1\r\n", True),
        (b"POST /v1/a/stones?x=1 HTTP/1.1\r\n", False),
        (b"POST /v1/a/b/stones HTTP/1.1\r\n", False),
        (b"GET /v1/a/stones HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\n", False),
    ],
)
def test_what_is_answered_in_the_main_loop(line: bytes, is_light: bool) -> None:
    assert (TABLE.light.match(line) is not None) is is_light


@pytest.mark.parametrize(
    ("path", "status", "is_recorded"),
    [
        ("/v1/a/stones", 200, True),
        ("/v1/a/stones", 500, True),
        ("/nowhere", 404, True),
        ("/alive", 200, False),
        ("/alive", 503, False),  # while the database cannot be written
        ("/static/pages.css", 200, False),
        ("/static/pages.css", 404, True),
    ],
)
def test_what_is_recorded(path: str, status: int, is_recorded: bool) -> None:
    assert TABLE.is_recorded(path, status) is is_recorded


def test_no_path_matches_an_empty_table() -> None:
    table = RouteTable([])
    assert not table.is_public("GET", "")
    assert not table.is_probe("/")
    assert table.is_recorded("/", 200)
    assert table.light.match(b"GET / HTTP/1.1\r\n") is None
