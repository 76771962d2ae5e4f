"""A bundle that is ready to score: its model, and what is told of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.inference import bundle, classes, parity
from src.inference import predictor as predictors
from src.inference.answer_cells import AnswerCells
from src.inference.guard import Guard
from src.inference.interval import Interval
from src.inference.past import Past
from src.inference.predictor import Predictor
from src.inference.reasons.causes import Causes
from src.support import extras
from src.support.errors import UserError
from src.support.structs import convert

PICKLED = "This bundle has no export: it scores only where what trained it is installed."


@dataclass(frozen=True)
class Version:
    """What scoring needs of a bundle; `seal` is the hash of its manifest."""

    path: Path
    seal: str
    manifest: dict[str, Any]
    dataset: Dataset
    predictor: Predictor
    interval: Interval
    decision: Decision
    past: Past | None
    classes: list[Any] | None
    causes: Causes
    guard: Guard
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
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")
    decision = Decision.of(manifest)
    try:
        predictor = predictors.load(path, manifest)
    except ModuleNotFoundError as error:
        raise extras.absent(error.name or str(error), PICKLED) from None
    parity.check_golden(predictor, path, manifest)
    named = classes.of(manifest, dataset)
    return Version(
        path=path,
        seal=found,
        manifest=manifest,
        dataset=dataset,
        predictor=predictor,
        interval=Interval.from_manifest(manifest["interval"], list(dataset.features)),
        decision=decision,
        past=Past.load(path, manifest, dataset),
        classes=named,
        causes=manifest["details"].get("causes") or {},
        guard=Guard(dataset, manifest.get("learnt"), named, decision),
        cells=AnswerCells(dataset, decision),
    )
