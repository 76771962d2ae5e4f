"""Who does not read holds nobody: a real gunicorn, two threads, and clients that take no answer."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.app.http.gunicorns import EMPTY, HELLO, LARGE, Service, eventually, get


def streams(service: Service) -> dict[str, Any]:
    """Return what became of the streams so far."""
    document: dict[str, Any] = json.loads(service.ask(get("/streams"))[1])
    return document


def test_who_does_not_take_the_answer_gives_its_thread_back(hasty: Service) -> None:
    for _ in range(2):
        hasty.client(HELLO.replace(b"/", b"/endless", 1))
    assert hasty.ask() == (200, EMPTY)


LONG = ["/endless", "/forever", "/file"]


@pytest.mark.parametrize("path", LONG)
def test_who_does_not_read_holds_no_thread(patient: Service, path: str) -> None:
    for _ in range(40):
        patient.client(get(path))
    for _ in range(3):
        assert patient.ask() == (200, EMPTY)


@pytest.mark.parametrize("path", LONG)
def test_who_takes_nothing_is_cut(hasty: Service, path: str) -> None:
    client = hasty.client(get(path))
    counts = get("/counts")
    assert eventually(lambda: json.loads(hasty.ask(counts)[1])[-1] == 1)
    assert eventually(lambda: json.loads(hasty.ask(counts)[1])[-1] == 0)
    with pytest.raises(ConnectionError):
        client.file.read()


def test_a_piece_is_made_when_the_one_before_was_taken(patient: Service) -> None:
    before = streams(patient)["pieces"]
    client = patient.client(get("/forever"))
    assert eventually(lambda: streams(patient)["pieces"] > before)
    time.sleep(0.5)
    made = streams(patient)["pieces"]
    time.sleep(0.5)
    assert streams(patient)["pieces"] == made, "what the system keeps is full"
    client.file.read(5_000_000)
    assert eventually(lambda: streams(patient)["pieces"] > made + 50)
    closed = streams(patient)["closed"]
    client.close()
    assert eventually(lambda: streams(patient)["closed"] == closed + 1)
    assert "MainThread" not in streams(patient)["threads"]


def test_pieces_arrive_whole_and_the_connection_is_kept(patient: Service) -> None:
    before = streams(patient)
    client = patient.client(get("/stream") + HELLO + get("/file") + get("/stream"))
    whole = (200, b"x" * 5_000_000)
    assert [client.answer() for _ in range(4)] == [whole, (200, EMPTY), (200, LARGE), whole]
    after = streams(patient)
    assert [after[name] - before[name] for name in ("pieces", "complete", "closed")] == [200, 2, 2]


def test_pieces_end_with_the_connection_of_an_old_client(patient: Service) -> None:
    client = patient.client(get("/stream", "1.0"))
    head, _, body = client.file.read().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == b"x" * 5_000_000


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_what_breaks_in_the_middle_has_no_end(
    tmp_path_factory: pytest.TempPathFactory, root: Path, version: str
) -> None:
    service = Service(tmp_path_factory.mktemp("service"), root, "served.Watched")
    try:
        client = service.client(get("/broken", version))
        with pytest.raises(ConnectionResetError):
            client.file.read()
        assert service.ask() == (200, EMPTY)
    finally:
        written = service.stop()
    assert "the database is away" in written


def test_what_is_no_body_is_an_error_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, root: Path
) -> None:
    service = Service(tmp_path_factory.mktemp("service"), root, "served.Watched")
    try:
        client = service.client(get("/no-body") + HELLO)
        assert client.answer()[0] == 500
        assert client.answer() == (0, b"")
        assert service.ask() == (200, EMPTY)
    finally:
        service.stop()


@pytest.mark.parametrize("path", LONG)
def test_a_head_of_a_long_answer_has_none_of_it(patient: Service, path: str) -> None:
    client = patient.client(get(path).replace(b"GET", b"HEAD") + HELLO)
    assert client.file.readline().startswith(b"HTTP/1.1 200")
    while client.file.readline() != b"\r\n":
        pass
    assert client.answer() == (200, EMPTY)


def test_who_asks_on_and_takes_nothing_holds_no_thread(patient: Service) -> None:
    for _ in range(8):
        patient.client(HELLO.replace(b"/", b"/large", 1) * 200)
    for _ in range(30):  # until what the clients leave has filled every buffer
        assert patient.ask() == (200, EMPTY)
        time.sleep(0.02)


def test_who_takes_a_large_answer_at_leisure_gets_it_whole(patient: Service) -> None:
    client = patient.client(HELLO.replace(b"/", b"/endless", 1))
    time.sleep(0.5)
    status, body = client.answer()
    assert (status, len(body)) == (200, 60_000_000)


def test_large_answers_keep_the_connection(patient: Service) -> None:
    client = patient.client()
    for _ in range(100):
        client.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.answer() == (200, bytes(100_000))


def test_who_still_sends_after_the_last_answer_is_not_cut_off(patient: Service) -> None:
    client = patient.client(HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert client.answer() == (200, EMPTY)
    for _ in range(3):
        client.send(b"x")  # to a closed connection, the second would fail
        time.sleep(0.1)
