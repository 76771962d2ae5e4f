"""Run an image as an engine does with --read-only, --cap-drop=ALL and no-new-privileges."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.container.chroots import Bind, Cell, end, first_process
from tests.container.image import NAMES, Image


@dataclass
class Container:
    """An image with its volume, and what runs in it; the network is the machine's own."""

    image: Image
    volume: Path
    binds: Sequence[Bind] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("0.0.0.0", 0))
            self.port = free.getsockname()[1]
        [inside] = self.image.volumes
        if not self.volume.exists():
            # A new volume begins as what the image has in its place, with its owner and rights.
            origin = str(self.image.inside(inside))
            subprocess.run(["cp", "--archive", origin, str(self.volume)], check=True)
        volume = Bind(self.volume, inside, is_writable=True)
        self._cell = Cell(self.image.root, [*NAMES, volume, *self.binds])
        self.log = self.volume.with_name(f"{self.volume.name}-{self.port}.log")
        self._environment = {
            **self.image.environment,
            "LAPIDARY_BIND": f"0.0.0.0:{self.port}",
            **self.environment,
        }

    def start(self) -> None:
        """Start the image's own command."""
        with self.log.open("wb") as out:
            self.process = self._start(self.image.command, out)

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command beside it, as `docker run` or `docker exec` would."""
        started = self._start(words, subprocess.PIPE)
        try:
            said, _ = started.communicate(timeout=60)
        finally:
            end(started)
        return started.returncode, said.decode(errors="replace")

    def _start(self, words: Sequence[str], out: Any) -> subprocess.Popen[bytes]:
        image = self.image
        return self._cell.start(words, self._environment, image.folder, image.user, out)

    def wait_until_healthy(self, patience: float) -> float:
        """Run the image's health check until it succeeds; return the seconds that it took."""
        began = time.monotonic()
        while time.monotonic() < began + patience:
            status, said = self.run(*self.image.check)
            if status == 0:
                return time.monotonic() - began
            assert self.process.poll() is None, f"it ended:\n{self.log.read_text()}"
            time.sleep(0.2)
        raise AssertionError(f"not healthy: {said}\n{self.log.read_text()[-3000:]}")

    def ask(
        self, method: str, path: str, document: Any = None, host: str = "127.0.0.1", **headers: str
    ) -> tuple[int, Any]:
        """Ask it over the network; return the status and the JSON."""
        with closing(http.client.HTTPConnection(host, self.port, timeout=30)) as connection:
            body = None if document is None else json.dumps(document)
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def stop(self, patience: float) -> int:
        """Send the image's stop signal to its first process; return how it ended."""
        os.kill(first_process(self.process), signal.Signals[self.image.stop])
        return self.process.wait(patience)

    def kill(self) -> None:
        """End whatever is left of it."""
        end(self.process)


def own_address() -> str:
    """Return an address of this machine that is not its loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
