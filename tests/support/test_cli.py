from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from src.support import cli
from src.support.errors import UserError


def fail(error: BaseException) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


def test_a_command_that_ends_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    cli.guarded(lambda: None)
    assert capsys.readouterr() == ("", "")


def test_a_users_error_is_one_message_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.guarded(fail(UserError("It is odd.", given=3, fix="add one")))
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Error: It is odd.\n  given:   3\n  do:      add one\n"


def test_an_interrupt_is_exit_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.guarded(fail(KeyboardInterrupt()))
    assert ended.value.code == 130
    out, err = capsys.readouterr()
    assert (out, err.strip()) == ("", "Stopped.")


@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(3)])
def test_a_bug_is_not_hidden(error: BaseException) -> None:
    with pytest.raises(type(error), match=str(error)):
        cli.guarded(fail(error))


def test_a_package_that_is_not_installed_is_one_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.guarded(fail(ModuleNotFoundError("no", name="optuna.trial")))
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: This installation answers and does not")
    with pytest.raises(ModuleNotFoundError):
        cli.guarded(fail(ModuleNotFoundError("no", name="src.absent")))


def test_a_reader_that_goes_away_is_no_error(root: Path) -> None:
    code = (
        "from src.support.cli import guarded\n"
        "def run():\n"
        "    while True: print('a line')\n"
        "guarded(run)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == "a line\n"
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait() == 0
