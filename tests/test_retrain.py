"""Fresh data to a documented candidate. First what is around the pipeline, which is played here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from src import retrain
from src.reporting import verdicts
from src.reporting.changes import Changes
from src.support import processes
from src.support.errors import UserError
from src.support.processes import DVC
from tests import repository
from tests.reporting.made import changes as made

PARAMS: dict[str, Any] = {
    "dataset": "stones",
    "model": "linear",
    "search": "none",
    "seed": 7,
    "folds": 3,
    "datasets": ["stones", "coins"],
    "runs": {
        "stones-linear": {"dataset": "stones", "model": "linear", "plot": "scatter"},
        "by_hand": {"dataset": "coins", "model": "ridge", "plot": "scatter"},
        "another": {"dataset": "stones", "model": "lasso", "plot": "scatter"},
    },
}
IGNORED = "/artifacts/\n/data/\n"
Play = Callable[..., int]


class Dvc:
    """DVC as far as a retraining calls it: it notes what it was asked, and does what is told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.remotes = ""
        self.status = "{}"
        self.fails: set[str] = set()
        self.repro: Callable[[], None] = lambda: None

    def run(self, *command: str, fix: str = "") -> None:
        assert command[:3] == DVC
        words = " ".join(command[3:])
        self.asked.append(words)
        if words in self.fails:
            raise UserError(f"`dvc {words}` stopped with code 1.", given="no such bucket", fix=fix)
        if words == "repro":
            self.repro()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project that is a folder of its repository, as it was committed."""
    project = tmp_path / "outer" / "inner"
    (project / "metrics" / "stones").mkdir(parents=True)
    monkeypatch.chdir(project)
    repository.be_nobody(monkeypatch)
    for name, text in {
        "params.yaml": yaml.safe_dump(PARAMS),
        "conf/config.yaml": "{}",
        "conf/dataset/stones.yaml": "name: stones",
        "src/own.py": "",
        "data/stones.csv": "carat\n1\n",
        "data.dvc": "one",
        "dvc.lock": "one",
        "metrics/stones/linear.json": "{}",
        ".gitignore": IGNORED,
        "../other.txt": "",
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    repository.git("init", "--quiet", "..")
    repository.commit("..")
    return project


@pytest.fixture
def dvc(monkeypatch: pytest.MonkeyPatch) -> Dvc:
    dvc, real = Dvc(), processes.output

    def output(*command: str, **named: str) -> str:
        told = {"remote list": dvc.remotes, "data status --json": dvc.status}
        words = " ".join(command[3:]) if command[:3] == DVC else ""
        return told[words] if words else real(*command, **named)

    monkeypatch.setattr(processes, "run", dvc.run)
    monkeypatch.setattr(processes, "output", output)
    return dvc


@pytest.fixture
def play(project: Path, dvc: Dvc, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return a function that retrains, the verdict on each dataset being what it is told."""

    def play(*, commit: bool = False, **words: str) -> int:
        def found(name: str, runs: dict[str, str], *_: object) -> Changes:
            told = {"stones": {"linear", "lasso"}, "coins": {"ridge"}}
            assert set(runs.values()) == told[name]
            return made(name, words.get(name, verdicts.UNCHANGED), models=[])

        def repro() -> None:
            Path("dvc.lock").write_text("two")
            Path("metrics/stones/linear.json").write_text('{"mae": 1}')
            Path("metrics/stones/lasso.json").write_text("{}")

        dvc.repro = repro
        monkeypatch.setattr("src.reporting.changes.changes", found)
        return retrain.retrain(commit=commit)

    return play


def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("artifacts/report.json").read_text())
    return found


def head() -> str:
    return repository.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("stones", "coins", "code"),
    [
        (verdicts.UNCHANGED, verdicts.UNCHANGED, 3),
        (verdicts.LEVEL, verdicts.UNCHANGED, 0),
        (verdicts.UNCHANGED, verdicts.BETTER, 0),
        (verdicts.WORSE, verdicts.BETTER, 4),
        (verdicts.BETTER, verdicts.REFUSED, 5),
    ],
)
def test_the_exit_code_is_that_of_the_worst(play: Play, stones: str, coins: str, code: int) -> None:
    before = head()
    assert play(stones=stones, coins=coins) == code
    report = Path("artifacts/report.md").read_text()
    assert report.startswith(f"# Retraining: {verdicts.overall([stones, coins])}\n")
    assert told()["commit"] == before == head()  # nothing is committed unasked
    assert told()["datasets"]["coins"]["verdict"] == coins


