"""Tidy up after a test run that is killed: no fixture of it ends what it has started."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# The pipe's other end closes with this process, whatever ends it; a line comes before that only
# where there is nothing left to do.
WAIT = 'read -r line || eval "$1"'


@contextmanager
def guarding(command: str, **words: Any) -> Iterator[None]:
    """Run a shell command when this process dies within the block."""
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", WAIT, "sh", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what interrupts the tests is not to interrupt it
        **words,
    )
    try:
        yield
    finally:
        watchdog.communicate(b"done\n")
