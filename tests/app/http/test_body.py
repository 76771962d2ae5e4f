from __future__ import annotations

import gzip
import io
from typing import Any

import pytest

from app.http import body as bodies
from app.http import problems
from src.support.errors import UserError


def environ(body: bytes = b"", length: str | None = None, **more: Any) -> dict[str, Any]:
    given = str(len(body)) if length is None else length
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": given, **more}


def refused(given: dict[str, Any]) -> UserError:
    with pytest.raises(UserError) as caught:
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
    assert problems.status(refused(given)) == 413
    assert given["wsgi.input"].tell() == 0
    assert problems.status(refused(environ(length="9" * 500))) == 413


def test_a_body_in_chunks_is_refused() -> None:
    problem = refused(environ(b"", HTTP_TRANSFER_ENCODING="chunked"))
    assert problems.status(problem) == 411
    assert problems.headers(problem) == {"Connection": "close"}, "what follows is no request"


def test_a_body_that_ends_early_is_refused() -> None:
    problem = refused(environ(b"123", "5"))
    assert problems.status(problem) == 408
    assert problem.given == "3 of 5 bytes"


@pytest.mark.parametrize("length", ["-1", "+1", "1_0", "1.0", "x", "٣", " 3"])
def test_a_length_is_a_whole_number(length: str) -> None:
    assert problems.status(refused(environ(b"123", length))) == 400


def test_a_stream_is_read_in_parts_and_no_further() -> None:
    given = environ(b"1234567", "5")
    stream = bodies.Stream(given, bodies.announced(given, 10))
    assert [stream.read(2) for _ in range(4)] == [b"12", b"34", b"5", b""]
    assert given["wsgi.input"].read() == b"67"


class Gone(io.BytesIO):
    """What comes from a client that closed its connection."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


@pytest.mark.parametrize("kind", [io.BytesIO, Gone])
def test_a_stream_that_ends_early_is_refused(kind: type[io.BytesIO]) -> None:
    stream = bodies.Stream({"wsgi.input": kind(b"123")}, 7)
    with pytest.raises(UserError) as caught:
        stream.read(5)
    assert problems.status(caught.value) == 408
    assert problems.headers(caught.value) == {"Connection": "close"}
    assert caught.value.given == f"{3 if kind is io.BytesIO else 0} of 7 bytes"


@pytest.mark.parametrize(
    ("kind", "is_streamed"),
    [
        ("text/csv", True),
        ("Text/CSV; header=present", True),
        ("application/x-ndjson", True),
        ("application/ndjson", True),
        ("application/jsonl", True),
        ("application/json", False),
        ("text/csvx", False),
    ],
)
def test_rows_and_lines_can_be_read_while_they_come(kind: str, is_streamed: bool) -> None:
    assert bodies.is_streamed_type({"CONTENT_TYPE": kind}) is is_streamed
    assert not bodies.is_streamed_type({})


def packed(data: bytes, coding: str = "gzip") -> dict[str, Any]:
    return environ(data, HTTP_CONTENT_ENCODING=coding)


def test_a_packed_body_is_unpacked_and_known_as_plain_after_that() -> None:
    given = packed(gzip.compress(b"{}" * 50), "GZIP")
    assert bodies.read(given, 100) == b"{}" * 50
    assert "HTTP_CONTENT_ENCODING" not in given


@pytest.mark.parametrize(
    ("data", "coding", "status", "told"),
    [
        (gzip.compress(b" " * 10_000_000), "gzip", 413, "more than 20000 bytes when unpacked"),
        (gzip.compress(b"{}", mtime=0)[:-3], "gzip", 400, "ends early"),
        (gzip.compress(b"{}", mtime=0) + b"x", "gzip", 400, "more follows"),
        (b"{}", "gzip", 400, "incorrect header"),
        (b"{}", "br", 415, "Content-Encoding: br"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(
    data: bytes, coding: str, status: int, told: str
) -> None:
    with pytest.raises(UserError) as caught:
        bodies.read(packed(data, coding), 20_000)
    assert problems.status(caught.value) == status
    assert told in str(caught.value.given)


def test_an_upload_that_is_read_while_it_comes_is_refused_where_it_is_packed() -> None:
    bodies.check_streamed(environ(b"a,b"))
    with pytest.raises(UserError) as caught:
        bodies.check_streamed(packed(b"", "gzip"))
    assert (problems.status(caught.value), caught.value.choices) == (
        415,
        ["Content-Encoding: identity"],
    )
