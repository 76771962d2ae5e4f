"""Slow clients wait alone: a real gunicorn, two threads, and clients that misbehave."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.http.gunicorns import (
    EMPTY,
    HALF_BODY,
    HALF_HEADERS,
    HELLO,
    MEGABYTE,
    Service,
    get,
    serve,
)


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        HALF_HEADERS,
        HALF_BODY,
        MEGABYTE,
        MEGABYTE + bytes(100_000),
        HELLO + HALF_HEADERS,
        HELLO + HALF_BODY,
        b"POST /unread HTTP/1.1\r\nContent-Length: 10\r\n\r\n123456\r\n\r\n" + HALF_HEADERS,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n1",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n1",
        b"GET /" + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=lambda data: f"{len(data)} bytes {data[:12]!r} ... {data[-20:]!r}",
)
def test_a_prompt_client_is_answered_beside_slow_ones(patient: Service, begun: bytes) -> None:
    for _ in range(8):
        patient.client(begun)
    for _ in range(3):
        assert patient.ask() == (200, EMPTY)


def test_two_hundred_silent_connections_hold_no_thread(patient: Service) -> None:
    for _ in range(200):
        patient.client()
    assert patient.ask() == (200, EMPTY)


@pytest.mark.parametrize("begun", [HALF_HEADERS, HALF_BODY, HELLO[:1]])
def test_who_stops_is_told_after_a_while(hasty: Service, begun: bytes) -> None:
    status, body = hasty.ask(begun)
    assert status == 408
    assert json.loads(body)["code"] == "request_timeout"
    assert hasty.clients[-1].answer() == (0, b"")


def test_who_says_nothing_is_told_nothing(hasty: Service) -> None:
    assert hasty.ask(b"") == (0, b"")


@pytest.mark.parametrize("begun", [HALF_HEADERS, HALF_BODY.replace(b"10", b"1000")])
def test_a_byte_now_and_then_gains_no_time(hasty: Service, begun: bytes) -> None:
    client = hasty.client(begun)
    assert not all(client.drip() for _ in range(100))
    assert client.answer()[0] == 408


def test_a_large_body_that_stops_ends_for_the_application(hasty: Service) -> None:
    client = hasty.client(MEGABYTE + bytes(200_000))
    assert client.answer()[0] == 400
    client.send(bytes(800_000))  # this is no request
    assert client.answer() == (0, b"")


def test_a_byte_now_and_then_of_a_large_body_gains_no_time(hasty: Service) -> None:
    client = hasty.client(MEGABYTE + bytes(200_000))
    assert not all(client.drip() for _ in range(100))
    assert client.answer()[0] == 400


def test_large_bodies_leave_a_thread_to_others_and_take_turns(patient: Service) -> None:
    stalled = patient.client(MEGABYTE + bytes(200_000))
    waiting = patient.client(MEGABYTE + bytes(1_000_000))
    assert patient.ask() == (200, EMPTY)
    stalled.close()
    assert waiting.answer()[0] == 200


def test_a_large_body_that_gets_no_turn_is_told_so(hasty: Service) -> None:
    hasty.client(MEGABYTE.replace(b"1000000", b"9000000") + bytes(200_000))
    assert hasty.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
    assert hasty.ask(MEGABYTE + bytes(1_000_000))[0] == 503


def test_a_large_body_arrives_whole(patient: Service) -> None:
    body = os.urandom(3_000_000)
    expected = json.dumps([len(body), hashlib.sha256(body).hexdigest()]).encode()
    client = patient.client()
    for _ in range(2):  # and the connection is kept
        client.send(MEGABYTE.replace(b"1000000", b"3000000") + body)
        assert client.answer() == (200, expected)


def test_a_body_in_pieces_arrives_whole(patient: Service) -> None:
    client = patient.client()
    for byte in HALF_BODY + b"67890":
        client.send(bytes([byte]))
        time.sleep(0.001)
    expected = json.dumps([10, hashlib.sha256(b"1234567890").hexdigest()]).encode()
    assert client.answer() == (200, expected)


def test_a_connection_is_kept(patient: Service) -> None:
    client = patient.client()
    for _ in range(3):
        client.send(HELLO)
        assert client.answer() == (200, EMPTY)


def test_requests_in_one_segment_are_answered_in_turn(patient: Service) -> None:
    client = patient.client((HALF_BODY + b"67890" + HELLO) * 50)
    lengths = [json.loads(client.answer()[1])[0] for _ in range(100)]
    assert lengths == [10, 0] * 50


def test_a_request_is_ended_in_another_segment(patient: Service) -> None:
    client = patient.client(HELLO + HELLO[:10])
    assert client.answer() == (200, EMPTY)
    client.send(HELLO[10:] + b"\r\n" + HELLO)  # an empty line before a request is let pass
    assert [client.answer() for _ in range(2)] == [(200, EMPTY)] * 2


def test_a_body_that_the_application_leaves_is_no_request(patient: Service) -> None:
    client = patient.client(HALF_BODY.replace(b"/", b"/unread", 1) + b"67890" + HELLO)
    assert [client.answer() for _ in range(2)] == [(200, b"{}"), (200, EMPTY)]


@pytest.mark.parametrize("size", [10, 1_500_000])
def test_a_body_is_awaited_after_its_expectation(patient: Service, size: int) -> None:
    head = f"POST / HTTP/1.1\r\nContent-Length: {size}\r\nExpect: 100-continue\r\n\r\n".encode()
    client = patient.client(head)
    assert client.answer() == (100, b"")
    client.send(bytes(size))
    status, body = client.answer()
    assert (status, json.loads(body)[0]) == (200, size)


def test_chunks_are_for_the_application_to_refuse(patient: Service) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert patient.ask(chunked)[0] == 411


def test_a_head_has_no_body(patient: Service) -> None:
    client = patient.client(HELLO.replace(b"GET", b"HEAD"))
    assert client.file.readline().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nLong: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_malformed_is_refused_at_once(
    patient: Service, request_: bytes, status: int
) -> None:
    assert patient.ask(request_)[0] == status


def test_a_client_that_has_said_all_is_answered(patient: Service) -> None:
    client = patient.client(HELLO)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.answer() == (200, EMPTY)
    assert client.answer() == (0, b"")


def test_a_client_that_gives_up_is_let_go(patient: Service) -> None:
    client = patient.client(HALF_BODY)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.answer() == (0, b"")


def test_every_connection_is_counted_out(hasty: Service) -> None:
    arriving = (b"", HALF_HEADERS, HALF_BODY, MEGABYTE, MEGABYTE + bytes(100_000), HELLO * 3)
    for begun in (*arriving, get("/endless"), get("/forever"), get("/broken"), get("/file")):
        hasty.client(begun)
        gone = hasty.client(begun)
        gone.socket.shutdown(socket.SHUT_WR)
        # Reset, which is ruder than closed.
        gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.close()
    for _ in range(100):
        _, counts = hasty.ask(HELLO.replace(b"/", b"/counts", 1))
        hasty.forget_clients()
        if json.loads(counts) == [1, 0, 0, 0, 0, 0, 0]:
            break
        time.sleep(0.1)
    assert json.loads(counts) == [1, 0, 0, 0, 0, 0, 0]


def test_at_the_limit_of_connections_the_slowest_makes_room(
    tmp_path_factory: pytest.TempPathFactory, root: Path
) -> None:
    for service in serve(tmp_path_factory, root, "served.Watched", "--worker-connections=20"):
        silent = [service.client() for _ in range(60)]
        assert service.ask() == (200, EMPTY)
        assert silent[0].answer() == (0, b"")


def test_more_connections_than_files_end_no_worker(
    tmp_path_factory: pytest.TempPathFactory, root: Path
) -> None:
    for service in serve(tmp_path_factory, root, "served.Cramped"):
        for _ in range(200):
            service.client()
        assert service.ask() == (200, EMPTY)


@pytest.mark.slow
def test_a_stop_finishes_what_is_in_a_thread_and_ends_what_waits(
    tmp_path: Path, root: Path
) -> None:
    service = Service(tmp_path, root, "served.Watched")
    try:
        assert service.ask()[0] == 200
        begun, silent = service.client(HALF_HEADERS), service.client()
        slow = service.client(HELLO.replace(b"/", b"/slow", 1))
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        assert slow.answer() == (200, b"{}")
        assert begun.answer()[0] == 408
        assert silent.answer() == (0, b"")
        assert service.process.wait(timeout=10) == 0
    finally:
        written = service.stop()
    assert "Traceback" not in written, written


def posted(path: bytes, size: int = 2) -> bytes:
    place = path if b"?" in path else b"/v1/%b/predictions" % (path.strip(b"/") or b"x")
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (place, size)
    return head + b"{" + bytes(size - 1)


@pytest.fixture
def quick(tmp_path: Path, root: Path) -> Iterator[Service]:
    service = Service(tmp_path, root, "app.http.loop.worker.GatedWorker", app="quick")
    yield service
    assert "Traceback" not in service.stop()


MAIN = (200, b"MainThread")
LONG = b"a" * 70_000


def test_an_application_that_is_quick_is_asked_in_the_main_loop(quick: Service) -> None:
    assert quick.ask(posted(b"/")) == MAIN
    kept = quick.client(posted(b"/"))
    assert kept.answer() == MAIN
    kept.send(posted(b"/"))
    assert kept.answer() == MAIN


HEAVY = {
    "get": HELLO,
    "large": posted(b"/", 20_000),
    "list": posted(b"/").replace(b"{", b"["),
    "query": posted(b"/?explain=true"),
}


@pytest.mark.parametrize("heavy", HEAVY.values(), ids=HEAVY)
def test_what_may_be_heavy_goes_to_a_thread(quick: Service, heavy: bytes) -> None:
    assert quick.ask(heavy)[1].startswith(b"ThreadPool")


def test_while_it_is_not_quick_threads_wait_for_it(quick: Service) -> None:
    assert quick.ask(posted(b"/wait")) == MAIN
    assert quick.ask(posted(b"/wait"))[1].startswith(b"ThreadPool")
    assert quick.ask(posted(b"/"))[1].startswith(b"ThreadPool")
    assert quick.ask(posted(b"/")) == MAIN


def test_requests_sent_ahead_are_answered_in_turn(quick: Service) -> None:
    client = quick.client(posted(b"/") * 200)
    assert [client.answer() for _ in range(200)] == [MAIN] * 200


def test_what_comes_together_is_stored_together(quick: Service) -> None:
    clients = [quick.client(posted(b"/")) for _ in range(8)]
    assert [client.answer() for client in clients] == [MAIN] * 8
    os.kill(quick.worker(), signal.SIGSTOP)
    for client in clients:
        client.send(posted(b"/"))
    os.kill(quick.worker(), signal.SIGCONT)
    assert [client.answer() for client in clients] == [MAIN] * 8
    assert int(quick.ask(b"GET /stored HTTP/1.1\r\nHost: x\r\n\r\n")[1]) > 1


def test_what_is_not_stored_is_not_said(quick: Service) -> None:
    client = quick.client(posted(b"/full"))
    assert client.answer() == (503, b"")
    assert client.answer() == (0, b"")


def test_a_probe_needs_no_thread(quick: Service) -> None:
    assert quick.ask(posted(b"/wait")) == MAIN
    assert quick.ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == MAIN


def test_an_application_may_count_what_it_never_sees(quick: Service) -> None:
    for request_, status in ((b"GET\r\n\r\n", 400), (b"GET /%b HTTP/1.1\r\n\r\n" % LONG, 414)):
        assert quick.ask(request_)[0] == status
    assert quick.ask(posted(b"/refused")) == (200, b"[400, 414]")


def test_what_is_stored_late_is_sent_late(quick: Service) -> None:
    client = quick.client(posted(b"/busy"))
    assert client.answer() == MAIN
    client.send(posted(b"/"))
    assert client.answer() == MAIN