def test_every_verdict_has_an_exit_code_that_the_help_explains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(retrain.CODES) == set(verdicts.WORDS)
    monkeypatch.setattr(sys, "argv", ["retrain", "--help"])
    with pytest.raises(SystemExit, match="0"):
        retrain.main()
    said = capsys.readouterr().out
    for code in {*retrain.CODES.values(), 1}:
        assert f"\n  {code}  " in said
    assert "{" not in said


@pytest.mark.parametrize("words", [["--commited"], ["dataset=stones"], ["commit"]])
def test_words_that_it_does_not_know_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["retrain", *words])
    with pytest.raises(SystemExit, match="2"):
        retrain.main()
    assert words[0] in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 3, 4, 5])
@pytest.mark.parametrize("words", [[], ["--commit"]])
def test_the_command_ends_with_the_code(
    monkeypatch: pytest.MonkeyPatch, code: int, words: list[str]
) -> None:
    asked = []

    def done(*, commit: bool) -> int:
        asked.append(commit)
        return code

    monkeypatch.setattr(retrain, "retrain", done)
    monkeypatch.setattr(sys, "argv", ["retrain", *words])
    with pytest.raises(SystemExit) as caught:
        retrain.main()
    assert (caught.value.code, asked) == (code, [bool(words)])


@pytest.mark.parametrize("error", [UserError("no"), BrokenPipeError()])
def test_what_is_not_done_is_1(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*, commit: bool) -> int:
        raise error

    monkeypatch.setattr(retrain, "retrain", fail)
    monkeypatch.setattr(sys, "argv", ["retrain"])
    monkeypatch.setattr("os.dup2", lambda *_: None)
    with pytest.raises(SystemExit) as caught:
        retrain.main()
    assert caught.value.code == 1


def test_without_a_remote_the_data_that_is_here_is_taken(play: Play, dvc: Dvc) -> None:
    play()
    assert dvc.asked == ["repro"]


def test_data_is_pulled_where_a_remote_is_set(play: Play, dvc: Dvc) -> None:
    dvc.remotes = "storage\ts3://bucket\n"
    play()
    assert dvc.asked == ["pull data.dvc", "pull --allow-missing", "repro"]


def test_results_that_a_remote_does_not_have_are_made_again(play: Play, dvc: Dvc) -> None:
    dvc.remotes = "storage"
    dvc.fails.add("pull --allow-missing")
    assert play() == 3
    assert dvc.asked[-1] == "repro"


def assert_stopped(call: Callable[[], object], why: str) -> None:
    """Check that it says why, and that no earlier report passes for this one's."""
    Path("artifacts").mkdir(exist_ok=True)
    Path("artifacts/report.json").write_text('{"verdict": "better"}')
    with pytest.raises(UserError, match=why) as caught:
        call()
    assert told() == {"verdict": "stopped", "why": str(caught.value)}
    report = Path("artifacts/report.md").read_text()
    assert report == f"# Retraining: stopped\n\n```\n{caught.value}\n```\n"


@pytest.mark.parametrize("words", ["pull data.dvc", "repro"])
def test_what_stops_a_retraining_is_reported(play: Play, dvc: Dvc, words: str) -> None:
    dvc.remotes = "storage"
    dvc.fails.add(words)
    assert_stopped(lambda: play(stones=verdicts.BETTER, commit=True), f"dvc {words}")
    assert "no such bucket" in told()["why"]
    assert repository.git("rev-list", "--count", "HEAD") == "1"


def test_there_must_be_data_or_a_remote(play: Play, dvc: Dvc) -> None:
    Path("data/stones.csv").unlink()
    Path("data").rmdir()
    assert_stopped(play, "There is no data here, and no remote")
    assert dvc.asked == []


def test_without_a_remote_data_that_was_not_recorded_is_refused(play: Play, dvc: Dvc) -> None:
    dvc.status = '{"not_in_cache": ["data/"], "uncommitted": {"modified": ["data/"]}}'
    assert_stopped(lambda: play(commit=True), "data.dvc names other data")
    assert "dvc remote add" in told()["why"]
    assert dvc.asked == []


def test_data_of_which_dvc_has_no_copy_yet_is_taken(play: Play, dvc: Dvc) -> None:
    dvc.status = '{"not_in_cache": ["data/"], "uncommitted": {"deleted": ["artifacts/conf/"]}}'
    assert play() == 3


