"""Commands of the project, each in a process of its own that has the libraries already.

To import them takes longer than what most commands do. They are imported once, by a process that
does nothing else: no thread of theirs has begun. Each command is a fork of it.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS = 120.0


def run(
    folder: Path, module: str, *words: str, seconds: float = SECONDS, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module words...` in a folder, with this project's code and these variables."""
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place) / "out", Path(place) / "err"
        told = {
            "words": [module, *words],
            "folder": str(folder),
            "environment": {**os.environ, "PYTHONPATH": str(ROOT), **environment},
            "files": [os.devnull, str(out), str(err)],
        }
        code = _forks().run(told, seconds)
        return subprocess.CompletedProcess([module, *words], code, out.read_text(), err.read_text())


class _Forks:
    """The process that has the libraries, asked over its standard input and output."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def run(self, told: dict[str, Any], seconds: float) -> int:
        """Run a command to its end; return its exit code, or the signal's number below zero."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        number = self._answer(SECONDS)  # which waits for the imports too
        try:
            return self._answer(seconds)
        except TimeoutError:
            os.kill(number, signal.SIGKILL)
            self._answer(SECONDS)
            raise subprocess.TimeoutExpired(told["words"], seconds) from None

    def _answer(self, seconds: float) -> int:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            raise TimeoutError
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it: it ends where nobody can ask it any more, and so when this process is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)
        self._process.stdout.close()


@functools.cache
def _forks() -> _Forks:
    forks = _Forks()
    atexit.register(forks.close)
    return forks


def serve() -> dict[str, Any]:
    """Fork for each line that is read; return in a fork, with what it is to run.

    Where there is no other line, this process ends.
    """
    import src.train  # noqa: F401 - with all that trains

    # A command imports the project's own modules itself: they are what is tested.
    for name in [name for name in sys.modules if name.partition(".")[0] == "src"]:
        del sys.modules[name]
    answers = os.dup(1)
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            os.close(answers)
            return dict(json.loads(line))
        os.write(answers, b"%d\n" % number)
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        os.write(answers, b"%d\n" % code)
    sys.exit()


def become(told: dict[str, Any]) -> None:
    """Do in this fork what `python -m` does in a new process."""
    for at, path in enumerate(told["files"]):
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(file, at)
        os.close(file)
    os.environ.clear()
    os.environ.update(told["environment"])
    os.chdir(told["folder"])
    sys.argv[:] = told["words"]
    sys.path[0] = told["folder"]
    runpy.run_module(told["words"][0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    become(serve())
