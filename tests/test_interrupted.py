"""Stopping a search: what is done is kept, and it goes on from there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SEARCH = [
    *("dataset=stones", "model=ridge", "search=optuna", "search.jobs=1"),
    "search.trials=4000",
]


def start(project: Path, root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "src.train", *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background may not hear Ctrl-C, nor what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_trials(project: Path) -> Path:
    """Wait until a study has some trials; return its run's folder."""
    for _ in range(600):
        for study in project.glob("runs/stones/*/study.journal"):
            if study.read_text().count('"op_code": 6') > 10 or study.stat().st_size > 20_000:
                return study.parent
        time.sleep(0.1)
    raise AssertionError("the search never began")


def ended(folder: Path) -> int:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    study = optuna.load_study(study_name="search", storage=storage)
    return sum(trial.state.is_finished() and trial.value is not None for trial in study.trials)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_search_keeps_its_trials_and_goes_on(
    project: Path, root: Path, number: signal.Signals
) -> None:
    running = start(project, root, *SEARCH)
    folder = wait_for_trials(project)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    kept = ended(folder)
    assert kept > 0
    assert not (folder / "bundle").exists()
    assert "Traceback" not in err
    if number == signal.SIGINT:
        assert running.returncode == 130
        command = re.search(r"continue_from=(\S+)", err)
        assert command is not None
        assert project / command[1] == folder

    history = subprocess.run(
        [sys.executable, "-m", "src.history", "dataset=stones", "--json"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [entry["state"] for entry in json.loads(history.stdout)] == ["stopped"]

    again = start(project, root, f"continue_from={folder}", f"search.trials={kept + 5}")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    trials = (folder / "bundle/trials.csv").read_text().splitlines()
    assert len(trials) - 1 >= kept + 5
    third = start(project, root, f"continue_from={folder}")
    _, err = third.communicate(timeout=60)
    assert third.returncode == 1
    assert "finished" in err


def test_changed_data_is_not_mixed_into_a_stopped_search(project: Path, root: Path) -> None:
    running = start(project, root, *SEARCH)
    folder = wait_for_trials(project)
    running.kill()
    running.communicate(timeout=60)
    with (project / "data/stones.csv").open("a") as file:
        file.write("9.9,3,Ideal,999\n")
    again = start(project, root, f"continue_from={folder}")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 1
    assert "The data has changed" in err
