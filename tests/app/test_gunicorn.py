"""The service as it is run: started, asked, looked at, stopped."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.server import PATIENCE, running

pytestmark = pytest.mark.slow


def test_it_starts_answers_and_stops(home: Path, tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(home, var, workers="2") as server:
        assert server.ask("GET", "/healthz") == (200, {"status": "alive"})
        record = server.ask("GET", "/v1/stones")[1]["example"]
        status, answer = server.ask("POST", "/v1/stones/predictions", record)
        assert status == 200
        assert server.ask("GET", f"/v1/stones/predictions/{answer['id']}")[1]["answer"] == answer
        for _ in range(30):
            server.ask("POST", "/v1/stones/predictions", record)
        text = server.ask("GET", "/metrics")[1].decode()
        # Of both workers together.
        labels = f'dataset="stones",version="{answer["model"]["version"]}"'
        assert f"lapidary_predictions_total{{{labels}}} 31.0" in text
        assert server.ask("GET", "/docs")[0] == 200
        assert stat.S_IMODE(server.database.stat().st_mode) == 0o600
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    assert "Traceback" not in server.log.read_text()


def test_every_route_keeps_to_its_description(home: Path, tmp_path: Path) -> None:
    """Schemathesis: all checks, all phases."""
    with running(home, tmp_path / "var", workers="1") as server:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).with_name("st")), "run"),
                f"http://127.0.0.1:{server.port}/openapi.json",
                *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
                *("--max-examples", "40", "--seed", "1", "--no-color"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert "Traceback" not in server.log.read_text()
