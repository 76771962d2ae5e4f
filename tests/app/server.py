"""The service as it is run: gunicorn with the project's own settings, in processes of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.watchdog import guarding

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds to wait for what should take one


@dataclass
class Server:
    """A running service and what a test asks of it."""

    port: int
    process: subprocess.Popen[bytes]
    database: Path
    log: Path

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        timeout: float = PATIENCE,
        media: str = "application/json",
        **headers: str,
    ) -> tuple[int, Any]:
        """Ask over a new connection, with JSON or bytes; return the status and the JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            is_plain = document is None or isinstance(document, bytes)
            body = document if is_plain else json.dumps(document)
            connection.request(method, path, body, {"Content-Type": media, **headers})
            response = connection.getresponse()
            text = response.read()
            is_json = "json" in (response.getheader("Content-Type") or "")
            return response.status, json.loads(text) if is_json else text
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in path.read_text().split()]

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for something to become true."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                if is_so():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {PATIENCE:g} s: {what}\n{self.log.read_text()[-3000:]}")

    def is_ready(self) -> bool:
        return self.ask("GET", "/readyz")[0] == 200


@contextmanager
def running(
    home: Path, var: Path, *, config: Path = ROOT / "gunicorn.conf.py", **settings: str
) -> Iterator[Server]:
    """Run the service in a folder; LAPIDARY_* by name in lower case."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = var.parent / f"{var.name}.log"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LAPIDARY_VAR": str(var),
        "LAPIDARY_BIND": f"127.0.0.1:{port}",
        "LAPIDARY_DISK_FLOOR": "0",
        **{f"LAPIDARY_{name.upper()}": value for name, value in settings.items()},
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(config), "app:api"],
            cwd=home,
            env=environment,
            stdout=out,
            stderr=out,
        )
    server = Server(port, process, var / "lapidary.db", log)
    try:
        with guarding(f"kill {process.pid}"):
            server.wait_until(server.is_ready, "the service is ready")
            yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Load:
    """Clients that ask without a pause, and remember every answer."""

    server: Server
    path: str
    document: Any
    answered: list[str] = field(default_factory=list)  # ids
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0  # connections that ended without an answer

    @contextmanager
    def by(self, clients: int) -> Iterator[Load]:
        """Ask while the block runs."""
        self._stop = threading.Event()
        threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive(), "a client waits for ever"

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                self._ask_over_one_connection()
            except (OSError, http.client.HTTPException):
                self.broken += 1

    def _ask_over_one_connection(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        body = json.dumps(self.document)
        try:
            while not self._stop.is_set():
                connection.request("POST", self.path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = json.loads(response.read())
                status = response.status
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status == 200:
                    self.answered.append(answer["id"])
        finally:
            connection.close()
