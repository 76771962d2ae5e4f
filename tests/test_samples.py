from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src import samples
from src.sample_data.generators import SAMPLES
from src.support.errors import UserError

NAME = "payments.csv"
OTHER = b"other,rows\n1,2\n"
needs_plotnine = pytest.mark.skipif(
    importlib.util.find_spec("plotnine") is None, reason="plotnine is not installed"
)


def command(folder: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "src.samples", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sample_is_written_and_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples.write([NAME], force=False)
    data = (project / "data" / NAME).read_bytes()
    assert data == SAMPLES[NAME]()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert capsys.readouterr().out == f"data/{NAME}: {len(data):,} bytes, md5 {md5}\n"


def test_the_folder_is_made(project: Path) -> None:
    (project / "data" / "stones.csv").unlink()
    (project / "data").rmdir()
    samples.write([NAME], force=False)
    assert [path.name for path in (project / "data").iterdir()] == [NAME]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_there_already_stays_untouched(
    project: Path, capsys: pytest.CaptureFixture[str], force: bool
) -> None:
    samples.write([NAME], force=False)
    path = project / "data" / NAME
    os.utime(path, (1, 1))
    capsys.readouterr()
    samples.write([NAME], force=force)
    assert path.stat().st_mtime == 1
    assert capsys.readouterr().out == f"data/{NAME}: already there\n"


@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_that_differs_stays_and_nothing_else_is_written(
    project: Path, same_size: bool
) -> None:
    data = bytearray(SAMPLES[NAME]())
    data[-2] ^= 1
    other = bytes(data) if same_size else OTHER
    (project / "data" / NAME).write_bytes(other)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    names = [NAME] if same_size else ["resumes.csv", NAME]
    with pytest.raises(UserError, match="differs from the sample") as caught:
        samples.write(names, force=False)
    assert caught.value.given == f"data/{NAME}"
    assert "--force" in (caught.value.fix or "")
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_force_replaces_a_file_that_differs(project: Path) -> None:
    (project / "data" / NAME).write_bytes(OTHER)
    samples.write([NAME], force=True)
    assert (project / "data" / NAME).read_bytes() == SAMPLES[NAME]()


@pytest.mark.parametrize("name", ["payment.csv", "payments", "data/payments.csv", ""])
def test_an_unknown_name_lists_the_choices_and_nothing_is_written(project: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"Unknown sample '{name}'") as caught:
        samples.write([NAME, name], force=True)
    assert caught.value.choices == ["diamonds.csv", "payments.csv", "resumes.csv"]
    assert [path.name for path in (project / "data").iterdir()] == ["stones.csv"]


@needs_plotnine
@pytest.mark.slow
def test_the_command_writes_every_sample(project: Path, root: Path) -> None:
    done = command(project, root)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        f"data/{name}" for name in SAMPLES
    ]
    for name in SAMPLES:
        assert (project / "data" / name).stat().st_size > 1_000_000
    assert {path.name for path in (project / "data").iterdir()} == {*SAMPLES, "stones.csv"}


@pytest.mark.parametrize("words", [["payment.csv"], [NAME]], ids=["name", "file"])
def test_the_command_tells_what_is_wrong(project: Path, root: Path, words: list[str]) -> None:
    (project / "data" / NAME).write_bytes(OTHER)
    done = command(project, root, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert (project / "data" / NAME).read_bytes() == OTHER


def test_the_command_replaces_by_force(project: Path, root: Path) -> None:
    (project / "data" / NAME).write_bytes(OTHER)
    done = command(project, root, NAME, "--force")
    assert (done.returncode, done.stderr) == (0, "")
    assert (project / "data" / NAME).read_bytes() == SAMPLES[NAME]()


def test_the_command_outside_of_a_project(tmp_path: Path, root: Path) -> None:
    done = command(tmp_path, root, NAME)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: This folder is not the root of a project.")
    assert list(tmp_path.iterdir()) == []
