"""The service as servers find it, by its own name and by the short one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.project import ROOT


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LAPIDARY_VAR": str(home / "var")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_both_names_are_of_one_service_that_is_built_when_it_is_asked_for(home: Path) -> None:
    code = """
import sys
import app
print("app.factory" in sys.modules)
from app import api
from app.wsgi import api as same
print(api is same, callable(api))
"""
    done = run(home, "-c", code)
    assert done.stdout.splitlines() == ["False", "True True"], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", [[], ["app:api"], ["app.wsgi:api"]], ids=" ".join)
def test_gunicorn_finds_it(home: Path, name: list[str]) -> None:
    conf = str(ROOT / "gunicorn.conf.py")
    done = run(home, "-m", "gunicorn", "-c", conf, "--check-config", *name)
    assert done.returncode == 0, done.stderr
