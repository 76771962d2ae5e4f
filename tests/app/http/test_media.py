from __future__ import annotations

from typing import Annotated, Any, cast

import falcon
import falcon.testing
import msgspec
import pytest
from msgspec import Meta

from app.http import media, problems
from src.support.errors import UserError
from src.support.structs import Checked


class Query(Checked, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 5
    name: str | None = None


def request(query: str = "", **headers: str) -> falcon.Request:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return falcon.Request(falcon.testing.create_environ(query_string=query, headers=given))


def refused(query: str) -> dict[str, Any]:
    with pytest.raises(UserError) as caught:
        media.query(request(query), Query)
    assert problems.status(caught.value) == 400
    return cast(dict[str, Any], msgspec.to_builtins(problems.document(caught.value)))


def test_a_query_is_read_as_its_struct_says() -> None:
    assert media.query(request(), Query) == Query()
    assert media.query(request("limit=3&name=a%20b"), Query) == Query(3, "a b")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("limits=3", "limits"),
        ("limit=x", "limit"),
        ("limit=0", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=null", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("limit=1e3", "limit"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, word: str) -> None:
    document = refused(query)
    assert word in str(document["detail"]) + str(document.get("given"))


def test_a_parameter_that_is_given_twice_is_told_so() -> None:
    assert refused("limit=1&limit=2")["detail"] == "A query parameter is given twice."


def test_a_misspelt_parameter_gets_the_choices() -> None:
    document = refused("limits=3")
    assert document["allowed"] == ["limit", "name"]
    assert "limit" in document["fix"]


@pytest.mark.parametrize("query", ["limit=1,2", "name=%00", "name=%ff", "limit=%F0%9F%98%80", "&&"])
def test_an_odd_query_has_an_answer(query: str) -> None:
    try:
        found = media.query(request(query), Query)
    except UserError as error:
        status = problems.status(error)
    else:
        assert isinstance(found, Query)
        return
    assert status == 400


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/json;charset=utf8",
    ],
)
def test_json_in_utf_8_is_taken(kind: str) -> None:
    media.check_json(request(Content_Type=kind))


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/json; charset=latin-1", "application/jsonx", "json", "*/*"],
)
def test_what_says_to_be_something_else_is_refused(kind: str) -> None:
    with pytest.raises(UserError) as caught:
        media.check_json(request(**({"Content_Type": kind} if kind else {})))
    assert problems.status(caught.value) == 415
    assert caught.value.choices == ["application/json"]
    assert (kind or "(none)") in caught.value.given


def test_an_answer_is_json() -> None:
    response = falcon.Response()
    media.answer(response, {"a": ["é", None]})
    assert response.data == '{"a":["é",null]}'.encode()
    assert response.content_type == "application/json"


class Order(Checked, frozen=True):
    version: int
    why: str = ""


def ordered(text: bytes, kind: str = "application/json") -> Order:
    return media.body(request(Content_Type=kind), text, Order)


def test_a_body_is_read_as_its_struct_says() -> None:
    assert ordered(b'{"version": 3, "why": "\xc3\xa9"}') == Order(3, "é")
    assert ordered(b'{"version": 3}') == Order(3)


@pytest.mark.parametrize(
    ("text", "status", "word"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b'{"version": NaN}', 400, "NaN"),
        (b"\xff", 400, "UTF-8"),
        (b"[" * 100_000, 400, "nested"),
        (b"[1]", 422, "not an object"),
        (b"null", 422, "not an object"),
        (b'{"version": 1, "version": 2}', 422, "Duplicate key."),
        (b"{}", 422, "version"),
        (b'{"version": "3"}', 422, "version"),
        (b'{"version": null}', 422, "version"),
        (b'{"version": 3, "wy": ""}', 422, "wy"),
        (b'{"version": 1e999}', 422, "too large"),
        (b'{"version": %s}' % (b"9" * 5000), 422, ""),
        (b'{"version": 3, "why": "\\ud800"}', 422, "unpaired surrogate"),
        (b'{"a":[' + b"1," * 2000 + b"1]}", 422, "too many"),
    ],
)
def test_a_body_that_is_none_says_why(text: bytes, status: int, word: str) -> None:
    with pytest.raises(UserError) as caught:
        ordered(text)
    assert problems.status(caught.value) == status
    assert word in str(caught.value)


def test_a_body_of_another_kind_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        ordered(b"{}", "text/plain")
    assert problems.status(caught.value) == 415
