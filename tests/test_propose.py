"""A retraining's commit as a pull request. First with a bare remote and a made-up report."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src import propose
from src.reporting import verdicts
from src.support.errors import UserError
from tests import repository

REPORT = "# Retraining: better\n\nwords\n\n### Charts\n\n![carat](report/stones-1.png)\n\n## next\n"
# It notes what it was asked, a line each, and answers what the test wrote.
GH = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word" >> "$0.asked"; done
printf '\\n' >> "$0.asked"
case "$1 $2" in
  "pr list") cat "$0.known" ;;
  "$(cat "$0.fails" 2>/dev/null)") echo "no rights" >&2; exit 1 ;;
esac
"""
Report = Callable[..., None]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = tmp_path / "bare.git"
    repository.git("init", "--quiet", "--bare", str(bare))
    return bare


@pytest.fixture
def bin_of_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of programs: with git, and without gh."""
    folder = tmp_path / "bin"
    folder.mkdir()
    found = shutil.which("git")
    assert found is not None
    (folder / "git").symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture(autouse=True)
def project(tmp_path: Path, bare: Path, bin_of_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = tmp_path / "project"
    (project / "conf").mkdir(parents=True)
    (project / "artifacts").mkdir()
    monkeypatch.chdir(project)
    repository.be_nobody(monkeypatch)
    monkeypatch.setattr(propose, "DVC", (shutil.which("true", path="/usr/bin:/bin") or "true",))
    for name in ("conf/config.yaml", "params.yaml", "dvc.lock"):
        Path(name).write_text("one")
    Path(".gitignore").write_text("/artifacts/\n")
    repository.git("init", "--quiet")
    repository.git("remote", "add", "origin", str(bare))
    repository.commit()
    repository.git("push", "--quiet", "origin", "main")
    return project


@pytest.fixture
def report() -> Report:
    """Return a function that leaves what a retraining leaves, its commit too if it is to."""

    def write(
        word: str = verdicts.BETTER, *, is_committed: bool = True, text: str = REPORT
    ) -> None:
        values = {"verdict": word, "commit": repository.git("rev-parse", "HEAD"), "datasets": {}}
        Path("artifacts/report.json").write_text(json.dumps(values))
        Path("artifacts/report.md").write_text(text, encoding="utf-8")
        if is_committed:
            with Path("dvc.lock").open("a") as file:
                file.write("more")
            repository.git("commit", "--quiet", "--all", "--message", f"retrain: stones {word}")

    return write


@pytest.fixture
def gh(bin_of_path: Path) -> Callable[..., list[list[str]]]:
    """Return a function that proposes where gh is installed, and returns what it was asked."""
    script = bin_of_path / "gh"
    script.write_text(GH)
    script.chmod(0o755)
    for name in ("cat", "sh"):
        (bin_of_path / name).symlink_to(shutil.which(name, path="/usr/bin:/bin") or name)

    def run(*known: dict[str, Any], fails: str = "", is_silent: bool = False) -> list[list[str]]:
        (bin_of_path / "gh.known").write_text("" if is_silent else json.dumps(known))
        (bin_of_path / "gh.fails").write_text(fails)
        propose.propose()
        lines = (bin_of_path / "gh.asked").read_text().split("\n")[:-1]
        return [line.split("\0")[:-1] for line in lines]

    return run


Gh = Callable[..., list[list[str]]]


def pushed(bare: Path) -> str:
    return repository.git("-C", str(bare), "rev-parse", "--verify", "refs/heads/retrain")


def branches(bare: Path) -> list[str]:
    return repository.git("-C", str(bare), "branch", "--format=%(refname:short)").split()


@pytest.mark.parametrize("word", [verdicts.UNCHANGED, "stopped"])
def test_where_nothing_changed_there_is_nothing_to_propose(
    report: Report, bare: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    report(word, is_committed=False)
    propose.propose()
    assert capsys.readouterr().out.startswith("Nothing to propose: ")
    assert branches(bare) == ["main"]


def test_what_stopped_says_no_commit() -> None:
    Path("artifacts/report.json").write_text('{"verdict": "stopped", "why": "no"}')
    propose.propose()


@pytest.mark.parametrize("text", [None, "", "{half"])
def test_there_must_be_a_report(text: str | None) -> None:
    if text is not None:
        Path("artifacts/report.json").write_text(text)
    with pytest.raises(UserError, match="There is no report") as caught:
        propose.propose()
    assert caught.value.fix == "make retrain COMMIT=1"


def test_what_is_not_committed_cannot_be_proposed(report: Report, bare: Path) -> None:
    report(is_committed=False)
    with pytest.raises(UserError, match="not committed"):
        propose.propose()
    assert branches(bare) == ["main"]


def test_an_older_report_is_not_of_this_commit(report: Report, bare: Path) -> None:
    report()
    repository.commit()
    with pytest.raises(UserError, match="not committed"):
        propose.propose()
    assert branches(bare) == ["main"]


def test_without_any_commit_nothing_is_committed(report: Report, project: Path) -> None:
    report(is_committed=False)
    shutil.rmtree(project / ".git")
    repository.git("init", "--quiet")
    values = json.loads(Path("artifacts/report.json").read_text())
    Path("artifacts/report.json").write_text(json.dumps({**values, "commit": None}))
    with pytest.raises(UserError, match="not committed"):
        propose.propose()


def test_the_commit_is_pushed_to_a_branch_of_its_own(
    report: Report, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report()
    propose.propose()
    assert pushed(bare) == repository.git("rev-parse", "HEAD")
    assert repository.git("-C", str(bare), "rev-parse", "main") != pushed(bare)
    assert "gh is not installed" in capsys.readouterr().out


def test_what_an_earlier_retraining_left_there_is_replaced(report: Report, bare: Path) -> None:
    report()
    propose.propose()
    before = pushed(bare)
    repository.git("reset", "--quiet", "--hard", "HEAD^")
    report(verdicts.WORSE)
    propose.propose()
    assert before != pushed(bare) == repository.git("rev-parse", "HEAD")


def test_a_push_that_fails_is_said(report: Report, bare: Path) -> None:
    report()
    shutil.rmtree(bare)
    with pytest.raises(UserError, match="git push") as caught:
        propose.propose()
    assert "bare.git" in str(caught.value.given)


def test_results_are_pushed_where_dvc_has_a_remote(
    report: Report, bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(propose, "DVC", (shutil.which("echo", path="/usr/bin:/bin") or "echo",))
    report()
    propose.propose()
    assert capsys.readouterr().out.startswith("push\n")  # before anybody could pull the branch
    failing = (sys.executable, "-S", "-c", "import sys; sys.exit(print('s') or 'push' in sys.argv)")
    monkeypatch.setattr(propose, "DVC", failing)
    repository.git("reset", "--quiet", "--hard", "HEAD^")
    report(verdicts.WORSE)
    before = pushed(bare)
    with pytest.raises(UserError):
        propose.propose()
    assert pushed(bare) == before


@pytest.mark.parametrize(
    ("word", "is_draft"),
    [
        (verdicts.BETTER, False),
        (verdicts.LEVEL, False),
        (verdicts.WORSE, True),
        (verdicts.REFUSED, True),
    ],
)
def test_a_pull_request_is_opened_and_may_be_a_draft(
    report: Report, gh: Gh, word: str, is_draft: bool
) -> None:
    report(word)
    listed, created = gh()
    fields = ["--json", "number,isDraft,isCrossRepository"]
    assert listed == ["pr", "list", "--head", "retrain", "--state", "open", *fields]
    assert created == [
        *["pr", "create", "--head", "retrain", "--base", "main"],
        *["--title", f"retrain: stones {word}", "--body-file", "artifacts/proposal.md"],
        *(["--draft"] if is_draft else []),
    ]
    body = Path("artifacts/proposal.md").read_text()
    assert body == "# Retraining: better\n\nwords\n\n## next\n"  # images would not be found


def test_gh_that_lists_nothing_may_be_silent(report: Report, gh: Gh) -> None:
    report()
    assert gh(is_silent=True)[1][:2] == ["pr", "create"]


@pytest.mark.parametrize(
    ("word", "was_draft", "made"),
    [
        (verdicts.BETTER, False, []),
        (verdicts.WORSE, True, []),
        (verdicts.WORSE, False, [["pr", "ready", "7", "--undo"]]),
        (verdicts.BETTER, True, [["pr", "ready", "7"]]),
    ],
)
def test_a_pull_request_that_is_open_is_renewed(
    report: Report, gh: Gh, word: str, was_draft: bool, made: list[list[str]]
) -> None:
    report(word)
    theirs = {"number": 3, "isDraft": False, "isCrossRepository": True}  # a fork's branch
    known = [theirs, {"number": 7, "isDraft": was_draft, "isCrossRepository": False}]
    _, edited, *rest = gh(*known)
    told = ["--title", f"retrain: stones {word}", "--body-file", "artifacts/proposal.md"]
    assert edited == ["pr", "edit", "7", *told]
    assert rest == made


def test_where_nothing_changed_the_open_request_is_closed(report: Report, gh: Gh) -> None:
    report(verdicts.UNCHANGED, is_committed=False)
    _, closed = gh({"number": 7, "isDraft": True, "isCrossRepository": False})
    assert closed[:3] == ["pr", "close", "7"]


def test_a_forks_request_is_not_touched(report: Report, gh: Gh) -> None:
    theirs = {"number": 3, "isDraft": False, "isCrossRepository": True}
    report(verdicts.UNCHANGED, is_committed=False)
    assert len(gh(theirs)) == 1
    report()
    assert gh(theirs)[-1][:2] == ["pr", "create"]


def test_another_commit_is_not_proposed_as_a_retraining(report: Report, bare: Path) -> None:
    report(is_committed=False)
    Path("conf/config.yaml").write_text("two")
    repository.git("commit", "--quiet", "--all", "--message", "wip")
    with pytest.raises(UserError, match="not committed") as caught:
        propose.propose()
    assert "conf/config.yaml" in str(caught.value.given)
    assert branches(bare) == ["main"]


@pytest.mark.parametrize("where", ["--detach", "retrain"])
def test_without_a_branch_to_merge_into_the_repositorys_own_is_taken(
    report: Report, gh: Gh, where: str
) -> None:
    repository.git("checkout", "--quiet", *(["-b"] if where == "retrain" else []), where)
    report()
    created = gh()[1]
    assert created[:4] == ["pr", "create", "--head", "retrain"]
    assert "--base" not in created


def test_a_title_and_a_text_are_as_long_as_they_may_be(report: Report, gh: Gh) -> None:
    report("better " * 90, text="ü" * 59_000 + "\n\n" + "ü" * 9000)
    created = gh()[1]
    assert len(created[created.index("--title") + 1]) == 200
    body = Path("artifacts/proposal.md").read_text(encoding="utf-8")
    assert 59_000 < len(body) <= propose.LONGEST
    assert "artifact" in body[-100:]


@pytest.mark.parametrize("fails", ["pr create", "pr edit"])
def test_what_gh_complains_of_is_said(report: Report, gh: Gh, fails: str) -> None:
    report()
    known = (
        [{"number": 7, "isDraft": False, "isCrossRepository": False}] if fails == "pr edit" else []
    )
    with pytest.raises(UserError, match=f"gh {fails}") as caught:
        gh(*known, fails=fails)
    assert caught.value.given == "no rights"


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["now"], 2)])
def test_it_takes_no_words(monkeypatch: pytest.MonkeyPatch, words: list[str], code: int) -> None:
    monkeypatch.setattr(sys, "argv", ["propose", *words])
    with pytest.raises(SystemExit) as caught:
        propose.main()
    assert caught.value.code == code


def test_an_error_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["propose"])
    with pytest.raises(SystemExit) as caught:
        propose.main()
    assert caught.value.code == 1
    assert "make retrain COMMIT=1" in capsys.readouterr().err
