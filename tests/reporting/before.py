"""A last commit that is told and not made: what git and DVC would give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from src.reporting.earlier import Earlier


class Before(Earlier):
    """The commit with these files (as their JSON) and these outputs (where they lie now)."""

    def __init__(
        self, files: Mapping[str, Any] | None = None, folders: Mapping[str, Path] | None = None
    ) -> None:
        self.commit = "c" * 40
        self._files = files or {}
        self._folders = folders or {}

    def json(self, path: Path) -> dict[str, Any] | None:
        return self._files.get(path.as_posix())

    def folder(self, path: Path) -> Path | None:
        return self._folders.get(path.as_posix())


def entry(champion: str | None = "linear", mean: float = 254.5, **changes: Any) -> dict[str, Any]:
    """Return a dataset's part of champions.json."""
    if champion is None:
        return {"champion": None, "refused": {"linear": "mae 900 is above 500"}, **changes}
    return {
        "champion": champion,
        "metric": "mae",
        "cv": {"mean": mean, "std": 2.5},
        "test": {"mae": mean + 1, "r2": 0.9},
        "refused": {},
        **changes,
    }
