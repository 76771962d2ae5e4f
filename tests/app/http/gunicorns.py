"""A real gunicorn with two threads, an application for it to serve, and clients that misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

# It tells the length and the hash of the body that it got, and what the worker counts.
SERVED = """
import contextlib, hashlib, json, pathlib, re, resource, threading, time
from app.http.bodies import FileBody
from app.http.exchange import Answer
from app.http.loop.readers import Limits
from app.http.loop.worker import GatedWorker

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
    if path == "/no-body":
        start_response(status, [])
        return 5
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
    refused = []
    light = re.compile(rb"(GET|HEAD) /healthz HTTP/|POST /v1/[^ ?/]+/predictions HTTP/")

    @property
    def batches(self):
        return self

    def is_quick(self):
        return self.quick

    def count_unlogged(self, status):
        self.refused.append(status)

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
        if path == "/refused":
            body = str(self.refused)
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
            if not field:
                raise ConnectionError("the answer's head has no end")
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
