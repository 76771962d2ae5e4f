from __future__ import annotations

from pathlib import Path

import pytest

from src.support import git
from tests import repository


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


def test_what_git_prints_comes_without_the_end_of_its_last_line(here: Path) -> None:
    repository.git("init", "--quiet")
    Path("a").write_text("one\n\n")
    repository.commit()
    Path("a").write_text("two")
    assert git.ask("show", "HEAD:a") == "one\n"
    assert git.ask("status", "--porcelain") == " M a"  # and with its first blank


def test_nothing_is_no_failure(here: Path) -> None:
    repository.git("init", "--quiet")
    assert git.ask("status", "--porcelain") == ""
    assert git.ask("rev-parse", "--verify", "HEAD") is None


def test_there_may_be_no_repository_and_no_git(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git.ask("status") is None
    monkeypatch.setenv("PATH", str(here))
    assert git.ask("--version") is None


def test_git_that_hangs_is_left(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = here / "git"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:/usr/bin:/bin")
    monkeypatch.setattr(git, "SECONDS", 0.05)
    assert git.ask("status") is None


def test_a_committed_file_may_be_in_any_encoding(here: Path) -> None:
    repository.git("init", "--quiet")
    Path("a").write_bytes("Ü".encode("latin-1"))
    Path("b").write_text("Ü→", encoding="utf-8")
    repository.commit()
    assert git.ask("show", "HEAD:a") == "\N{REPLACEMENT CHARACTER}"
    assert git.ask("show", "HEAD:b") == "Ü→"
