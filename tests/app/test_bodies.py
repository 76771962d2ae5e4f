from __future__ import annotations

import io
from typing import Any

import pytest

from app import bodies
from app.problems import Problem


def environ(body: bytes = b"", length: str | None = None, **more: Any) -> dict[str, Any]:
    given = str(len(body)) if length is None else length
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": given, **more}


def refused(given: dict[str, Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        bodies.read(given, 10)
    return caught.value


def test_a_body_is_read_whole_and_no_further() -> None:
    given = environ(b"12345", "3")
    assert bodies.read(given, 10) == b"123"
    assert given["wsgi.input"].read() == b"45"
    assert bodies.read(environ(b"1234567890"), 10) == b"1234567890"


@pytest.mark.parametrize("length", ["", "0", None])
def test_without_a_length_there_is_no_body(length: str | None) -> None:
    given = {"wsgi.input": io.BytesIO(b"rest"), "CONTENT_LENGTH": length}
    assert bodies.read(given, 10) == b""
    assert bodies.read({"wsgi.input": io.BytesIO(b"rest")}, 10) == b""


def test_a_body_that_is_too_large_is_not_read() -> None:
    given = environ(b"x" * 11)
    assert refused(given).status == 413
    assert given["wsgi.input"].tell() == 0
    assert refused(environ(length="9" * 500)).status == 413


def test_a_body_in_chunks_is_refused() -> None:
    problem = refused(environ(b"", HTTP_TRANSFER_ENCODING="chunked"))
    assert problem.status == 411
    assert problem.headers == {"Connection": "close"}, "what follows is no request"


def test_a_body_that_ends_early_is_refused() -> None:
    problem = refused(environ(b"123", "5"))
    assert problem.status == 408
    assert problem.document["given"] == "3 of 5 bytes"


@pytest.mark.parametrize("length", ["-1", "+1", "1_0", "1.0", "x", "٣", " 3"])
def test_a_length_is_a_whole_number(length: str) -> None:
    assert refused(environ(b"123", length)).status == 400
