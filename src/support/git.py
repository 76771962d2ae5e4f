"""Ask git about this checkout."""

from __future__ import annotations

import subprocess

SECONDS = 60.0  # a hook or a disk that hangs must not hang a training


def ask(*words: str) -> str | None:
    """Return what git prints, without the final newline; None if it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *words],
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a committed file may be anything
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.removesuffix("\n") if done.returncode == 0 else None
