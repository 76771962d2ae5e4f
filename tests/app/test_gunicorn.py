"""The service as it is run: started, asked, looked at, stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from src.support import interpreter
from tests.app import project
from tests.app.server import PATIENCE, Server, running

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent


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
    text = server.log.read_text()
    assert "Traceback" not in text
    assert text.count(interpreter.SLOWER) == (0 if interpreter.is_optimised() else 1)


# What is deleted can still be looked at: labels leave tombstones, trainings their history.
GONE = "use_after_free"
PHASES = {
    "each for itself": ["--phases", "examples,coverage"],
    # The routes of `ghosts` are those of `debts`: what is drawn at random is drawn for one of them.
    "at random": [
        *("--phases", "fuzzing", "--max-examples", "15"),
        *("--exclude-path-regex", "^/v1/ghosts/"),
    ],
    # The paths that the document's links lead to, of two datasets: others are as these.
    "one after the other": [
        *("--phases", "stateful", "--max-examples", "25"),
        *("--include-path-regex", "^/v1/(stones|debts)/(predictions|labels|uploads|trainings)"),
    ],
}


@pytest.fixture(scope="module")
def learnt(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the var/ of a service that has learnt and was stopped; it is to be copied."""
    folder = tmp_path_factory.mktemp("learnt")
    home, var = folder / "home", folder / "var"
    project.copy(trained, home)
    with contextlib.chdir(home), running(home, var, workers="1") as server:
        learn(server)
    return var


@pytest.mark.parametrize("words", PHASES.values(), ids=PHASES)
def test_every_route_keeps_to_its_description(
    home: Path, learnt: Path, tmp_path: Path, words: list[str]
) -> None:
    """Schemathesis: all checks but one, all phases."""
    shutil.copytree(learnt, tmp_path / "var")
    with running(home, tmp_path / "var", workers="1") as server:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).with_name("st")), "--config-file"),
                *(str(HERE / "schemathesis.toml"), "run"),
                f"http://127.0.0.1:{server.port}/openapi.json",
                *("--checks", "all", "--exclude-checks", GONE),
                *("--seed", "1", "--no-color"),
                *words,
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
        )
        assert done.returncode == 0, done.stdout[-9000:] + done.stderr[-2000:]
        assert "Traceback" not in server.log.read_text()


def learn(server: Server) -> None:
    """Post labels of every dataset and train on them, so that there is something to answer."""
    for name in ("stones", "debts", "notes", "ghosts"):
        rows = Path(f"data/{'debts' if name == 'ghosts' else name}.csv").read_bytes()
        posted = server.ask("POST", f"/v1/{name}/labels", rows, media="text/csv")
        assert posted[1]["refused"] == 0
        training = {"model": "linear" if name == "stones" else "dummy", "use": "labels"}
        status, asked = server.ask("POST", f"/v1/{name}/trainings", training)
        assert status == 202
        path = f"/v1/{name}/trainings/{asked['id']}"
        ended = partial(has_ended, server, path)
        server.wait_until(ended, f"{name} is trained")
        assert server.ask("GET", path)[1]["state"] == "done"


def has_ended(server: Server, path: str) -> bool:
    return server.ask("GET", path)[1]["state"] not in ("queued", "running")
