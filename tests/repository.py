"""What the tests of git share: git as nobody in particular, whatever this machine's settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *words],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **IDENTITY},
    )
    return done.stdout.strip()


def commit(*paths: str | Path) -> str:
    """Commit these paths, or all that is there, and return the commit."""
    git("add", "--", *map(str, paths or (".",)))
    git("commit", "--quiet", "--allow-empty", "--message", "a commit")
    return git("rev-parse", "HEAD")


def be_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the code under test commit as these tests do."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
