"""A training in a process of its own: from labels to a version, or to an end that is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import store as version_store
from app.settings import Settings
from app.store import database as databases
from app.trainings import job, retries
from app.trainings import run as work
from app.trainings import store as training_store
from app.trainings.launcher import Launcher
from app.trainings.workspace import Workspace
from src.inference import bundle
from src.support.errors import UserError
from tests.app.trainings.jobs import (
    ENDLESS,
    as_environment,
    ask,
    debts,
    ended,
    group,
    is_running,
    label,
    wait_until,
)

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Run:
    """A training that a launcher started, and what a test wants to know of it."""

    def __init__(
        self, database: peewee.Database, settings: Settings, parent: int, **asked: Any
    ) -> None:
        self.database = database
        self.number = ask(database, **asked)
        self.place = Workspace(settings.folder(), self.number)
        self.launcher = Launcher(database, settings.folder(), 1, parent)
        self.launcher.look()
        (self.child,) = self.launcher._children
        self.pid = self.child.pid

    def row(self) -> dict[str, Any]:
        self.database.close()  # it may have been away
        with suppress(peewee.OperationalError):
            return ended(self.database, self.number)
        return {"state": None, "progress": {}}

    def wait_for_stage(self, words: str) -> None:
        """Wait until a stage has made a step."""

        def is_there() -> bool:
            assert self.child.poll() is None, f"it has ended:\n{self.log()}"
            progress = self.row()["progress"]
            return words in progress.get("stage", "") and progress["step"] > 0

        wait_until(is_there, self.place)

    def wait_for_end(self) -> None:
        wait_until(lambda: self.child.poll() is not None, self.place)

    def log(self) -> str:
        return "\n".join(self.place.lines())


Start = Callable[..., Run]


@pytest.fixture
def start(
    home: Path, database: peewee.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Return a function that starts a training; none of them outlives the test."""
    as_environment(monkeypatch, settings)
    made = []

    def run(parent: int | None = None, **asked: Any) -> Run:
        made.append(Run(database, settings, parent or os.getpid(), **asked))
        return made[-1]

    yield run
    for one in made:
        one.child.kill()
        one.child.wait()


@pytest.mark.slow
def test_labels_are_trained_on_in_a_process_of_its_own(
    start: Start, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(300))
    run = start(use="labels", name="the first")
    wait_until(run.place.work.exists, run.place)
    assert os.getpriority(os.PRIO_PROCESS, run.pid) == 19
    assert Path(f"/proc/{run.pid}/oom_score_adj").read_text() == "1000\n"
    run.wait_for_end()
    assert run.child.returncode == 0, run.log()
    row = run.row()
    assert (row["state"], row["error"], row["version"]) == ("done", None, 1), run.log()
    told = row["result"]
    assert told["labels"]["total"] == 300
    assert told["labels"]["train"] + told["labels"]["test"] == 300
    assert sum(told["labels"]["per_class"].values()) == 300
    assert told["confusion"]["true_positives"] > told["confusion"]["false_positives"]
    assert told["gate"]["passed"] is told["promoted"] is True
    assert row["progress"] == {
        "stage": "comparing with the champion",
        "step": 1,
        "of": 1,
        "note": "",
    }
    lines = [line.partition(" INFO training: ")[2] for line in run.place.lines()]
    assert lines[:2] == ["reading (2)", "1 of 2: 300 rows, 300 of them labels"]
    assert lines[-1] == f"version 1 serves from now on: {told['decision']}"
    assert version_store.champions(database) == {"debts": 1}
    path = version_store.get(database, "debts", 1).path(settings.folder())
    assert bundle.load(path).manifest["files"]["snapshot.parquet"] == told["snapshot"]
    assert not run.place.work.exists()
    run.launcher.look()
    assert run.row() == row, "it has ended, and is not lost"


@SQLITE
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_is_killed_is_lost_and_leaves_nothing(
    start: Start, database: peewee.Database, settings: Settings, number: int
) -> None:
    run = start(**ENDLESS)
    run.wait_for_stage("search")
    progress = run.row()["progress"]
    assert progress["of"] == 1000
    assert progress["note"]
    os.kill(run.pid, number)
    run.wait_for_end()
    assert run.row()["state"] == "running", "nobody has looked"
    run.launcher.look()
    row = run.row()
    assert (row["state"], row["version"], row["result"]) == ("lost", None, None)
    assert "ended before the training did" in row["error"]
    assert not run.place.work.exists()
    assert version_store.every(database, "debts") == []
    assert not list(settings.folder().glob("versions/*/*"))


@SQLITE
@pytest.mark.slow
def test_one_that_is_cancelled_ends_with_all_that_it_started(
    start: Start, database: peewee.Database
) -> None:
    run = start(**ENDLESS)
    run.wait_for_stage("search")
    assert group(run.pid)
    training_store.cancel(database, run.number, "me")
    wait_until(lambda: not group(run.pid), run.place)
    run.wait_for_end()
    run.launcher.look()
    row = run.row()
    assert (row["state"], row["error"], row["version"]) == ("cancelled", "cancelled by me", None)
    assert run.place.lines()[-1].endswith(" cancelled")
    assert not run.place.work.exists()


@SQLITE
@pytest.mark.slow
def test_one_does_not_outlive_the_service(start: Start) -> None:
    service = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = start(parent=service.pid, **ENDLESS)
    run.wait_for_stage("search")
    service.kill()
    service.communicate()
    run.wait_for_end()
    row = run.row()
    assert (row["state"], row["version"]) == ("lost", None)
    assert "service was stopped" in row["error"]
    assert not is_running(run.pid)


