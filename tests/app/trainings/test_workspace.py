"""A training's folder: who works in it, and what is left of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.trainings import workspace
from app.trainings.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, "one")


def test_one_holds_it_until_it_lets_go(place: Workspace) -> None:
    assert not place.is_alive()
    assert not place.path.exists(), "to look leaves nothing"
    handle = place.hold()
    assert handle is not None
    assert place.is_alive()
    assert place.hold() is None
    assert not Workspace(place.path.parent.parent, "other").is_alive()
    os.close(handle)
    assert not place.is_alive()
    again = place.hold()
    assert again is not None
    os.close(again)


def test_a_process_that_inherits_it_holds_it_until_it_ends(place: Workspace) -> None:
    handle = place.hold()
    assert handle is not None
    words = [sys.executable, "-c", "input()"]
    heir = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=(handle,))
    other = subprocess.Popen(words, stdin=subprocess.PIPE)  # who did not inherit it
    os.close(handle)
    assert place.is_alive()
    heir.communicate(b"\n")
    assert not place.is_alive()
    other.communicate(b"\n")


def test_the_folder_is_for_this_user_alone(place: Workspace) -> None:
    handle = place.hold()
    assert handle is not None
    os.close(handle)
    assert place.path.stat().st_mode & 0o077 == 0
    assert (place.path / ".lock").stat().st_mode & 0o077 == 0


def test_what_is_half_made_goes_and_the_log_stays(place: Workspace) -> None:
    (place.work / "bundle").mkdir(parents=True)
    (place.work / "bundle" / "model").write_text("half")
    place.log.write_text("reading\nfit\n")
    assert workspace.unfinished(place.path.parent.parent) == {"one"}
    place.clear()
    place.clear()
    assert workspace.unfinished(place.path.parent.parent) == set()
    assert place.lines() == ["reading", "fit"]


def test_without_a_log_there_are_no_lines(place: Workspace) -> None:
    assert place.lines() == []
