"""What is answered without Falcon; all that the service has is tried in test_both_ways."""

from __future__ import annotations

import peewee
import pytest
from falcon.routing import CompiledRouter

from app.http.exchange import Answer, begin
from app.http.operation import Call, operation
from app.http.resource import Resource
from app.http.shortcut import Shortcut
from src.support.errors import UserError

DATABASE = peewee.SqliteDatabase(":memory:")


class Stones(Resource):
    path = "/{dataset}/stones"

    @operation(scope=None, is_light=True)
    def on_post(self, call: Call, dataset: str) -> dict[str, str]:
        DATABASE.connect()
        if dataset == "none":
            raise UserError("There is none.", code="unknown_dataset")
        if dataset == "far":
            call.response.set_header("X-Own", "1")
        if dataset == "asking":
            return {"x": call.request.get_header("X-Own")}
        return {"dataset": dataset}

    @operation(scope=None)
    def on_get(self, call: Call, dataset: str) -> dict[str, str]:
        return {}

    @operation(scope=None, is_light=True, status=201)
    def on_put(self, call: Call, dataset: str) -> dict[str, str]:
        return {}


def asked(path: str, method: str = "POST") -> tuple[Answer | None, str]:
    """Return the answer, and the route that is remembered."""
    router = CompiledRouter()
    router.add_route(Stones.path, Stones())
    exchange = begin({"REQUEST_METHOD": method, "PATH_INFO": path})
    return Shortcut(router, DATABASE).answer(exchange), exchange.route


def test_a_light_operation_answers() -> None:
    answer, route = asked("/a/stones")
    assert answer == Answer("200 OK", [("content-type", "application/json")], b'{"dataset":"a"}')
    assert route == "/{dataset}/stones"
    assert DATABASE.is_closed()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/nowhere"),
        ("GET", "/a/stones"),
        ("PUT", "/a/stones"),
        ("DELETE", "/a/stones"),
        ("POST", "/none/stones"),
        ("POST", "/far/stones"),
        ("POST", "/asking/stones"),
    ],
)
def test_whatever_else_is_falcons(method: str, path: str) -> None:
    assert asked(path, method)[0] is None
    assert DATABASE.is_closed()
