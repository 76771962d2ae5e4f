from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from src.support import dvc_lock

HELD = '{"write": {"/data": {"pid": 7, "cmd": "dvc repro"}}, "read": {}}'


@pytest.mark.parametrize("text", ["", '{"write": {', "\0\0"])
def test_a_note_that_nobody_can_read_is_put_aside(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "rwlock"
    note.write_text(text)
    assert dvc_lock.mend(note, patience=0)
    assert not note.exists()
    assert (tmp_path / "rwlock.broken").read_text() == text
    assert "was killed while it wrote" in capsys.readouterr().out


def test_what_can_be_read_or_is_not_there_stays(tmp_path: Path) -> None:
    note = tmp_path / "rwlock"
    assert not dvc_lock.mend(note, patience=0)
    note.write_text(HELD)
    assert not dvc_lock.mend(note, patience=0)
    assert note.read_text() == HELD


def test_a_note_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    note = tmp_path / "rwlock"
    note.write_text("")
    writer = threading.Thread(target=lambda: (time.sleep(0.05), note.write_text(HELD)))
    writer.start()
    assert not dvc_lock.mend(note, patience=2)
    writer.join()
    assert note.read_text() == HELD


@pytest.mark.slow
def test_dvc_goes_on_after_a_kill_left_it_empty(tmp_path: Path, root: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=tmp_path,
            env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    dvc = (sys.executable, "-m", "dvc")
    for command in (("git", "init", "--quiet"), (*dvc, "init", "--quiet")):
        assert run(*command).returncode == 0
    (tmp_path / "dvc.yaml").write_text("stages:\n  one:\n    cmd: echo 1 > one\n    outs: [one]\n")
    (tmp_path / ".dvc/tmp/rwlock").write_text("")
    assert "corrupted" in run(*dvc, "repro").stderr
    assert "put aside" in run(sys.executable, "-m", "src.support.dvc_lock").stdout
    done = run(*dvc, "repro")
    assert done.returncode == 0, done.stderr
