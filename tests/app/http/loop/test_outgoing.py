"""An answer on its way, over a pair of sockets of which one is read when the test says so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.http.bodies import FileBody
from app.http.loop.outgoing import CHUNK, Outgoing

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        other.settimeout(10)
        yield one, other


class Response:
    """Writes as gunicorn does: headers, what it is given, an end."""

    def __init__(self, outgoing: Outgoing, length: int | None = None) -> None:
        self.response_length = length
        self._outgoing = outgoing

    def send_headers(self) -> None:
        self._outgoing.sendall(b"head ")

    def write(self, data: bytes) -> None:
        if data:
            self._outgoing.sendall(data)

    def close(self) -> None:
        self._outgoing.sendall(b" end")


def read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += sock.recv(size - len(data))
    return data


def test_what_is_sent_is_kept_until_it_is_flushed(pair: Pair) -> None:
    one, other = pair
    outgoing = Outgoing(one)
    reused = bytearray(b"an answer")
    outgoing.sendall(reused)  # type: ignore[arg-type]
    reused[:] = b"something"
    outgoing.sendall(b", and more")
    assert outgoing.size == 19
    other.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.recv(1)
    assert outgoing.flush()
    assert other.recv(100) == b"an answer, and more", "in one piece"
    assert outgoing.size == 0
    assert outgoing.is_ended


def test_what_cannot_wait_is_sent_at_once(pair: Pair) -> None:
    one, other = pair
    Outgoing(one).send(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert other.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_all_else_is_the_sockets(pair: Pair) -> None:
    one, other = pair
    other.sendall(b"a request")
    outgoing = Outgoing(one)
    outgoing.setblocking(True)
    assert not one.getblocking(), "but for this"
    assert outgoing.recv(100) == b"a request"
    assert outgoing.fileno() == one.fileno()


def test_the_rest_waits_for_the_client(pair: Pair) -> None:
    one, other = pair
    outgoing = Outgoing(one)
    body = bytes(range(256)) * 10_000
    outgoing.sendall(b"head ")
    outgoing.sendall(body)
    taken = b""
    turns = 0
    while not outgoing.flush():
        assert outgoing.size + len(taken) <= 5 + len(body)
        taken += other.recv(100_000)
        turns += 1
    left = 5 + len(body) - len(taken)
    assert taken + read(other, left) == b"head " + body
    assert turns > len(body) // CHUNK


@pytest.mark.parametrize("is_blocking", [False, True])
def test_it_never_waits(pair: Pair, is_blocking: bool) -> None:
    one, _ = pair
    one.setblocking(is_blocking)
    outgoing = Outgoing(one)
    outgoing.sendall(bytes(10_000_000))
    thread = threading.Thread(target=lambda: [outgoing.flush() for _ in range(100)], daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert 0 < outgoing.size < 10_000_000


def test_a_file_is_sent_without_being_read(pair: Pair, tmp_path: Path) -> None:
    one, other = pair
    path = tmp_path / "script.js"
    content = b"0123456789" * 100_000
    path.write_bytes(content)
    outgoing, body = Outgoing(one), FileBody(path)
    outgoing.follow(Response(outgoing, len(content)), body)
    number = body.fileno()
    taken = b""
    while not outgoing.flush():
        assert outgoing.size <= len(b"head ")
        taken += other.recv(100_000)
    taken += read(other, 5 + len(content) - len(taken))
    assert taken == b"head " + content
    assert outgoing.is_ended
    with pytest.raises(OSError, match="Bad file"):
        open(number, closefd=False)  # noqa: SIM115 - a number is no path


def test_a_file_that_became_shorter_has_no_end(pair: Pair, tmp_path: Path) -> None:
    one, _ = pair
    path = tmp_path / "script.js"
    path.write_bytes(b"short")
    outgoing = Outgoing(one)
    outgoing.follow(Response(outgoing, 100), FileBody(path))
    with pytest.raises(OSError, match="shorter"):
        outgoing.flush()
    outgoing.close()


def test_pieces_are_made_one_at_a_time(pair: Pair) -> None:
    one, other = pair
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"" if number == 1 else b"piece %d " % number

    outgoing = Outgoing(one)
    outgoing.follow(Response(outgoing), pieces())
    assert outgoing.flush()
    was_ended = outgoing.is_ended
    assert not was_ended
    assert (made[:], read(other, 5)) == ([], b"head ")
    outgoing.pull()
    assert made[:] == [0]
    assert outgoing.flush()
    assert read(other, 8) == b"piece 0 "
    outgoing.pull()
    assert made == [0, 1, 2], "an empty one would be the end"
    outgoing.pull()
    assert outgoing.is_ended
    assert outgoing.flush()
    assert other.recv(100) == b"piece 2  end"


class Closed:
    """Pieces that remember whether they were let go."""

    def __init__(self, *pieces: Any) -> None:
        self._pieces = iter(pieces)
        self.closes = 0

    def __iter__(self) -> Iterator[Any]:
        return self._pieces

    def close(self) -> None:
        self.closes += 1


def test_whoever_makes_pieces_is_told_the_end_and_a_cut_once() -> None:
    for pulls in (0, 1, 2):
        one, other = socket.socketpair()
        with one, other:
            outgoing, body = Outgoing(one), Closed(b"a piece")
            outgoing.follow(Response(outgoing), body)
            for _ in range(pulls):
                outgoing.pull()
            assert body.closes == (pulls == 2)
            outgoing.close()
            outgoing.close()
            assert body.closes == 1


def test_a_refusal_takes_the_place_of_what_was_not_sent(pair: Pair) -> None:
    one, other = pair
    outgoing = Outgoing(one)
    outgoing.is_kept = True
    outgoing.sendall(b"a secret")
    outgoing.replace(b"no")
    assert outgoing.flush()
    assert other.recv(100) == b"no"
    assert not outgoing.is_kept


def test_a_client_that_is_gone_is_noticed(pair: Pair) -> None:
    one, other = pair
    other.close()
    outgoing = Outgoing(one)
    outgoing.sendall(b"an answer")
    with pytest.raises(OSError, match="Broken pipe"):
        outgoing.flush()
