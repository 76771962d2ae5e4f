"""Who starts trainings, how many, and how it is noticed that one died; the jobs are stand-ins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import peewee
import pytest

from app.settings import Settings
from app.trainings import launcher as launchers
from app.trainings import store as training_store
from app.trainings.launcher import Launcher
from app.trainings.workspace import Workspace
from tests.app import project
from tests.app.trainings.jobs import as_environment, ask, is_running, wait_until

STAND_IN = """#!/bin/sh
echo "$@" >> {folder}/words
env >> {folder}/environment
echo "I begin"
echo $$ >> {folder}/pids
exec sleep 300
"""
OF_ITS_OWN = """
import sys
from pathlib import Path
from app import settings as configured
from app.store import database as databases
from app.trainings.launcher import Launcher
settings = configured.read()
database = databases.connect(settings.url(), "process", 5.0, is_made=False)
sys.executable, parent = sys.argv[1:]
launcher = Launcher(database, settings.folder(), 1, int(parent))
launcher.look()
database.close()
print("launched", flush=True)
sys.stdin.read()
"""


class Jobs:
    """What the stand-ins left behind."""

    def __init__(self, folder: Path, var: Path) -> None:
        self.folder = folder
        self.var = var

    def read(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def pids(self) -> list[int]:
        return [int(line) for line in self.read("pids")]

    def wait_for(self, count: int) -> list[int]:
        wait_until(lambda: len(self.pids()) >= count, self.place("none"))
        return self.pids()

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_running(pid), self.place("none"))

    def place(self, number: str) -> Workspace:
        return Workspace(self.var, number)


@pytest.fixture
def jobs(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Start stand-ins in place of trainings."""
    script = tmp_path / "stand-in"
    script.write_text(STAND_IN.format(folder=tmp_path))
    script.chmod(0o700)
    as_environment(monkeypatch, settings)
    monkeypatch.setattr(sys, "executable", str(script))
    return Jobs(tmp_path, settings.folder())


Make = Callable[..., Launcher]


@pytest.fixture
def make(database: peewee.Database, jobs: Jobs) -> Iterator[Make]:
    """Return a function that makes a launcher, and leave nothing behind that it started."""
    made = []

    def launcher(most: int = 1) -> Launcher:
        made.append(Launcher(database, jobs.var, most, os.getpid()))
        return made[-1]

    yield launcher
    for pid in jobs.pids():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for child in (child for launcher in made for child in launcher._children):
        child.kill()
        child.wait()


def states(database: peewee.Database, *numbers: str) -> list[str]:
    return [training_store.find(database, number)["state"] for number in numbers]


