"""Programs that write clients from the API's document, each installed beside the project's own.

Where one cannot be had its tests are skipped, but for CI, where they fail.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".cache" / "clients"
PINS = Path(__file__).with_name("clients.txt")
PACKAGES = ("openapi-typescript@7.13.0", "typescript@5.9.3")
PAGE = (ROOT / "docs/how-to/generate-a-client.md").read_text(encoding="utf-8")


def code(language: str) -> str:
    """Return what the page shows in a language."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def commands() -> list[str]:
    """Return the commands that the page shows."""
    return re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def python_generator() -> Path:
    """Return the folder of programs in an environment that can generate and use Python clients."""
    return _installed(
        "python",
        PINS.read_text(),
        [sys.executable, "-m", "venv", "."],
        ["bin/python", "-m", "pip", "install", "--quiet", "-r", str(PINS)],
    )


@pytest.fixture(scope="session")
def typescript_generator() -> Path:
    """Return the folder of programs that generate and check TypeScript."""
    words = ["npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", ".", *PACKAGES]
    return _installed("typescript", " ".join(PACKAGES), words).parent / "node_modules" / ".bin"


def _installed(name: str, pins: str, *steps: list[str]) -> Path:
    """Install into a folder that stays for the next run; a change of the pins does it anew."""
    folder = CACHE / name
    mark = folder / "pins"
    folder.mkdir(parents=True, exist_ok=True)
    if not mark.exists() or mark.read_text() != pins:
        for step in steps:
            try:
                done = run(*step, cwd=folder)
            except FileNotFoundError:
                _unavailable(f"{step[0]} is not installed")
            if done.returncode != 0:
                _unavailable(f"{' '.join(step)}: {done.stderr[-1000:]}")
        mark.write_text(pins)
    return folder / "bin"


def _unavailable(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
