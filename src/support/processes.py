"""Run other programs, with a clear message if one fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

from src.support.errors import UserError

DVC = (sys.executable, "-m", "dvc")  # of this environment, whatever the PATH says
LAST = 40  # lines of a failure that its message quotes
DECODED: dict[str, Any] = {"encoding": "utf-8", "errors": "replace"}  # it may print anything


def run(*command: str, fix: str = "see to what it says") -> None:
    """Run a command and print its output; raise UserError with the last lines if it fails.

    If this process is interrupted, the command and its children are ended, too.
    """
    lines: list[str] = []
    try:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that they can be ended together
            **DECODED,
        )
    except FileNotFoundError:
        raise _absent(command) from None
    with process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                print(line, end="", flush=True)
                lines = [*lines[1 - LAST :], line]
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        what = f"`{_words(command)}` stopped with code {process.returncode}."
        raise UserError(what, given="".join(lines).strip() or None, fix=fix)


def output(*command: str, fix: str = "see to what it says") -> str:
    """Return what a command prints; raise UserError with its error output if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, **DECODED)
    except FileNotFoundError:
        raise _absent(command) from None
    if done.returncode:
        complaint = (done.stderr.strip() or done.stdout.strip())[-500:]
        raise UserError(f"`{_words(command)}` failed.", given=complaint or None, fix=fix)
    printed: str = done.stdout
    return printed


def _absent(command: tuple[str, ...]) -> UserError:
    return UserError(f"{command[0]} is not installed.", fix=f"install {command[0]}")


def _words(command: tuple[str, ...]) -> str:
    return " ".join(["dvc", *command[3:]] if command[:3] == DVC else command[:4])
