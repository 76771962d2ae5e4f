"""A bundle that is open: its model, and all that makes an answer of what the model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.inference import classes, parity
from src.inference import predictor as predictors
from src.inference.guard import Guard
from src.inference.interval import Interval
from src.inference.past import Past
from src.inference.predictor import Predictor
from src.inference.reasons.causes import Causes
from src.support import extras
from src.support.structs import convert

PICKLED = "This model has no export: it answers only where what trained it is installed."


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Everything that an answer needs of one bundle."""

    dataset: Dataset
    predictor: Predictor
    interval: Interval
    decision: Decision
    past: Past | None  # of a dataset that looks into it
    classes: list[Any] | None  # as the dataset writes them
    causes: Causes  # features that are one reason together
    guard: Guard


def open_bundle(path: Path, manifest: Mapping[str, Any]) -> Opened:
    """Open a bundle; every byte is the one that was trained, and it answers as it did then.

    Raises UserError where that is not so.
    """
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")
    decision = Decision.of(manifest)
    try:
        predictor = predictors.load(path, manifest)
    except ModuleNotFoundError as error:
        raise extras.absent(error.name or str(error), PICKLED) from None
    parity.check_golden(predictor, path, manifest)
    named = classes.of(manifest, dataset)
    return Opened(
        dataset=dataset,
        predictor=predictor,
        interval=Interval.from_manifest(manifest["interval"], list(dataset.features)),
        decision=decision,
        past=Past.load(path, manifest, dataset),
        classes=named,
        causes=manifest["details"].get("causes") or {},
        guard=Guard(dataset, manifest.get("learnt"), named, decision),
    )
