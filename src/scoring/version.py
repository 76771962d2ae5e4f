"""A bundle that is ready to score, and how its answers are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.inference import bundle, opened
from src.inference.answer_cells import AnswerCells
from src.inference.opened import Opened
from src.support.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Version(Opened):
    """What scoring needs of a bundle; `seal` is the hash of its manifest."""

    path: Path
    seal: str
    manifest: dict[str, Any]
    cells: AnswerCells

    def identity(self) -> dict[str, str]:
        """Return what a receipt says of it."""
        told = {key: self.manifest[key] for key in ("dataset", "model", "run", "created")}
        return {**told, "digest": self.seal}


def load(path: Path, seal: str | None = None) -> Version:
    """Load a bundle; every byte is the one that was trained, and it answers as it did then.

    Raises UserError where that is not so, or where it is not the one of the seal.
    """
    manifest, found = bundle.read_manifest(path), bundle.seal(path)
    if seal is not None and found != seal:
        raise UserError(
            "The bundle was replaced while rows were scored.",
            given=path,
            fix="start the command again: what was scored by the other one is told, and kept",
        )
    own = opened.open_bundle(path, manifest)
    cells = AnswerCells(own.dataset, own.decision)
    return Version(**vars(own), path=path, seal=found, manifest=manifest, cells=cells)
