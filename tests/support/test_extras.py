"""Packages that are not installed: who says so, and what to do about it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from src.support import extras
from src.support.errors import UserError

FIX = "pip install -c constraints.txt '.[{}]'"


def lacking(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    monkeypatch.setattr(extras, "has", lambda package: package not in packages)


def test_what_is_installed_is_told_without_importing_it(root: Path) -> None:
    code = (
        "import sys; from src.support import extras; "
        "print(extras.has('pandas'), 'pandas' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["True", "False"]
    assert not extras.has("no_such_package")


@pytest.mark.parametrize(
    ("package", "extra"),
    [
        ("pandas", "train"),
        ("sklearn.dummy", "train"),
        ("psycopg", "postgres"),
        ("lightgbm", "lightgbm"),
        ("catboost", "catboost"),
    ],
)
def test_an_absent_package_is_named_with_the_extra_that_brings_it(package: str, extra: str) -> None:
    error = extras.absent(package)
    assert error.fix == FIX.format(extra)
    assert package.split(".")[0] in str(error.given)
    assert ("does not train" in error.what) == (extra == "train")


def test_a_package_of_no_extra_is_named_alone() -> None:
    error = extras.absent("tabpfn.core", "This model needs it.")
    assert (error.what, error.fix) == ("This model needs it.", "install tabpfn")


@pytest.mark.parametrize("package", extras.EXTRAS["train"])
def test_without_one_package_of_the_extra_nothing_is_trained(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    lacking(monkeypatch, package)
    with pytest.raises(UserError, match="answers and does not train") as caught:
        extras.check_training()
    assert caught.value.fix == FIX.format("train")


def test_without_what_only_serves_or_shows_is_trained_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking(monkeypatch, "dvc", "plotnine", "psycopg")
    extras.check_training()
    assert extras.untrained() is None


@pytest.mark.parametrize("extra", sorted(extras.EXTRAS))
def test_the_packages_of_an_extra_are_those_of_pyproject(root: Path, extra: str) -> None:
    told = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {re.match(r"[\w.-]+", requirement).group() for requirement in told[extra]}
    known = metadata.packages_distributions()
    brought = {known.get(package, [package])[0].lower() for package in extras.EXTRAS[extra]}
    assert brought == names - {"lapidary"}  # which stands for an extra within another


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ModuleNotFoundError("x", name="pandas"), "pandas"),
        (ModuleNotFoundError("x", name="sklearn.dummy"), "sklearn"),
    ],
)
def test_an_import_that_failed_is_explained(error: Exception, name: str) -> None:
    explained = extras.explain(error)
    assert explained is not None
    assert f"'{name}' cannot be imported" in str(explained)


@pytest.mark.parametrize(
    "error",
    [ModuleNotFoundError("x", name="src.absent"), ModuleNotFoundError("x"), ValueError("y")],
)
def test_other_errors_are_not_explained(error: Exception) -> None:
    assert extras.explain(error) is None


def python(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["ingest", "prepare"])
def test_a_command_whose_imports_fail_says_what_to_install(
    root: Path, absent: Callable[[str], Path], command: str
) -> None:
    done = python(root, "-m", f"src.{command}", "--help", PYTHONPATH=str(absent("pandas")))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: This installation answers and does not train.")
    assert "'.[train]'" in done.stderr


def test_a_command_shows_another_error_as_ever(root: Path, tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise ValueError('y')")
    done = python(root, "-m", "src.train", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "ValueError: y" in done.stderr


def test_whoever_imports_the_project_keeps_his_own_hook(root: Path) -> None:
    code = (
        "import sys; import src, src.support.extras, src.support.cli, src.train; "
        "print(sys.excepthook is sys.__excepthook__)"
    )
    assert python(root, "-c", code).stdout == "True\n"
