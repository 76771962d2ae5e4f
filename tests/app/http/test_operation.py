"""An operation checks what it declares before its handler runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import falcon
import falcon.testing
import msgspec
import pytest

from app.http import problems
from app.http.exchange import ANYONE, Caller, begin
from app.http.operation import Call, Operation, operation
from app.http.resource import Resource
from src.support.errors import UserError
from src.support.structs import Checked


class Query(Checked, frozen=True):
    limit: int = 10


class Weight(Checked, frozen=True):
    carat: float = 1.0


class Price(msgspec.Struct):
    price: float


class Prices(Resource):
    path = "/{dataset}/prices"

    @operation(scope="predict", query=Query, body=Weight, answer=Price, status=201)
    def on_post(self, call: Call[Query, Weight], dataset: str) -> Price:
        return Price(call.body.carat * call.query.limit)

    @operation(scope="any", query=None, is_answer_stored=False)
    def on_get(self, call: Call, dataset: str) -> None:
        call.response.text = f"{dataset}, as {call.exchange.caller.name}"

    @operation(scope="train", body=Weight, is_body_required=False)
    def on_put(self, call: Call, dataset: str) -> dict[str, float]:
        return {"carat": call.body.carat}

    def look_up(self, exchange: Any, path: dict[str, Any]) -> None:
        path["dataset"] = path["dataset"].upper()


Ask = Callable[..., falcon.testing.Result]


@pytest.fixture
def ask() -> Ask:
    """Return a function that asks as somebody with these scopes, or raises what is refused."""

    def asked(method: str, *scopes: str, body: bytes = b"", query: str = "") -> Any:
        exchanges = []

        def enter(environ: dict[str, Any], start: Any) -> Any:
            exchange = begin(environ)
            exchange.caller = Caller("me", frozenset(scopes)) if scopes else ANYONE
            exchange.body = body
            exchanges.append(exchange)
            return app(environ, start)

        def fail(request: Any, response: Any, error: Exception, params: Any) -> None:
            raise error

        app = falcon.App()
        app.add_error_handler(Exception, fail)
        app.add_route(Prices.path, Prices())
        headers = {"Content-Type": "application/json"} if body else {}
        answer = falcon.testing.simulate_request(
            enter, method, "/stones/prices", query_string=query, headers=headers
        )
        return answer, exchanges[0]

    return asked


def test_it_hands_over_query_and_body_as_structs_and_answers_with_json(ask: Ask) -> None:
    answer, exchange = ask("POST", "predict", body=b'{"carat": 2.5}', query="limit=4")
    assert answer.status_code == 201
    assert answer.json == {"price": 10.0}
    assert exchange.is_answer_stored


def test_the_path_is_looked_up_and_the_handler_may_write_the_response_itself(ask: Ask) -> None:
    answer, exchange = ask("GET", "label", query="whatever=1")
    assert (answer.status_code, answer.text) == (200, "STONES, as me")
    assert not exchange.is_answer_stored


def test_a_body_that_may_be_left_out_has_its_defaults(ask: Ask) -> None:
    assert ask("PUT", "train")[0].json == {"carat": 1.0}
    assert ask("PUT", "admin", body=b'{"carat": 3}')[0].json == {"carat": 3.0}


@pytest.mark.parametrize(
    ("scopes", "words", "code"),
    [
        (("label",), {}, "scope_missing"),
        ((), {}, "scope_missing"),
        (("predict",), {"query": "limit=x"}, "invalid_query"),
        (("predict",), {"query": "most=1"}, "invalid_query"),
        (("predict",), {"body": b'{"carat": "big"}'}, "invalid_body"),
        (("predict",), {"body": b"{"}, "invalid_json"),
    ],
)
def test_what_is_wrong_is_refused_before_the_handler_runs(
    ask: Ask, scopes: tuple[str, ...], words: dict[str, Any], code: str
) -> None:
    with pytest.raises(UserError) as caught:
        ask("POST", *scopes, **{"body": b"{}", **words})
    assert caught.value.code == code


def test_any_scope_is_that_of_everybody_with_a_key(ask: Ask) -> None:
    with pytest.raises(UserError) as caught:
        ask("GET")
    assert caught.value.code == "scope_missing"
    assert caught.value.choices is not None


def test_who_lacks_the_scope_is_told_which_one(ask: Ask) -> None:
    with pytest.raises(UserError) as caught:
        ask("PUT", "predict")
    assert caught.value.given == "predict"
    assert caught.value.choices == ["train", "admin"]


@pytest.mark.parametrize(
    ("scopes", "scope", "may"),
    [
        ({"predict"}, "predict", True),
        ({"predict"}, "admin", False),
        ({"label", "train"}, "predict", False),
        ({"admin"}, "predict", True),
        ({"admin"}, "train", True),
        (set(), "predict", False),
    ],
)
def test_a_scope_is_needed(scopes: set[str], scope: Any, may: bool) -> None:
    exchange = begin(falcon.testing.create_environ())
    exchange.caller = Caller("x", frozenset(scopes))
    if may:
        Operation(scope=scope).check_scope(exchange)
        return
    with pytest.raises(UserError) as caught:
        Operation(scope=scope).check_scope(exchange)
    assert problems.status(caught.value) == 403
    assert scope in caught.value.choices
