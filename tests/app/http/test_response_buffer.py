from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from app.http.exchange import Answer
from app.http.response_buffer import ResponseBuffer, refusal, written
from src.support.errors import UserError


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_what_is_sent_is_kept(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    held = ResponseBuffer(one)
    reused = bytearray(b"an answer")
    held.sendall(reused)
    reused[:] = b"something"
    held.sendall(b", and more")
    assert held.data == [b"an answer", b", and more"]
    other.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.recv(1)


def test_all_else_is_the_sockets(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.sendall(b"a request")
    held = ResponseBuffer(one)
    assert held.recv(100) == b"a request"
    assert held.fileno() == one.fileno()


def test_a_refusal_is_a_problem_with_an_id() -> None:
    answer = refusal(UserError("It did not arrive.", code="request_timeout", fix="send it at once"))
    document = json.loads(answer.body)
    assert document["detail"] == "It did not arrive."
    assert document["fix"] == "send it at once"
    assert document["request_id"]
    assert answer.status == "408 Request Timeout"
    assert dict(answer.headers) == {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(answer.body)),
    }


def test_after_what_is_written_the_connection_is_closed() -> None:
    headers = [("Connection", "keep-alive"), ("Content-Length", "2")]
    assert written(Answer("503 Service Unavailable", headers, b"{}")) == (
        b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    )
