"""What an answered request is worth when processes are killed, the disk is full, the file is gone.

In every case: what was answered with 200 is in the database, and the service recovers by itself.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import database as databases
from app.store.tables import Prediction
from tests.app.postgres import Server as Postgres
from tests.app.server import PATIENCE, ROOT, Load, Server, running

pytestmark = pytest.mark.slow

PATH = "/v1/stones/predictions"
HASTE = 5.0  # seconds, of which it takes a hundredth; what is waited for takes ten and more


def example(server: Server) -> dict:
    return server.ask("GET", "/v1/stones")[1]["example"]


def stored(path: Path) -> set[str]:
    database = databases.connect(f"sqlite://{path}", "process", PATIENCE)
    try:
        assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {number for (number,) in Prediction.select(Prediction.id).tuples().execute(database)}
    finally:
        database.close()


def test_no_answer_is_lost_when_workers_are_killed(home: Path, tmp_path: Path) -> None:
    """Fifty times kill -9 of a random worker, under load from eight clients."""
    chance = random.Random(0)
    with running(home, tmp_path / "var", workers="2") as server:
        load = Load(server, PATH, example(server))
        with load.by(8):
            for _ in range(50):
                server.wait_until(lambda: len(server.workers()) == 2, "two workers")
                time.sleep(chance.uniform(0.05, 0.4))
                os.kill(chance.choice(server.workers()), signal.SIGKILL)
            server.wait_until(server.is_ready, "ready again")
            server.wait_until(lambda: load.statuses[200] > 500, "five hundred answers")
        assert set(load.statuses) == {200}
        assert load.broken > 0  # clients felt it: the test is one
        assert set(load.answered) <= stored(server.database)


def test_workers_whose_master_was_killed_let_go_of_the_port(home: Path, tmp_path: Path) -> None:
    """Though somebody is still sending, whom one that stops waits for."""
    with running(home, tmp_path / "var", workers="2") as server, contextlib.ExitStack() as slow:
        for _ in range(8):
            client = slow.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(b"POST /v1/stones/predictions HTTP/1.1\r\nHost: here\r\n")
        workers = server.workers()
        killed = time.monotonic()
        server.process.kill()
        server.process.wait()
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

            def is_bound() -> bool:
                with contextlib.suppress(OSError):
                    free.bind(("127.0.0.1", server.port))
                    return True
                return False

            server.wait_until(is_bound, "the port is free")
            assert time.monotonic() - killed < HASTE
        slow.close()
        gone = lambda: not any(Path(f"/proc/{number}").exists() for number in workers)  # noqa: E731
        server.wait_until(gone, "the workers are gone")


# Successors that take longer to start than a client waits for an answer.
SLOW_START = f"""
import time
exec(open({str(ROOT / "gunicorn.conf.py")!r}).read())
_init = post_worker_init

def post_worker_init(worker):
    if worker.age > workers:
        time.sleep({HASTE + 1})
    _init(worker)
