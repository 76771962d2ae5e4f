"""python -m app.models, called here and as a process, beside a service that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app import models
from app.store import versions
from src.errors import UserError
from tests.app import project
from tests.app.service import Service

Run = Callable[..., str]


@pytest.fixture
def environ(service: Service) -> dict[str, str]:
    return {"DATABASE_URL": service.settings.url(), "LAPIDARY_VAR": service.settings.var}


@pytest.fixture
def run(
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> str:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["app.models", *words])
        models.main()
        return capsys.readouterr().out

    return run


def serving(service: Service) -> int:
    service.look()
    number: int = service.predict().json["model"]["version"]
    return number


def test_promote_and_rollback_reach_a_service_that_runs(run: Run, service: Service) -> None:
    assert "serves from now on" in run("promote", "dataset=stones", "version=2", "why=a trial")
    assert serving(service) == 2
    assert "Version 1" in run("rollback", "dataset=stones", "why=too dear")
    assert serving(service) == 1
    events = service.ask("/v1/stones/models").json["events"]
    assert [(one["kind"], one["number"], one["why"]) for one in events] == [
        ("rollback", 1, "too dear"),
        ("promote", 2, "a trial"),
        ("pipeline", 1, "best mae"),
    ]
    assert all(one["by"] for one in events)


def test_what_serves_already_is_not_promoted_again(run: Run, service: Service) -> None:
    assert "serves already" in run("promote", "dataset=stones", "version=1")
    assert len(versions.events(service.database, "stones")) == 1


def test_the_list_marks_who_serves(run: Run) -> None:
    lines = [line for line in run("list", "dataset=stones").splitlines() if "linear" in line]
    assert len(lines) == 1
    assert "*" in lines[0]
    assert "xgboost" in run("list", "dataset=stones")


def test_what_does_not_load_is_not_announced(run: Run, service: Service, tmp_path: Path) -> None:
    second = versions.get(service.database, "stones", 2)
    project.damage(second.path(tmp_path / "var") / "member0.ubj")
    with pytest.raises(UserError, match="damaged"):
        run("promote", "dataset=stones", "version=2")
    assert versions.champions(service.database)["stones"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["promote", "dataset=stones", "version=9"], "no such version"),
        (["promote", "dataset=stones", "version=0"], "version"),
        (["promote", "dataset=stones"], "version"),
        (["promote", "dataset=nothing", "version=1"], "no such version"),
        (["rollback", "dataset=stones"], "has served before"),
        (["list", "dataset=nothing"], "No version"),
        (["demote", "dataset=stones"], "demote"),
    ],
)
def test_a_wrong_word_changes_nothing(
    run: Run, service: Service, words: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        run(*words)
    assert versions.champions(service.database)["stones"] == 1


def test_as_a_process_it_says_what_it_did(
    service: Service, environ: dict[str, str], root: Path
) -> None:
    def start(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.models", *words],
            env={**os.environ, **environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )

    done = start("promote", "dataset=stones", "version=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert serving(service) == 2
    wrong = start("promote", "dataset=stones", "version=x")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("Error: ")
