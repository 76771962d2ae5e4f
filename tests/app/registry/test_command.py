"""python -m app models, called here and as a process, beside a service that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app import __main__ as command_line
from app.registry import store as version_store
from src.support.errors import UserError
from tests.app import project
from tests.app.labels import truths
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
        command_line.run(["models", *words])
        return capsys.readouterr().out

    return run


def serving(service: Service) -> int:
    service.look()
    number: int = service.predict().json["model"]["version"]
    return number


def test_promote_and_rollback_reach_a_service_that_runs(run: Run, service: Service) -> None:
    assert "serves from now on" in run("promote", "stones", "2", "--why", "a trial")
    assert serving(service) == 2
    assert "Version 1" in run("rollback", "stones", "--why", "too dear")
    assert serving(service) == 1
    events = service.ask("/v1/stones/models").json["events"]
    assert [(one["kind"], one["number"], one["why"]) for one in events] == [
        ("rollback", 1, "too dear"),
        ("promote", 2, "a trial"),
        ("pipeline", 1, "best mae"),
    ]
    assert all(one["by"] for one in events)


def test_what_serves_already_is_not_promoted_again(run: Run, service: Service) -> None:
    assert "serves already" in run("promote", "stones", "1")
    assert len(version_store.events(service.database, "stones")) == 1


def test_the_list_marks_who_serves(run: Run) -> None:
    lines = [line for line in run("list", "stones").splitlines() if "linear" in line]
    assert len(lines) == 1
    assert "*" in lines[0]
    assert "xgboost" in run("list", "stones")


def test_the_list_marks_who_waits_for_a_person(run: Run, service: Service) -> None:
    version = version_store.get(service.database, "stones", 2)
    version_store.wait(service.database, version, by="training 7", why="it changes much")
    (line,) = [one for one in run("list", "stones").splitlines() if " xgboost " in one]
    assert "waits" in line
    run("promote", "stones", "2")
    assert "waits" not in run("list", "stones")


def test_what_does_not_load_is_not_announced(run: Run, service: Service, tmp_path: Path) -> None:
    second = version_store.get(service.database, "stones", 2)
    project.damage(second.path(tmp_path / "var") / "member0.ubj")
    with pytest.raises(UserError, match="damaged"):
        run("promote", "stones", "2")
    assert version_store.champions(service.database)["stones"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["promote", "stones", "9"], "no such version"),
        (["promote", "stones", "0"], "no such version"),
        (["promote", "nothing", "1"], "no such version"),
        (["rollback", "stones"], "has served before"),
        (["list", "nothing"], "No version"),
    ],
)
def test_a_wrong_value_changes_nothing(
    run: Run, service: Service, words: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        run(*words)
    assert version_store.champions(service.database)["stones"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["promote", "stones"], "version"),
        (["promote", "stones", "x"], "'x'"),
        (["demote", "stones"], "'demote'"),
        (["override", "stones", "2"], "--why"),
    ],
)
def test_a_wrong_word_changes_nothing(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert version_store.champions(service.database)["stones"] == 1


def test_as_a_process_it_says_what_it_did(
    service: Service, environ: dict[str, str], root: Path
) -> None:
    def start(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app", "models", *words],
            env={**os.environ, **environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )

    done = start("promote", "stones", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert serving(service) == 2
    wrong = start("promote", "stones", "9")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("Error: ")


def test_a_version_that_fails_the_gate_is_promoted_only_by_an_override(
    run: Run, service: Service
) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    words = ("promote", "stones", "2")
    with pytest.raises(UserError, match="is above 500"):
        run(*words)
    with pytest.raises(UserError, match="needs a reason"):
        run(*words, "--override")
    assert serving(service) == 1
    assert "serves from now on" in run(*words, "--override", "--why", "no better one")
    assert serving(service) == 2
    run("promote", "stones", "1")
    assert "Version 2" in run("rollback", "stones"), "it was let through for good"
    kinds = [kind for kind, _ in truths.kinds(service.database)]
    assert kinds == ["pipeline", "override", "promote", "promote", "rollback"]


def test_an_override_lets_it_be_asked_for_and_promotes_nothing(run: Run, service: Service) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    with pytest.raises(UserError, match="why"):
        run("override", "stones", "2", "--why", "")
    with pytest.raises(UserError, match="no such version"):
        run("override", "stones", "9", "--why", "x")
    said = run("override", "stones", "2", "--why", "to compare")
    assert "Version 2 of 'stones' may be asked for" in said
    assert serving(service) == 1
    assert service.predict(params={"version": 2}).json["model"]["version"] == 2
    event = service.ask("/v1/stones/models").json["events"][0]
    assert (event["kind"], event["number"], event["why"]) == ("override", 2, "to compare")
    assert event["by"]


def test_the_list_tells_who_passes_the_gate(run: Run) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    lines = run("list", "stones").splitlines()
    assert any("linear" in line and "passed" in line for line in lines)
    assert any("xgboost" in line and "mae 1985.08 is above 500" in line for line in lines)
