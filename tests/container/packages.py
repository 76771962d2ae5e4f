"""How this machine's pip finds packages, for a build that has to find them the same way."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.container.chroots import Bind


def secret(path: Path) -> list[Bind]:
    """Write pip's settings to a file for a build; return the places of this machine in them."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    values = settings(done.stdout)
    parser = configparser.RawConfigParser()
    parser["global"] = values
    path.touch(mode=0o600)  # an index may be named with its password
    with path.open("w", encoding="utf-8") as file:
        parser.write(file)
    places = {place for value in values.values() for place in _places(value)}
    return [Bind(place, str(place)) for place in sorted(places)]


def settings(listed: str) -> dict[str, str]:
    """Return what `pip config list` shows, key by key; the environment's word is the last."""
    lines = [line.partition("=") for line in listed.splitlines() if "=" in line]
    lines.sort(key=lambda line: line[0].startswith(":env:"))
    return {name.rpartition(".")[2]: ast.literal_eval(value) for name, _, value in lines}


def _places(value: str) -> list[Path]:
    """Return the files and folders of this machine among the words of a value."""
    found = [Path(urlsplit(word).path) for word in value.split() if _is_local(word)]
    # The pages of an index, which are in its `simple`, lead to files beside that.
    found = [path.parent if path.name == "simple" else path for path in found]
    return [path for path in found if path.exists()]


def _is_local(word: str) -> bool:
    return word.startswith(("/", "file:///"))
