"""A command in a root file system of its own does there what it is let, and no more."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.container.chroots import Bind, Cell, end, first_process

NOBODY = "65534:65534"
pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and os.environ.get("CI") != "true", reason="only root can make a chroot"
)


def run(cell: Cell, script: str, user: str = NOBODY, **environment: str) -> tuple[int, str]:
    words = ["/bin/sh", "-c", script]
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    started = cell.start(words, {**path, **environment}, "/usr", user, subprocess.PIPE)
    said, _ = started.communicate(timeout=30)
    return started.returncode, said.decode()


def test_the_root_is_read_only_but_for_memory_and_what_is_bound_to_be_written(
    tmp_path: Path,
) -> None:
    for name in ("kept", "read"):
        (tmp_path / name).mkdir()
    binds = [Bind(tmp_path / "kept", "/mnt", is_writable=True), Bind(tmp_path / "read", "/media")]
    script = "for at in / /usr /media /mnt /tmp /dev/shm; do touch $at/written && echo $at; done"
    _, said = run(Cell(Path("/"), binds), script, user="0:0")
    assert [line for line in said.splitlines() if line.startswith("/")] == [
        "/mnt",
        "/tmp",
        "/dev/shm",
    ]
    assert said.count("Read-only file system") == 3
    assert (tmp_path / "kept/written").exists()  # and of its own memory nothing is left:
    assert not [at for at in ("/tmp/written", "/dev/shm/written") if Path(at).exists()]


def test_it_is_the_first_process_with_nothing_but_what_it_is_given() -> None:
    script = "id -u; id -g; id -G; pwd; echo $$; env"
    status, said = run(Cell(Path("/")), script, GIVEN="a b")
    lines = said.splitlines()
    assert status == 0
    assert lines[:5] == ["65534", "65534", "65534", "/usr", "1"]
    assert "GIVEN=a b" in lines
    assert not {line.partition("=")[0] for line in lines[5:]} - {"GIVEN", "PATH", "PWD"}


def test_how_it_ends_is_told() -> None:
    assert run(Cell(Path("/")), "exit 7")[0] == 7


def test_what_it_started_ends_with_it() -> None:
    words = ["/bin/sh", "-c", "sleep 1001 & sleep 1002"]
    started = Cell(Path("/")).start(words, {"PATH": "/usr/bin:/bin"}, "/", NOBODY)
    until = time.monotonic() + 30
    found: list[str] = []
    while len(found) < 2 and time.monotonic() < until:
        time.sleep(0.02)
        found = children(started)
    assert len(found) == 2
    end(started)
    assert not [number for number in found if Path(f"/proc/{number}").exists()]
    end(started)  # and once more, for whoever does not know


def children(started: subprocess.Popen[bytes]) -> list[str]:
    try:
        number = first_process(started)
    except ProcessLookupError:
        return []
    return Path(f"/proc/{number}/task/{number}/children").read_text().split()
