"""A fresh checkout of the project, for tests that type what a person or an automation types."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MINUTES = 30 * 60
NAMED = {"NAME": "Test", "EMAIL": "test@example.com"}


def run(folder: Path, *words: str, code: int = 0, **environment: str) -> str:
    """Run a command of this environment in a folder; return what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    known = {**os.environ, "PATH": path, **_who(), **environment}
    known.pop("PYTHONPATH", None)
    done = subprocess.run(
        words, cwd=folder, env=known, capture_output=True, text=True, check=False, timeout=MINUTES
    )
    assert done.returncode == code, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def copied(folder: Path) -> Path:
    """Copy what git would track, as it stands in the working tree, and commit it."""
    listed = run(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--message", "as it is")
    return folder


def stages(output: str) -> list[str]:
    """List the stages that a repro ran, or took from the cache of what ran before."""
    found = re.findall(r"^(?:Running stage|Stage) '(\S+)'(?::| is cached)", output, re.MULTILINE)
    return list(dict.fromkeys(found))


def installed(folder: Path, *stamps: str) -> None:
    """Give a checkout an environment that is this one, and that make takes for its own.

    Its folder is of its own, so that nothing can be installed into this one.
    """
    environment = folder / ".venv"
    (environment / "bin").mkdir(parents=True)
    for path in (Path(sys.prefix) / "bin").iterdir():
        if not path.name.startswith("."):
            (environment / "bin" / path.name).symlink_to(path)
    for name in ("pyvenv.cfg", "lib", "lib64"):
        if (Path(sys.prefix) / name).exists():
            (environment / name).symlink_to(Path(sys.prefix) / name)
    for stamp in stamps:
        (environment / "bin" / stamp).touch()


def _who() -> dict[str, str]:
    return {
        f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in NAMED.items()
    }