def test_an_earlier_report_passes_for_none_that_was_killed(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_command: str, **_named: str) -> None:
        raise KeyboardInterrupt

    play(stones=verdicts.BETTER)
    monkeypatch.setattr(processes, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        retrain.retrain(commit=False)
    assert told()["verdict"] == "stopped"


def test_other_inputs_of_the_same_figures_are_news(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrain, "others", lambda *_: ["gems is no longer tracked"])
    assert play(commit=True) == 0
    assert (told()["verdict"], told()["others"]) == ("level", ["gems is no longer tracked"])
    said = repository.git("log", "-1", "--format=%B")
    assert said.startswith(
        "retrain: the same figures from other inputs\n\ngems is no longer tracked"
    )


def test_there_must_be_a_repository_of_git(
    play: Play, dvc: Dvc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outer" / ".git").rename(tmp_path / "outer" / "no.git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for commit in (False, True):
        assert_stopped(partial(play, commit=commit), "git status")
    assert "not a git repository" in told()["why"]
    assert dvc.asked == []


def test_params_that_are_wrong_are_reported(play: Play) -> None:
    Path("params.yaml").write_text("seed: much")
    assert_stopped(play, r"params\.yaml")


def test_a_first_run_may_be_of_no_commit(play: Play, tmp_path: Path) -> None:
    subprocess.run(["rm", "-r", str(tmp_path / "outer" / ".git")], check=True)
    repository.git("init", "--quiet", "..")
    assert play(stones=verdicts.BETTER) == 0
    assert told()["commit"] is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("conf/dataset/stones.yaml", "name: gems"),
        ("params.yaml", yaml.safe_dump({**PARAMS, "seed": 8})),
        ("src/own.py", "1"),
        ("conf/dataset/new.yaml", "name: new"),
        ("src/new.py", ""),
    ],
)
def test_what_made_the_figures_must_be_committed(
    play: Play, dvc: Dvc, path: str, text: str
) -> None:
    Path(path).write_text(text)
    assert_stopped(lambda: play(stones=verdicts.BETTER, commit=True), "not committed")
    assert f"inner/{path}" in told()["why"]
    assert dvc.asked == []  # it is refused before the work
    assert play(stones=verdicts.BETTER) == 0  # and what is not committed may be tried


def test_what_is_staged_or_gone_is_not_committed_either(play: Play) -> None:
    Path("src/own.py").unlink()
    assert_stopped(lambda: play(commit=True), "not committed")
    repository.git("add", "src")
    assert_stopped(lambda: play(commit=True), "not committed")


def test_only_some_of_many_changed_files_are_named(play: Play) -> None:
    for at in range(9):
        Path(f"conf/{at}.yaml").write_text("")
    assert_stopped(lambda: play(commit=True), "not committed")
    assert "conf/4.yaml, ...\n" in told()["why"]
    assert "conf/5.yaml" not in told()["why"]


def test_results_and_what_is_beside_the_project_may_be_changed(play: Play) -> None:
    for path in ("data.dvc", "dvc.lock", "metrics/stones/linear.json", "../other.txt", "note.md"):
        Path(path).write_text("changed")
    assert play(stones=verdicts.BETTER, commit=True) == 0


@pytest.mark.parametrize(
    ("stones", "is_committed"),
    [
        (verdicts.UNCHANGED, False),
        (verdicts.LEVEL, True),
        (verdicts.BETTER, True),
        (verdicts.WORSE, True),
        (verdicts.REFUSED, True),
    ],
)
def test_what_changed_is_committed_with_its_figures(
    play: Play, capsys: pytest.CaptureFixture[str], stones: str, is_committed: bool
) -> None:
    before = head()
    Path("data.dvc").write_text("two")
    Path("note.md").write_text("not to be committed")
    assert play(stones=stones, commit=True) == retrain.CODES[stones]
    assert (head() != before) is is_committed
    if not is_committed:
        return
    assert repository.git("rev-parse", "HEAD^") == told()["commit"] == before
    said = repository.git("log", "-1", "--format=%B")
    assert said.startswith(f"retrain: stones {stones}\n\nstones: linear, mae 250 ")
    files = repository.git("show", "--name-only", "--format=", "HEAD").split("\n")
    assert files == [
        "inner/data.dvc",
        "inner/dvc.lock",
        "inner/metrics/stones/lasso.json",
        "inner/metrics/stones/linear.json",
    ]
    assert repository.git("status", "--porcelain") == "?? inner/note.md"
    assert f"committed as {head()[:7]}" in capsys.readouterr().out


def test_a_commit_that_git_refuses_is_said(play: Play, tmp_path: Path) -> None:
    hook = tmp_path / "outer" / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on a Friday >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(UserError, match="git commit") as caught:
        play(stones=verdicts.BETTER, commit=True)
    assert caught.value.given == "not on a Friday"
    assert told()["verdict"] == verdicts.BETTER  # the report stays


def test_charts_of_an_earlier_report_are_taken_away(play: Play) -> None:
    Path("artifacts/report").mkdir(parents=True)
    Path("artifacts/report/stones-9.png").write_bytes(b"")
    play(stones=verdicts.BETTER)
    assert list(Path("artifacts/report").iterdir()) == []
