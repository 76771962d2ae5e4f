from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import Ridge

from src.runs import provenance


def git(*words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    (tmp_path / ".gitignore").write_text("runs/\n")
    (tmp_path / "code.py").write_text("1\n")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "a.json").write_text("{}\n")
    (tmp_path / "dvc.lock").write_text("a\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    return tmp_path


def test_a_clean_tree_has_its_commit_and_is_not_dirty(repository: Path) -> None:
    assert provenance.git() == {"commit": git("rev-parse", "HEAD"), "dirty": False}


def test_an_edit_makes_the_tree_dirty(repository: Path) -> None:
    (repository / "code.py").write_text("2\n")
    assert provenance.git() == {"commit": git("rev-parse", "HEAD"), "dirty": True}


def test_an_edit_that_is_staged_makes_the_tree_dirty(repository: Path) -> None:
    (repository / "code.py").write_text("2\n")
    git("add", ".")
    assert provenance.git()["dirty"] is True


def test_a_new_file_makes_the_tree_dirty_unless_it_is_ignored(repository: Path) -> None:
    (repository / "runs").mkdir()
    (repository / "runs" / "a").write_text("")
    assert provenance.git()["dirty"] is False
    (repository / "model.yaml").write_text("")
    assert provenance.git()["dirty"] is True


def test_what_a_run_writes_does_not_make_the_tree_dirty(repository: Path) -> None:
    (repository / "metrics" / "a.json").write_text('{"mae": 1}\n')
    (repository / "metrics" / "new.json").write_text("{}\n")
    (repository / "dvc.lock").write_text("b\n")
    assert provenance.git()["dirty"] is False


def test_another_commit_is_another_origin(repository: Path) -> None:
    before = provenance.git()
    git("commit", "--quiet", "--allow-empty", "-m", "second")
    assert provenance.git()["commit"] not in (None, before["commit"])


def test_outside_git_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.git() == {"commit": None, "dirty": None}


def test_before_the_first_commit_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    assert provenance.git() == {"commit": None, "dirty": None}


def test_without_the_git_program_nothing_is_claimed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert provenance.git() == {"commit": None, "dirty": None}


def test_versions_are_those_of_python_and_of_the_libraries() -> None:
    versions = provenance.versions(Ridge())
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == np.__version__
    assert versions["scikit-learn"] == sklearn.__version__
    assert {"joblib", "optuna", "pandas", "scipy"} <= set(versions)
    assert json.loads(json.dumps(versions)) == versions


def test_versions_name_the_estimators_own_library() -> None:
    class Estimator:
        pass

    Estimator.__module__ = "hypothesis.core"
    assert "hypothesis" in provenance.versions(Estimator())
    assert "hypothesis" not in provenance.versions(Ridge())


def test_an_estimator_of_no_package_adds_nothing() -> None:
    class Estimator:
        pass

    assert provenance.versions(Estimator()) == provenance.versions(Ridge())
