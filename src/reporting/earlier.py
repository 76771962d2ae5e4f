"""The results of the last commit: metrics from git, data and bundles from DVC."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from src.config import paths
from src.support import git


class Earlier:
    """The commit that a retraining is compared with.

    Its outputs come from DVC's cache or remote; what neither has is None.
    """

    def __init__(self, folder: Path, commit: str = "HEAD") -> None:
        self.commit = git.ask("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
        self._folder = folder
        self._found: dict[Path, Path | None] = {}

    def json(self, path: Path) -> dict[str, Any] | None:
        """Return a committed JSON object; None if the commit has none."""
        try:
            value = json.loads(self.text(path) or "null")
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def champion(self, dataset: str) -> dict[str, Any] | None:
        """Return a dataset's entry in the committed champions; None if there is none."""
        entry = (self.json(paths.CHAMPIONS) or {}).get(dataset)
        return entry if isinstance(entry, dict) else None

    def folder(self, path: Path) -> Path | None:
        """Fetch a stage's output of that commit into a folder of its own."""
        if path not in self._found:
            self._found[path] = self._bring(path)
        return self._found[path]

    def text(self, path: Path) -> str | None:
        """Return a committed file; None if the commit has none."""
        return git.ask("show", f"{self.commit}:./{path.as_posix()}") if self.commit else None

    def _bring(self, path: Path) -> Path | None:
        place = self._folder / path
        if not self._is_output(path):
            return None
        try:
            self._tracked.get(path.as_posix(), str(place), recursive=True)
        except Exception:  # each kind of repository and of remote fails in its own way
            return None
        return place if place.is_dir() else None

    def _is_output(self, path: Path) -> bool:
        """Tell whether the commit's dvc.lock names a path, since asking DVC takes a second."""
        return f"path: {path.as_posix()}\n" in (self.text(Path("dvc.lock")) or "")

    @cached_property
    def _tracked(self) -> Any:
        """Open what DVC tracks in the commit, with the remotes of now.

        Asked for a commit alone, DVC finds neither a project that is a folder of its repository
        nor a remote by a relative path.
        """
        from dvc.api import DVCFileSystem
        from dvc.fs import GitFileSystem
        from dvc.repo import Repo

        now = Repo()
        tree = GitFileSystem(scm=now.scm, rev=self.commit)
        root = f"/{git.ask('rev-parse', '--show-prefix') or ''}".rstrip("/") or "/"
        return DVCFileSystem(Repo(root_dir=root, fs=tree, scm=now.scm, config=now.config))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that a stage wrote."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that a stage wrote."""
    value = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value
