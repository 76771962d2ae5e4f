from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import commands

SAYS = """
import os, sys
print(sys.argv[1:], os.getcwd(), os.environ["SAID"], "src" in sys.modules)
print("aside", file=sys.stderr)
sys.exit(3)
"""


def test_it_is_run_as_python_runs_a_module(tmp_path: Path) -> None:
    (tmp_path / "says.py").write_text(SAYS)
    done = commands.run(tmp_path, "says", "a=1", "--b", SAID="so")
    assert done.returncode == 3
    assert done.stdout == f"['a=1', '--b'] {tmp_path} so False\n"
    assert done.stderr == "aside\n"


def test_a_failure_is_a_traceback_and_code_1(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("1 / 0\n")
    done = commands.run(tmp_path, "fails")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_one_knows_nothing_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("import os, json\nos.environ['LEFT'] = json.left = 'x'\n")
    (tmp_path / "looks.py").write_text(
        "import os, json\nprint('LEFT' in os.environ, vars(json).get('left'))\n"
    )
    assert commands.run(tmp_path, "leaves").returncode == 0
    assert commands.run(tmp_path, "looks").stdout == "False None\n"


def test_what_takes_too_long_is_killed_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "sleeps.py").write_text("import time\ntime.sleep(600)\n")
    (tmp_path / "dies.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(subprocess.TimeoutExpired):
        commands.run(tmp_path, "sleeps", seconds=0.5)
    assert commands.run(tmp_path, "dies").returncode == -9


def test_the_libraries_are_there_before_it_asks(tmp_path: Path) -> None:
    (tmp_path / "looks.py").write_text("import sys\nprint('pandas' in sys.modules)\n")
    assert commands.run(tmp_path, "looks").stdout == "True\n"