@contextmanager
def away(request: pytest.FixtureRequest, url: str) -> Iterator[None]:
    """Take the database away: stop the server, or hold the file so that nobody can write."""
    if url.startswith("postgresql"):
        server = request.getfixturevalue("postgres")
        server.stop()
        try:
            yield
        finally:
            server.start()
        return
    other = databases.connect(url, "process", 5.0, is_made=False)
    with closing(other), databases.exclusive(other):
        yield


@pytest.mark.slow
def test_the_work_goes_on_while_the_database_is_away(
    start: Start, database_url: str, request: pytest.FixtureRequest
) -> None:
    run = start(model="xgboost", search="optuna", trials=300)  # longer than looking for it takes
    run.wait_for_stage("search")
    with away(request, database_url):
        wait_until(lambda: "the database cannot be reached" in run.log(), run.place)
        wait_until(lambda: "300 of 300" in run.log() or "cross-validation" in run.log(), run.place)
        assert run.child.poll() is None
    run.wait_for_end()
    row = run.row()
    assert (row["state"], row["version"]) == ("done", 1), run.log()


@pytest.fixture
def attempt(
    home: Path,
    database: peewee.Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., tuple[dict[str, Any], str]]:
    """Return a function that runs a job here, and returns its row and its log."""
    as_environment(monkeypatch, settings)
    monkeypatch.setattr(job, "_step_back", lambda: None)

    def run(**asked: Any) -> tuple[dict[str, Any], str]:
        number = ask(database, **asked)
        training_store.claim(database, number, 99)
        monkeypatch.setattr(sys, "argv", ["app.trainings.job", number, str(os.getpid())])
        job.main()
        assert not Workspace(settings.folder(), number).work.exists()
        return ended(database, number), capfd.readouterr().out + caplog.text

    return run


Attempt = Callable[..., tuple[dict[str, Any], str]]


@SQLITE
def test_too_few_labels_fail_in_words(attempt: Attempt, database: peewee.Database) -> None:
    label(database, debts(5))
    row, log = attempt(use="labels")
    assert (row["state"], row["version"], row["result"]) == ("failed", None, None)
    assert "too few rows to learn from" in row["error"]
    assert "at least 6 training rows" in row["error"]
    assert row["error"] in log
    assert "Traceback" not in log
    assert row["progress"]["stage"]
    assert row["ended"] is not None


@SQLITE
@pytest.mark.parametrize(
    ("error", "said", "logged"),
    [
        (MemoryError(), job.MEMORY, job.MEMORY),
        (ZeroDivisionError("by nought"), job.OURS, "ZeroDivisionError: by nought"),
        (UserError("No.", fix="yes"), "No.\n  do:      yes", "No."),
    ],
)
def test_what_goes_wrong_is_told(
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
    logged: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(work.training, "finish", fail)
    row, log = attempt()
    assert (row["state"], row["error"]) == ("failed", said)
    assert logged in log
    assert ("Traceback" in log) is isinstance(error, ZeroDivisionError)


@SQLITE
def test_where_its_folder_cannot_be_made_it_says_so(attempt: Attempt, settings: Settings) -> None:
    settings.folder().mkdir()
    (settings.folder() / "trainings").write_text("in the way")
    row, _ = attempt()
    assert row["state"] == "failed"
    assert "could not be written" in row["error"]
    assert "work" in row["error"]


@SQLITE
def test_a_version_that_cannot_be_registered_is_a_failure(
    attempt: Attempt, settings: Settings, database: peewee.Database
) -> None:
    settings.folder().mkdir()
    (settings.folder() / "versions").write_text("in the way")
    row, _ = attempt()
    assert (row["state"], row["version"]) == ("failed", None)
    assert "could not be written" in row["error"]
    assert version_store.every(database, "debts") == []


@SQLITE
def test_a_failure_is_told_when_the_database_is_back(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, database: peewee.Database
) -> None:
    monkeypatch.setattr(retries, "EVERY", 0.001)
    end, tried = training_store.end, []

    def away_once(*words: Any, **more: Any) -> bool:
        tried.append(words)
        if len(tried) == 1:
            raise peewee.OperationalError("away")
        return end(*words, **more)

    monkeypatch.setattr(training_store, "end", away_once)
    label(database, debts(5))
    row, _ = attempt(use="labels")
    assert row["state"] == "failed"


@pytest.mark.parametrize("words", [[], ["x"], ["x", "me"], ["x", "1", "model"]])
def test_it_takes_an_id_and_a_parent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.trainings.job", *words])
    with pytest.raises(SystemExit) as ended:
        job.main()
    assert ended.value.code == 2
    assert "usage: python -m app.trainings.job" in capsys.readouterr().err


def test_its_help_says_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.trainings.job", "--help"])
    with pytest.raises(SystemExit) as ended:
        job.main()
    assert ended.value.code == 0
    assert "parent" in capsys.readouterr().out


@SQLITE
@pytest.mark.slow
def test_who_writes_does_not_step_back(start: Start) -> None:
    run = start(**ENDLESS)
    run.wait_for_stage("search")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    threads = [
        os.getpriority(os.PRIO_PROCESS, int(path.name))
        for path in Path(f"/proc/{run.pid}/task").iterdir()
    ]
    assert threads.count(own) == 2, "the pulse and the errands"
    assert set(threads) == {own, 19}


@SQLITE
@pytest.mark.usefixtures("serves_only")
def test_where_nothing_trains_it_fails_in_words(attempt: Attempt) -> None:
    row, log = attempt()
    assert row["state"] == "failed"
    assert "answers and does not train" in row["error"]
    assert "Traceback" not in log
