"""The container's health check says what /readyz says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

READY = Path(__file__).parents[2] / "container/ready.py"


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Answer /readyz with a status; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b"because")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def check(port: int) -> tuple[int, str]:
    environment = {**os.environ, "LAPIDARY_BIND": f"0.0.0.0:{port}"}
    words = [sys.executable, "-I", str(READY)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (302, 1)])
def test_only_200_is_healthy_and_the_reason_is_shown(status: int, code: int) -> None:
    with answering(status) as port:
        assert check(port) == (code, "because\n")


def test_nobody_there_is_not_healthy() -> None:
    with answering(200) as port:
        pass
    code, said = check(port)
    assert code == 1
    assert said.startswith(f"no answer on port {port}: ConnectionRefusedError")
