"""The units are ones that systemd reads without a complaint, and run what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "container/systemd").glob("lapidary*"))
PLACE = "/srv/lapidary"


def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    assert len(UNITS) == 5
    for unit in UNITS:  # as they are where the project lies here
        text = unit.read_text(encoding="utf-8").replace(PLACE, str(ROOT))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = [line for line in done.stderr.splitlines() if "lapidary" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


def test_the_page_names_each_unit() -> None:
    page = (ROOT / "docs/how-to/systemd.md").read_text(encoding="utf-8")
    timers = [unit.stem for unit in UNITS if unit.suffix == ".timer"]
    assert {unit.stem for unit in UNITS} == {"lapidary", *timers}
    for unit in (unit for unit in UNITS if unit.stem == "lapidary" or unit.suffix == ".timer"):
        assert unit.name in page or unit.stem in re.findall(r"[\w-]+", page)


def test_a_backup_is_a_shell_script_that_keeps_what_it_made(tmp_path: Path) -> None:
    """Run the unit's own line, with a stand-in for what copies the database."""
    text = (ROOT / "container/systemd/lapidary-backup.service").read_text(encoding="utf-8")
    match = re.search(r"ExecStart=/bin/sh -ec '(.*?)'\n", text, re.DOTALL)
    assert match
    script = match[1].replace("\\\n", "").replace("$$", "$").replace("%%", "%")
    stand_in = tmp_path / ".venv/bin/python"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text('#!/bin/sh\ntouch "$4"\n')
    stand_in.chmod(0o700)
    for folder in ("var/versions", "backups"):
        (tmp_path / folder).mkdir(parents=True)
    done = subprocess.run(
        ["/bin/sh", "-ec", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LAPIDARY_VAR": "var", "BACKUPS": "backups"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    kept = sorted(path.name.partition(".")[2] for path in (tmp_path / "backups").iterdir())
    assert kept == ["db", "versions.tar.gz"]
