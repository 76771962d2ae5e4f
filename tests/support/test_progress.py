from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from src.support.progress import Bar


def test_it_is_silent_where_no_terminal_is(capfd: pytest.CaptureFixture[str]) -> None:
    with Bar("train") as bar:
        bar.stage("fit", 3)
        bar.step("mae 1.5")
        bar.step()
    assert capfd.readouterr() == ("", "")


def test_it_starts_no_thread_where_no_terminal_is() -> None:
    before = threading.active_count()
    with Bar("train"):
        assert threading.active_count() == before


def test_an_error_passes_through() -> None:
    with pytest.raises(ValueError, match="mine"), Bar("train"):
        raise ValueError("mine")


def test_steps_before_a_stage_are_no_fault() -> None:
    with Bar("train") as bar:
        bar.step("note")


PATIENCE = 20  # seconds without a byte, after which the child is given up


def on_a_terminal(code: str, root: Path, until: str = "") -> tuple[str, int]:
    """Run code on a pseudo-terminal; after it has shown `until`, send it a line."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(root), "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    seen = ""
    told = False
    while True:
        if not select.select([ours], [], [], PATIENCE)[0]:
            child.kill()
            break
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other side has been closed
            break
        if not piece:
            break
        seen += piece.decode()
        if until in seen and not told:
            assert child.stdin is not None
            child.stdin.write(b"go on\n")
            child.stdin.flush()
            told = True
    os.close(ours)
    assert child.stdin is not None
    child.stdin.close()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen), child.wait()


LONG = """
from src.support.progress import Bar
with Bar("train") as bar:
    bar.stage("search", 7)
    bar.step("mae 1.5")
    bar.stage("folds", 4)
    bar.step("first")
    bar.step("mae 2.5")
    bar.step()
    input()
"""

SHORT = """
from src.support.progress import Bar
with Bar("train") as bar:
    bar.stage("search", 7)
    bar.step("mae 1.5")
"""


def test_on_a_terminal_work_that_lasts_shows_stage_share_and_note(root: Path) -> None:
    seen, code = on_a_terminal(LONG, root, until="mae 2.5")
    assert code == 0
    assert "train: folds" in seen
    assert " 3/4 " in seen
    assert "mae 2.5" in seen
    assert "mae 1.5" not in seen


def test_on_a_terminal_quick_work_shows_nothing(root: Path) -> None:
    assert on_a_terminal(SHORT, root) == ("", 0)