"""


def test_a_reload_leaves_nobody_without_an_answer(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "slow.py"
    config.write_text(SLOW_START)
    with running(home, tmp_path / "var", config=config, workers="2") as server:
        load = Load(server, PATH, example(server))
        before = set(server.workers())
        with load.by(4):
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: len(server.workers()) == 4, "successors are started")
            until = time.monotonic() + PATIENCE
            while len(server.workers()) > 2:
                assert time.monotonic() < until, "its predecessors stay"
                assert server.ask("GET", "/healthz", timeout=HASTE)[0] == 200
            server.wait_until(lambda: not before & set(server.workers()), "they took over")
            during = len(load.answered)
            server.wait_until(lambda: len(load.answered) > during + 20, "they answer")
        assert (set(load.statuses), load.broken) == ({200}, 0)
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(PATIENCE)
        assert time.monotonic() - stopped < 2 * HASTE, "a stop after a reload waits for nobody"


LOCK = """
import sys, time
from app.store import database as databases
database = databases.connect("sqlite://" + sys.argv[1], "process", 20.0)
with databases.exclusive(database):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_locked_database_is_waited_for_then_refused_and_comes_back(
    home: Path, tmp_path: Path
) -> None:
    with running(home, tmp_path / "var", workers="2", wait="1") as server:
        load = Load(server, PATH, example(server))
        with load.by(4):
            server.wait_until(lambda: 200 in load.statuses, "answers")
            other = subprocess.Popen(
                [sys.executable, "-c", LOCK, str(server.database), "10"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
            )
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            before = len(load.answered)
            time.sleep(5)
            # Those on their way when it was locked; none since.
            assert len(load.answered) - before <= 4
            assert load.statuses[503] > 0
            assert server.ask("GET", "/healthz")[0] == 200
            other.wait(PATIENCE)
            other.stdout.close()
            after = len(load.answered)
            server.wait_until(lambda: len(load.answered) > after + 20, "answers again")
        assert set(load.statuses) == {200, 503}
        assert load.broken == 0
        assert set(load.answered) <= stored(server.database)


def test_a_server_that_is_frozen_is_given_up_and_used_when_it_wakes(
    home: Path,
    tmp_path: Path,
    postgres: Postgres,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its sockets stay open, and the system acknowledges what they are sent: no timeout ends."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    with running(home, tmp_path / "var", workers="2", wait="1") as server:
        load = Load(server, PATH, example(server))
        with load.by(4):
            server.wait_until(lambda: 200 in load.statuses, "answers")
            with postgres.frozen():
                server.wait_until(lambda: load.statuses.get(503, 0) > 4, "refusals")
                before = len(load.answered)
                assert server.ask("GET", "/healthz")[0] == 200
                status, document = server.ask("GET", "/readyz")
                assert (status, document["database"]["ok"]) == (503, False)
                assert len(load.answered) == before
            server.wait_until(server.is_ready, "ready again")
            server.wait_until(lambda: len(load.answered) > before + 20, "answers again")
        assert set(load.statuses) == {200, 503}
        assert load.broken == 0
    with contextlib.closing(databases.connect(postgres_url, "process", PATIENCE)) as database:
        rows = Prediction.select(Prediction.id).tuples().execute(database)
        assert set(load.answered) <= {number for (number,) in rows}


def test_a_file_that_was_moved_away_is_noticed_and_found_again(home: Path, tmp_path: Path) -> None:
    with running(home, tmp_path / "var", workers="2", wait="1") as server:
        load = Load(server, PATH, example(server))
        away = tmp_path / "away"
        away.mkdir()
        with load.by(4):
            server.wait_until(lambda: len(load.answered) > 20, "answers")
            for name in ("lapidary.db", "lapidary.db-wal", "lapidary.db-shm"):
                (server.database.parent / name).rename(away / name)
            server.wait_until(lambda: 503 in load.statuses, "it is noticed")
            time.sleep(1)
            during = len(load.answered)
            time.sleep(1)
            assert len(load.answered) == during
            status, document = server.ask("GET", "/readyz")
            assert status == 503
            assert not document["database"]["ok"]
            for name in ("lapidary.db-shm", "lapidary.db-wal", "lapidary.db"):
                (away / name).rename(server.database.parent / name)
            server.wait_until(lambda: len(load.answered) > during + 20, "answers again")
        assert set(load.statuses) == {200, 503}
        assert set(load.answered) <= stored(server.database)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 24 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(words, check=False).returncode:
        pytest.skip("a tmpfs can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"0" * 65_536)


def test_a_full_disk_refuses_and_room_brings_it_back(home: Path, small_disk: Path) -> None:
    with running(home, small_disk / "var", workers="2", wait="1") as server:
        load = Load(server, PATH, example(server))
        filler = small_disk / "filler"
        with load.by(4):
            server.wait_until(lambda: len(load.answered) > 20, "answers")
            fill(filler)
            server.wait_until(lambda: 503 in load.statuses, "it is refused")
            server.wait_until(lambda: not server.is_ready(), "that is said")
            filler.unlink()
            server.wait_until(server.is_ready, "ready again")
            during = len(load.answered)
            server.wait_until(lambda: len(load.answered) > during + 20, "answers again")
        assert set(load.statuses) == {200, 503}
        assert set(load.answered) <= stored(server.database)


def test_another_champion_serves_within_a_second_without_a_failed_request(
    home: Path, tmp_path: Path
) -> None:
    with running(home, tmp_path / "var", workers="2") as server:
        load = Load(server, PATH, example(server))
        environment = {**os.environ, "LAPIDARY_VAR": str(tmp_path / "var"), "PYTHONPATH": str(ROOT)}
        with load.by(4):
            for version in (1, 2, 1, 2):
                words = ["promote", "stones", str(version)]
                subprocess.run(
                    [sys.executable, "-m", "app", "models", *words],
                    cwd=home,
                    env=environment,
                    check=True,
                    capture_output=True,
                )
                time.sleep(1)
                record = example(server)
                versions = {
                    server.ask("POST", PATH, record)[1]["model"]["version"] for _ in range(20)
                }
                assert versions == {version}
        assert set(load.statuses) == {200}
        assert load.broken == 0