def test_the_oldest_start_and_no_more_than_may(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    numbers = [ask(database) for _ in range(4)]
    launcher = make(2)
    for _ in range(3):
        launcher.look()
    assert states(database, *numbers) == ["running", "running", "queued", "queued"]
    pids = jobs.wait_for(2)
    launcher.look()
    assert len(pids) == len(jobs.pids()) == 2, "each is started once"
    assert sorted(jobs.read("words")) == [
        f"-m app.trainings.job {number} {os.getpid()}" for number in numbers[:2]
    ]
    assert jobs.place(numbers[0]).lines() == ["I begin"]


def test_where_none_may_run_none_starts(database: peewee.Database, make: Make) -> None:
    number = ask(database)
    make(0).look()
    assert states(database, number) == ["queued"]


@pytest.mark.usefixtures("serves_only")
def test_where_nothing_trains_what_waits_is_told_so_and_not_begun(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number = ask(database)
    make().look()
    row = training_store.find(database, number)
    assert (row["state"], row["started"]) == ("failed", None)
    assert "answers and does not train" in row["error"]
    assert "'.[train]'" in row["error"]
    assert jobs.pids() == []


def test_a_job_is_a_session_of_its_own_without_the_services_figures(
    database: peewee.Database, make: Make, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/figures")
    ask(database)
    make().look()
    (pid,) = jobs.wait_for(1)
    assert os.getsid(pid) == os.getpgid(pid) == pid
    assert f"LAPIDARY_VAR={jobs.var}" in jobs.read("environment")
    assert not [line for line in jobs.read("environment") if "PROMETHEUS" in line]


def test_one_that_died_is_lost_and_the_next_starts(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    first, second = ask(database), ask(database)
    launcher = make()
    launcher.look()
    (pid,) = jobs.wait_for(1)
    jobs.place(first).work.mkdir()
    jobs.kill(pid)
    launcher.look()
    assert states(database, first, second) == ["lost", "running"]
    row = training_store.find(database, first)
    assert "process ended before the training did" in row["error"]
    assert row["ended"] is not None
    assert not jobs.place(first).work.exists()
    assert jobs.place(first).lines() == ["I begin"], "its log stays"
    assert not Path(f"/proc/{pid}").exists(), "nor is a zombie left"


def test_one_whose_process_lives_is_never_started_again(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number = ask(database)
    handle = jobs.place(number).hold()
    assert handle is not None
    launcher = make()
    launcher.look()
    assert states(database, number) == ["queued"]
    os.close(handle)
    launcher.look()
    assert states(database, number) == ["running"]
    assert len(jobs.wait_for(1)) == 1


def test_another_launcher_takes_over_what_runs(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number, waits = ask(database), ask(database)
    make().look()
    (pid,) = jobs.wait_for(1)
    other = make()
    other.look()
    assert states(database, number, waits) == ["running", "queued"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not jobs.place(number).is_alive(), jobs.place(number))
    other.look()
    assert states(database, number, waits) == ["lost", "running"]


@pytest.mark.slow
def test_a_job_lives_on_when_its_launcher_is_killed(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number = ask(database)
    words = [str(Path(sys.prefix) / "bin" / "python"), "-c", OF_ITS_OWN]
    launcher = subprocess.Popen(
        [*words, sys.executable, str(os.getpid())],
        cwd=project.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == b"launched\n"
    (pid,) = jobs.wait_for(1)
    launcher.kill()
    launcher.communicate()
    other = make()
    for _ in range(3):
        other.look()
    assert states(database, number) == ["running"]
    assert is_running(pid)
    assert len(jobs.pids()) == 1
    jobs.kill(pid)
    other.look()
    assert states(database, number) == ["lost"]


def test_one_that_was_cancelled_keeps_its_place_until_its_process_is_gone(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    first, second = ask(database), ask(database)
    launcher = make()
    launcher.look()
    (pid,) = jobs.wait_for(1)
    jobs.place(first).work.mkdir()
    training_store.cancel(database, first, "me")
    launcher.look()
    assert states(database, first, second) == ["cancelled", "queued"]
    assert jobs.place(first).work.exists(), "it may be writing still"
    jobs.kill(pid)
    launcher.look()
    assert states(database, first, second) == ["cancelled", "running"]
    assert not jobs.place(first).work.exists()


def test_one_that_was_cancelled_and_stands_still_is_killed_and_the_next_starts(
    database: peewee.Database, make: Make, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(database), ask(database)
    make().look()
    (pid,) = jobs.wait_for(1)
    os.kill(pid, signal.SIGSTOP)
    assert training_store.cancel(database, first, "me")
    other = make()  # the worker that started it is gone
    other.look()
    assert is_running(pid), "it may end by itself"
    monkeypatch.setattr(launchers, "GRACE", 0.0)
    other.look()
    wait_until(lambda: not is_running(pid), jobs.place(first))
    other.look()
    assert states(database, first, second) == ["cancelled", "running"]


def test_one_that_stands_still_is_lost_after_a_pause_and_one_that_goes_on_is_not(
    database: peewee.Database, make: Make, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(database), ask(database)
    launcher = make()
    launcher.look()
    (pid,) = jobs.wait_for(1)
    place = jobs.place(first)
    os.kill(pid, signal.SIGSTOP)
    wait_until(place.is_stopped, place)
    launcher.look()
    assert states(database, first, second) == ["running", "queued"]
    monkeypatch.setattr(launchers, "PAUSE", 0.0)
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: not place.is_stopped(), place)
    launcher.look()
    assert (states(database, first), is_running(pid)) == (["running"], True)
    os.kill(pid, signal.SIGSTOP)
    wait_until(place.is_stopped, place)
    launcher.look()
    wait_until(lambda: not is_running(pid), place)
    launcher.look()
    assert states(database, first, second) == ["lost", "running"]
    assert "stopped by a signal" in training_store.find(database, first)["error"]


def test_what_an_earlier_service_left_half_made_is_removed(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number, done = ask(database), ask(database)
    training_store.claim(database, number, 1)
    training_store.claim(database, done, 2)
    training_store.end(database, done, "done")
    for one in (number, done, "strange"):
        (jobs.place(one).work / "bundle").mkdir(parents=True)
    make(0).look()
    assert states(database, number, done) == ["lost", "done"]
    for one in (number, done, "strange"):
        assert not jobs.place(one).work.exists()


def test_one_that_is_lost_without_a_folder_is_lost(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number = ask(database)
    training_store.claim(database, number, 1)
    make().look()
    assert states(database, number) == ["lost"]
    assert not jobs.place(number).path.exists()


def test_where_nothing_can_be_written_it_has_failed_with_the_reason(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number, running = ask(database), ask(database)
    training_store.claim(database, running, 1)
    jobs.var.mkdir()
    (jobs.var / "trainings").write_text("in the way")
    make().look()
    assert states(database, number, running) == ["failed", "lost"]
    error = training_store.find(database, number)["error"]
    assert "could not be started" in error
    assert str(jobs.var / "trainings") in error


def test_where_no_process_can_be_started_it_has_failed(
    database: peewee.Database, make: Make, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(jobs.folder / "nothing"))
    numbers = [ask(database), ask(database)]
    launcher = make()
    launcher.look()
    launcher.look()
    assert states(database, *numbers) == ["failed", "failed"]
    assert "could not be started" in training_store.find(database, numbers[0])["error"]
    assert not jobs.place(numbers[0]).is_alive()


def test_of_two_launchers_at_once_one_starts_it(
    database: peewee.Database, make: Make, jobs: Jobs
) -> None:
    number = ask(database)
    gate = threading.Barrier(4)

    def run() -> None:
        launcher = make(4)
        gate.wait(30)
        with suppress(peewee.OperationalError):  # busy: at its next look
            launcher.look()
        database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(database, number) == ["running"]
    assert len(jobs.wait_for(1)) == 1
