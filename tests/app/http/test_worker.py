"""Slow clients wait alone: a real gunicorn, two threads, and clients that misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

# It tells the length and the hash of the body that it got, and what the worker counts.
SERVED = """
import contextlib, hashlib, json, pathlib, re, resource, threading, time
from app.http.bodies import FileBody
from app.http.exchange import Answer
from app.http.readers import Limits
from app.http.worker import GatedWorker

class Watched(GatedWorker):
    def init_process(self):
        global worker
        worker = self
        super().init_process()

class Hasty(Watched):
    request_seconds = upload_seconds = 1.0

    def init_process(self):
        self.limit_readers(Limits(rest=1.0))
        super().init_process()

class Cramped(Watched):
    def __init__(self, *args, **kwargs):
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
        super().__init__(*args, **kwargs)

class Stream:
    # Pieces that are counted, and remember how they ended.
    def __init__(self, pieces, is_broken=False):
        self.left, self.is_broken = pieces, is_broken

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            if self.is_broken:
                raise OSError("the database is away")
            streams["complete"] += 1
            raise StopIteration
        self.left -= 1
        streams["pieces"] += 1
        return b"x" * 50_000

    def close(self):
        streams["closed"] += 1
        streams["threads"] |= {threading.current_thread().name}

streams = {"pieces": 0, "complete": 0, "closed": 0, "threads": set()}

def service(environ, start_response):
    path, status = environ["PATH_INFO"], "200 OK"
    if path in ("/stream", "/broken", "/forever"):
        start_response(status, [("Content-Type", "text/plain")])
        return Stream(10**9 if path == "/forever" else 100, is_broken=path == "/broken")
    if path == "/file":
        file = FileBody(pathlib.Path("large"))
        start_response(status, [("Content-Length", str(file.size))])
        return file
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if "HTTP_TRANSFER_ENCODING" in environ:
        status, body = "411 Length Required", b""
    elif path == "/unread":
        body = b"{}"
    elif path == "/endless":
        body = bytes(60_000_000)
    elif path == "/large":
        body = bytes(100_000)
    elif path == "/slow":
        pathlib.Path("begun").touch()
        time.sleep(1)
        body = b"{}"
    elif path == "/streams":
        body = json.dumps({**streams, "threads": sorted(streams["threads"])}).encode()
    elif path == "/counts":
        body = json.dumps([worker.nr_conns, len(worker.arriving), len(worker.uploads),
                           len(worker.queued), len(worker.leaving), len(worker.cut),
                           len(worker.readers)]).encode()
    else:
        data = environ["wsgi.input"].read(length)
        status = status if len(data) == length else "400 Bad Request"
        body = json.dumps([len(data), hashlib.sha256(data).hexdigest()]).encode()
    start_response(status, [("Content-Length", str(len(body)))])
    return [body]

class Batch:
    def __init__(self):
        self.keys = []

    @contextlib.contextmanager
    def of(self, key):
        self.keys.append(key)
        yield

    def store(self, wait=None):
        stored.append(len(self.keys))
        return wait is None or not Quick.is_busy

    def refused(self):
        answer = Answer("503 Service Unavailable", [("Content-Length", "0")], b"")
        return dict.fromkeys(self.keys, answer) if Quick.is_full else {}

class Quick:
    is_full = is_busy = False
    quick = True
    light = re.compile(rb"(GET|HEAD) /healthz HTTP/|POST /v1/[^ ?/]+/predictions HTTP/")

    @property
    def batches(self):
        return self

    def is_quick(self):
        return self.quick

    @contextlib.contextmanager
    def gathering(self):
        yield Batch()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"].removeprefix("/v1").removesuffix("/predictions")
        self.quick = path != "/wait"
        if path == "/full":
            Quick.is_full = True
        if path == "/busy":
            Quick.is_busy = True
        body = threading.current_thread().name if path != "/stored" else str(max(stored))
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body.encode()]

