"""Without what drives a browser only the tests that need one are left out."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.checkout import ROOT

NEEDS_ONE = "test_each_dataset_has_a_card"
NEEDS_NONE = "test_how_many_there_are_is_said_in_words"
RUN = """
import sys
import pytest
sys.modules[sys.argv[1]] = None  # as if it were not installed
sys.exit(pytest.main(sys.argv[2:]))
"""


def run(package: str, **environment: str) -> tuple[int, str]:
    """Run two tests of pages without a package; return the exit code and what was said."""
    known = {key: value for key, value in os.environ.items() if key != "CI"}
    chosen = ["tests/app/dashboard", "-k", f"{NEEDS_ONE} or {NEEDS_NONE}", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, package, *chosen],
        cwd=ROOT,
        env=known | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("package", ["playwright", "axe_playwright_python"])
def test_tests_that_need_a_browser_are_skipped_and_the_others_run(package: str) -> None:
    code, said = run(package)
    assert code == 0, said
    assert " passed" in said
    assert f"{package} is not installed: make test installs it" in " ".join(said.split())


def test_in_ci_nothing_is_skipped() -> None:
    code, said = run("playwright", CI="true")
    assert code != 0
    assert "skipped" not in said
