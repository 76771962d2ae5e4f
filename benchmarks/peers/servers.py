"""Start a server, wait until it answers, stop it and all that it started."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds for a server to start
POLL = 0.005
LAST = 6  # lines of a server's own words that tell why it ended
JSON = {"Content-Type": "application/json"}


class NotServing(Exception):
    """A server ended or gave no 200; the message is the last that it said."""


class Server:
    """A server on a free port, in a process group of its own: Ctrl-C is for us to handle."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, **environment: str) -> None:
        """Take a command in which {port} stands for the port."""
        self.name = name
        self.port = _free_port()
        self._log = folder / f"{name.replace(' ', '_')}.log"
        self._begun = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [word.replace("{port}", str(self.port)) for word in command],
                cwd=folder,
                env=_environment(folder, environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, path: str, body: bytes) -> tuple[float, bytes]:
        """Return the seconds from exec to the first 200, and what it said."""
        until = self._begun + PATIENCE
        while self._process.poll() is None and time.perf_counter() < until:
            with suppress(OSError, http.client.HTTPException), closing(self.connect()) as client:
                status, answer = post(client, path, body)
                if status == 200:
                    return time.perf_counter() - self._begun, answer
            time.sleep(POLL)
        raise NotServing(self._last_words())

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that is kept between requests."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def workers(self) -> list[int]:
        """Return the processes that gunicorn's master started."""
        pid = self._process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
        return [int(child) for child in found.split()]

    def stop(self) -> None:
        """End the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([line for line in lines if line.strip()][-LAST:]) or "it said nothing"


def post(client: http.client.HTTPConnection, path: str, body: bytes) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    client.request("POST", path, body, JSON)
    response = client.getresponse()
    return response.status, response.read()


def memory(pid: int) -> dict[str, float]:
    """Return what a process holds in memory, in MB: all of it, and its share of what is shared."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return {name: int(sizes[name]) * 1024 / 1e6 for name in ("Rss", "Pss")}


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, its own and the system's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _environment(folder: Path, own: Mapping[str, Any]) -> dict[str, str]:
    """Leave out the caller's settings of the service: they would change what is measured."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LAPIDARY_") and name != "DATABASE_URL"
    }
    paths = [str(folder), *filter(None, [kept.get("PYTHONPATH")])]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), **one_thread, **own}


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