stored = []
quick = Quick()
"""
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF_HEADERS = HELLO[:20]
HALF_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"
MEGABYTE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
EMPTY = json.dumps([0, hashlib.sha256(b"").hexdigest()]).encode()


LARGE = bytes(range(256)) * 40_000


class Service:
    """A running gunicorn, and the clients that have connected to it."""

    def __init__(
        self, folder: Path, root: Path, worker: str, *words: str, app: str = "service"
    ) -> None:
        (folder / "served.py").write_text(SERVED)
        (folder / "large").write_bytes(LARGE)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        handle = self.listener.fileno()
        self.clients: list[Client] = []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", f"--bind=fd://{handle}", "--workers=1"),
                *("--threads=2", f"--worker-class={worker}", "--no-control-socket"),
                *("--umask=0o077", "--graceful-timeout=20", "--keep-alive=20"),
                *(*words, f"served:{app}"),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{root}:{folder}"},
            pass_fds=[handle],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def client(self, data: bytes = b"") -> Client:
        client = Client(self.listener.getsockname())
        client.send(data)
        self.clients.append(client)
        return client

    def ask(self, data: bytes = HELLO) -> tuple[int, bytes]:
        return self.client(data).answer()

    def worker(self) -> int:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(path.read_text())

    def forget_clients(self) -> None:
        for client in self.clients:
            client.close()
        self.clients.clear()

    def stop(self) -> str:
        """Stop; return what it wrote."""
        self.forget_clients()
        self.process.terminate()
        try:
            written, _ = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
            self.listener.close()
        return written.decode()


class Client:
    def __init__(self, address: tuple[str, int]) -> None:
        # A frozen service never answers; ten seconds are more than an answer ever takes.
        self.socket = socket.create_connection(address, timeout=10)
        self.file: IO[bytes] = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, bytes]:
        """Read one answer: its status and its body; 0 where the connection has ended."""
        line = self.file.readline()
        if not line:
            return 0, b""
        length, is_chunked = 0, False
        while (field := self.file.readline().lower()) != b"\r\n":
            if field.startswith(b"content-length:"):
                length = int(field.split(b":")[1])
            is_chunked |= field == b"transfer-encoding: chunked\r\n"
        return int(line.split()[1]), self._chunks() if is_chunked else self.file.read(length)

    def _chunks(self) -> bytes:
        """Read chunks; raise ConnectionError where the last is missing."""
        data = b""
        while (line := self.file.readline()) != b"0\r\n":
            if not line:
                raise ConnectionError("the answer has no end")
            data += self.file.read(int(line, 16) + 2)[:-2]
        self.file.readline()
        return data

    def drip(self) -> bool:
        """Send a byte after a while; tell whether the server still took it."""
        time.sleep(0.2)
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(b"x")
            self.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                self.socket.recv(1, socket.MSG_PEEK)  # answered
                return False
            return True
        return False

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def get(path: str, version: str = "1.1") -> bytes:
    return f"GET {path} HTTP/{version}\r\nHost: x\r\n\r\n".encode()


def streams(service: Service) -> dict[str, Any]:
    """Return what became of the streams so far."""
    document: dict[str, Any] = json.loads(service.ask(get("/streams"))[1])
    return document


def eventually(is_so: Callable[[], bool]) -> bool:
    """Wait for something to become true; tell whether it did."""
    for _ in range(200):
        if is_so():
            return True
        time.sleep(0.05)
    return False


def serve(
    factory: pytest.TempPathFactory, root: Path, worker: str, *words: str
) -> Iterator[Service]:
    service = Service(factory.mktemp("service"), root, worker, *words)
    try:
        assert service.ask()[0] == 200
        yield service
    finally:
        written = service.stop()
    assert "Traceback" not in written, written


@pytest.fixture(scope="module")
def patient_service(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Service]:
    yield from serve(tmp_path_factory, root, "served.Watched")


@pytest.fixture(scope="module")
def hasty_service(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Service]:
    yield from serve(tmp_path_factory, root, "served.Hasty")


@pytest.fixture
def patient(patient_service: Service) -> Iterator[Service]:
    """Serve with the deadlines that are the default, which no test waits for."""
    yield patient_service
    patient_service.forget_clients()


@pytest.fixture
def hasty(hasty_service: Service) -> Iterator[Service]:
    """Serve with deadlines of a second."""
    yield hasty_service
    hasty_service.forget_clients()


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


def test_large_answers_keep_the_connection(patient: Service) -> None:
    client = patient.client()
    for _ in range(100):
        client.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.answer() == (200, bytes(100_000))


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


def test_who_still_sends_after_the_last_answer_is_not_cut_off(patient: Service) -> None:
    client = patient.client(HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert client.answer() == (200, EMPTY)
    for _ in range(3):
        client.send(b"x")  # to a closed connection, the second would fail
        time.sleep(0.1)


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
    service = Service(tmp_path, root, "app.http.worker.GatedWorker", app="quick")
    yield service
    assert "Traceback" not in service.stop()


MAIN = (200, b"MainThread")


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


def test_what_is_stored_late_is_sent_late(quick: Service) -> None:
    client = quick.client(posted(b"/busy"))
    assert client.answer() == MAIN
    client.send(posted(b"/"))
    assert client.answer() == MAIN
