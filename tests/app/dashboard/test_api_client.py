from __future__ import annotations

from typing import Any

import falcon
import pytest

from app.dashboard.api_client import ApiClient, part
from app.http import exchange as exchanges
from app.http import problems
from app.http.exchange import ANYONE, HERE, Caller
from src.support.errors import UserError


class Echo:
    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        exchange = request.env[exchanges.ENVIRON]
        status = 403 if exchange.caller is ANYONE else 500 if name == "broken" else 200
        response.status = status
        response.media = {
            "detail": "it says",
            "code": "internal_error" if name == "broken" else "forbidden",
            "status": status,
            "name": name,
            "query": request.params,
            "caller": exchange.caller.name,
            "path": request.path,
        }


class Question:
    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        exchange = request.env[exchanges.ENVIRON]
        kind, caller = request.content_type, exchange.caller.name
        response.media = {"body": exchange.body.decode(), "kind": kind, "caller": caller}


@pytest.fixture
def asked() -> falcon.Request:
    environ = falcon.testing.create_environ("/page", method="POST", query_string="secret=1")
    exchanges.begin(environ).caller = HERE
    return falcon.Request(environ)


@pytest.fixture
def api() -> ApiClient:
    app = falcon.App()
    app.add_route("/v1/{name}", Echo())
    app.add_route("/v1/questions", Question())
    return ApiClient(app)


def test_the_api_is_asked_as_whoever_looks(api: ApiClient, asked: falcon.Request) -> None:
    told: dict[str, Any] = api.get(asked, "/v1/x", limit=3, cursor=None, source="", name="a&b=c")
    assert told["query"] == {"limit": "3", "name": "a&b=c"}
    assert told["caller"] == HERE.name
    assert asked.path == "/page", "the page's own request is left alone"
    assert asked.env[exchanges.ENVIRON].environ is asked.env


def test_what_the_api_refuses_is_raised(api: ApiClient, asked: falcon.Request) -> None:
    asked.env[exchanges.ENVIRON].caller = ANYONE
    with pytest.raises(UserError) as caught:
        api.get(asked, "/v1/x")
    assert problems.status(caught.value) == 403
    assert caught.value.what == "it says"
    assert api.find(asked, "/v1/x") is None


def test_what_is_broken_is_not_taken_for_absent(api: ApiClient, asked: falcon.Request) -> None:
    asked.env[exchanges.ENVIRON].caller = Caller("web", frozenset())
    with pytest.raises(UserError):
        api.find(asked, "/v1/broken")


def test_a_part_of_a_path_stays_one() -> None:
    assert part("a/b?c") == "a%2Fb%3Fc"


def test_a_question_is_posted_as_who_looks(api: ApiClient, asked: falcon.Request) -> None:
    found = api.look_up(asked, "/v1/questions", {"n": 3})
    assert found == {"body": '{"n":3}', "kind": "application/json", "caller": HERE.name}
