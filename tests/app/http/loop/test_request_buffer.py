"""Requests in pieces, without a socket."""

from __future__ import annotations

import pytest

from app.http.loop.request_buffer import COLLECTED, LIGHT, RequestBuffer

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEAD + b"Content-Length: 5\r\n\r\n{1234"


def arrived(data: bytes) -> RequestBuffer:
    return RequestBuffer(data, 0.0)


ASK = b"/v1/stones/predictions"


def posted(body: bytes, path: bytes = ASK, method: bytes = b"POST") -> RequestBuffer:
    line = b"%b %b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (method, path, len(body))
    made = arrived(line + body)
    assert made.is_whole()
    return made


@pytest.mark.parametrize(
    "data",
    [WHOLE, HEAD + b"\r\n", WHOLE + HEAD, WHOLE.replace(b"Content-Length", b"CONTENT-length")],
)
def test_a_request_that_is_there_is_whole(data: bytes) -> None:
    assert arrived(data).is_whole()
    assert arrived(data).is_ready()


def test_it_is_whole_with_its_last_byte_and_not_before() -> None:
    arrival = arrived(b"")
    for byte in WHOLE[:-1]:
        arrival.data.append(byte)
        assert not arrival.is_whole()
        assert not arrival.is_ready()
    arrival.data.append(WHOLE[-1])
    assert arrival.is_whole()
    assert arrival.size == len(WHOLE)


UNUSUAL = {
    "chunks": b"Transfer-Encoding: chunked",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6",
    "a negative length": b"Content-Length: -1",
    "a long number": b"Content-Length: " + b"9" * 19,
    "no number": b"Content-Length: five",
    "an expectation": b"Content-Length: 6\r\nExpect: 100-continue",
}


@pytest.mark.parametrize("fields", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_read_by_a_thread(fields: bytes) -> None:
    arrival = arrived(HEAD + fields + b"\r\n\r\n12345")
    assert arrival.is_ready()
    assert not arrival.is_whole()


def test_who_does_not_wait_for_an_answer_to_an_expectation_is_whole() -> None:
    assert arrived(WHOLE.replace(b"Host: x", b"Expect: 100-continue")).is_whole()


def test_more_than_is_collected_is_not_waited_for() -> None:
    head = HEAD + b"Content-Length: 1000000\r\n\r\n"
    assert not arrived(head + bytes(COLLECTED - len(head) - 1)).is_ready()
    large = arrived(head + bytes(COLLECTED - len(head)))
    assert large.is_ready()
    assert not large.is_whole()


@pytest.mark.parametrize(
    ("request_text", "is_read"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", True),
        (b"HEAD /healthz HTTP/1.1\r\n\r\n", True),
        (b"POST /healthz HTTP/1.1\r\n\r\n", False),
        (b"GET /healthz HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", False),
    ],
)
def test_what_sends_nothing_is_told(request_text: bytes, is_read: bool) -> None:
    assert arrived(request_text).is_read() is is_read


def test_a_small_object_is_one_record() -> None:
    assert posted(b"{}").is_one_record()
    assert posted(b'{"why": "?"}').is_one_record()
    assert posted(b"{}", path=b"/v1/stones/similar").is_one_record()


@pytest.mark.parametrize(
    "arrival",
    [
        posted(b"[{}]"),
        posted(b""),
        posted(b" {}"),
        posted(b"{" + bytes(LIGHT)),
    ],
    ids=["list", "nothing", "space", "large"],
)
def test_what_may_be_heavy_is_not(arrival: RequestBuffer) -> None:
    assert not arrival.is_one_record()
