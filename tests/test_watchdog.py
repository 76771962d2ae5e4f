from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.watchdog import guarding

PATIENCE = 30.0  # seconds to wait for what should take one
RUN = """
import sys, time
from tests.watchdog import guarding
with guarding(f"touch '{sys.argv[1]}'"):
    print("ready", flush=True)
    time.sleep(60)
"""
SERVE = """
import time
from tests.app import postgres
with postgres.running() as server:
    print(server.folder, flush=True)
    time.sleep(60)
"""


def start(code: str, root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=root, stdout=subprocess.PIPE, text=True
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_command_is_run_when_the_process_is_killed(
    number: int, root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "it's gone"
    name = str(file).replace("'", "'\\''")
    with start(RUN, root, name) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not file.exists()
        process.send_signal(number)
        wait_until(file.exists)


def test_the_command_is_not_run_after_the_block(tmp_path: Path) -> None:
    file = tmp_path / "gone"
    with pytest.raises(LookupError), guarding(f"touch '{file}'"):
        raise LookupError
    assert not file.exists()


def test_a_killed_run_leaves_no_server_of_postgresql(root: Path) -> None:
    pytest.importorskip("psycopg")
    with start(SERVE, root) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip() or pytest.skip("no PostgreSQL server here"))
        number = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        process.kill()
        wait_until(lambda: not folder.exists() and not is_running(number))
