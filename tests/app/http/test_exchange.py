from __future__ import annotations

import msgspec
import pytest

from app.http import exchange as exchanges
from app.http.exchange import Caller
from app.store import ids
from src.support.errors import UserError


@pytest.mark.parametrize("given", ["abc", "order 7/8", "x" * 100])
def test_a_clients_own_id_is_taken(given: str) -> None:
    exchange = exchanges.begin({"HTTP_X_REQUEST_ID": given})
    assert exchange.request_id == given
    assert ids.is_one(exchange.id)


def test_a_long_id_is_shortened() -> None:
    assert exchanges.begin({"HTTP_X_REQUEST_ID": "x" * 5000}).request_id == "x" * 100


@pytest.mark.parametrize(
    "given", ["", "  ", "a\nb", "a\r\nSet-Cookie: x", "a\x00", "\x1b[2J", "caf\xe9", "\x7f"]
)
def test_an_id_that_is_unfit_for_a_header_is_replaced(given: str) -> None:
    exchange = exchanges.begin({"HTTP_X_REQUEST_ID": given})
    assert exchange.request_id == exchange.id


def test_without_an_id_it_gets_ours() -> None:
    environ: dict[str, object] = {}
    exchange = exchanges.begin(environ)
    assert exchange.request_id == exchange.id
    assert environ[exchanges.ENVIRON] is exchange
    assert exchange.at.endswith("Z")
    assert exchange.milliseconds() >= 0


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/v1/stones", "/v1/stones"),
        ("/a b", "/a b"),
        ("/caf\xc3\xa9", "/caf%C3%A9"),
        ("/a\x00b", "/a%00b"),
        ("/a\nb", "/a%0Ab"),
        ("/\xff", "/%FF"),
    ],
)
def test_a_path_is_stored_in_plain_ascii(given: str, path: str) -> None:
    assert exchanges.begin({"PATH_INFO": given}).path == path


@pytest.mark.parametrize("given", ["a=b%20c", "", "a=\x00", "a=\xe9", "a=\u20ac"])
def test_a_query_is_stored_in_plain_ascii(given: str) -> None:
    query = exchanges.begin({"QUERY_STRING": given}).query
    assert query.isascii()
    assert "\x00" not in query
    assert query == given or "%" in query


def test_a_refusal_is_a_problem_with_its_headers() -> None:
    exchange = exchanges.begin({"HTTP_X_REQUEST_ID": "mine"})
    error = UserError("No.", code="missing_api_key")
    answer = exchanges.refusal(error, exchange.request_id)
    assert answer.status == "401 Unauthorized"
    assert answer.code == 401
    assert answer.headers == [
        ("Content-Type", "application/problem+json"),
        ("WWW-Authenticate", "Bearer"),
    ]
    assert msgspec.json.decode(answer.body)["request_id"] == "mine"


def test_a_caller_may_what_its_scopes_say_and_an_administrator_all() -> None:
    web = exchanges.Caller("web", frozenset({"predict", "label"}))
    assert [scope for scope in exchanges.SCOPES if web.may(scope)] == ["predict", "label"]
    for caller in (exchanges.Caller("ada", frozenset({"admin"})), exchanges.HERE):
        assert all(caller.may(scope) for scope in exchanges.SCOPES)
    assert not any(exchanges.ANYONE.may(scope) for scope in exchanges.SCOPES)


def test_it_knows_the_name_of_who_asks() -> None:
    exchange = exchanges.begin({})
    assert exchange.by == ""
    exchange.caller = exchanges.Caller("till", frozenset({"label"}))
    assert exchange.by == "till"


def test_a_query_keeps_what_tells_its_parameters_apart() -> None:
    exchange = exchanges.begin({"QUERY_STRING": "a=\xe9&b=%20+x", "PATH_INFO": "/"})
    assert exchange.query == "a=%C3%A9&b=%20+x"


class Purse:
    def __init__(self) -> None:
        self.left = {"requests": 3, "records": 10}

    def spend(self, unit: str, number: int) -> None:
        if number > self.left[unit]:
            raise UserError("The quota is used up.", code="quota_exceeded")
        self.left[unit] -= number

    def headers(self) -> list[tuple[str, str]]:
        return []


def test_a_handler_that_is_asked_twice_is_charged_once() -> None:
    exchange, purse = exchanges.begin({}), Purse()
    exchange.caller = Caller("web", frozenset(), budget=purse)
    with pytest.raises(UserError):
        exchange.spend("records", 11)
    for _ in range(2):
        exchange.spend("requests", 1)
        exchange.spend("records", 10)
    assert purse.left == {"requests": 2, "records": 0}
