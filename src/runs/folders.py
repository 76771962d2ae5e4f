"""runs/: a folder for each training in this checkout."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from src.support import files

RUNS = Path("runs")
REQUEST = "request.json"  # written first
MANIFEST = "manifest.json"  # what came out, written last
BUNDLE = "bundle"
STUDY = "study.journal"


@dataclass(frozen=True)
class Run:
    """One training's folder: request.json, the search's study, and what came out."""

    path: Path

    @property
    def is_done(self) -> bool:
        """Tell whether the training finished."""
        return (self.path / MANIFEST).is_file() or (self.path / BUNDLE / MANIFEST).is_file()

    def request(self) -> dict[str, Any]:
        """Return the request: start time, configuration, and tracked run or None."""
        return _read(self.path / REQUEST)

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of the bundle."""
        inner = self.path / BUNDLE / MANIFEST
        return _read(inner if inner.is_file() else self.path / MANIFEST)


def start(dataset: str, model: str, request: dict[str, Any]) -> Run:
    """Create the folder runs/<dataset>/<time>-<model>-<id>/ and write the request."""
    now = datetime.now(UTC)
    stem = f"{now:%Y%m%dT%H%M%SZ}-{model}-{secrets.token_hex(3)}"
    run = Run(RUNS / dataset / stem)
    started = now.isoformat(timespec="seconds")
    files.write_json(run.path / REQUEST, {"started": started, **request})
    return run


def every() -> Iterator[Run]:
    """Yield every run of this checkout, newest first."""
    paths = [path.parent for path in RUNS.glob(f"*/*/{REQUEST}")]
    for path in sorted(paths, key=lambda path: path.name, reverse=True):
        yield Run(path)


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty if the file is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
