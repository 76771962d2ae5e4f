from __future__ import annotations

from typing import Any

import pytest

from app.http import root
from app.http.resource import RouteTable
from src.support.errors import UserError
from tests.app.http.routes import table

TABLE = table()
PATHS = [resource.path for resource in TABLE.resources]


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("/ml", "/"),
        ("/ml/", "/"),
        ("/ml/v1/datasets", "/v1/datasets"),
        ("/v1/datasets", "/v1/datasets"),  # the proxy took it off
        ("/", "/"),
        ("/mlx/v1", "/mlx/v1"),
        ("/ml/ml/v1", "/ml/v1"),
    ],
)
def test_the_sub_path_is_taken_off_once(path: str, inner: str) -> None:
    environ: dict[str, Any] = {"PATH_INFO": path, "SCRIPT_NAME": ""}
    root.enter(environ, "/ml")
    assert environ == {"PATH_INFO": inner, "SCRIPT_NAME": "/ml"}


def test_without_a_sub_path_a_path_stays() -> None:
    environ: dict[str, Any] = {"PATH_INFO": "/ml/v1"}
    root.enter(environ, "")
    assert environ == {"PATH_INFO": "/ml/v1", "SCRIPT_NAME": ""}


def test_a_sub_path_like_a_path_of_ours_is_refused() -> None:
    root.check("/ml", PATHS)
    root.check("", PATHS)
    for taken in ("/v1", "/v1/ml"):
        with pytest.raises(UserError, match="cannot be told apart") as caught:
            root.check(taken, PATHS)
        assert "/v1" in caught.value.fix
        assert taken in str(caught.value)
        with pytest.raises(UserError):
            RouteTable(TABLE.resources, taken)


def test_small_requests_below_it_are_answered_in_the_main_loop_too() -> None:
    light = RouteTable(TABLE.resources, "/m.l").light
    assert light.match(b"POST /v1/a/predictions HTTP/1.1")
    assert light.match(b"POST /m.l/v1/a/predictions HTTP/1.1")
    assert not light.match(b"POST /mxl/v1/a/predictions HTTP/1.1")
    assert not TABLE.light.match(b"POST /m.l/v1/a/predictions HTTP/1.1")


@pytest.mark.parametrize(
    ("method", "path", "inner"),
    [
        ("POST", "/v1/stones/predictions/", "/v1/stones/predictions"),
        ("GET", "/ml/v1/stones/", "/v1/stones"),
        ("GET", "/v1/stones//", "/v1/stones//"),
        ("DELETE", "/v1/stones/labels/", "/v1/stones/labels/"),  # not all labels
    ],
)
def test_a_slash_at_the_end_does_not_count_where_nothing_is_lost(
    method: str, path: str, inner: str
) -> None:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": ""}
    root.enter(environ, "/ml")
    assert environ["PATH_INFO"] == inner
