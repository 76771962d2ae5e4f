"""A version that is loaded and ready to answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.records.records import Records
from app.registry.store import Registered
from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.inference import parity
from src.inference import predictor as predictors
from src.inference.causes import Causes
from src.inference.guard import Guard
from src.inference.interval import Interval
from src.inference.predictor import Predictor
from src.inference.similar import Similar
from src.support import extras
from src.support.errors import UserError
from src.support.structs import convert

RESERVED = (
    "distance",
    "id",
    "interval",
    "model",
    "probabilities",
    "probability",
    "record",
    "warnings",
    "why",
)
OF_DECISION = ("abstains", "threshold")  # in answers of versions that have a decision
SOME = 5  # examples
PICKLED = "This version has no export: it answers only where what trained it is installed."


@dataclass(frozen=True)
class LoadedVersion:
    """Everything that an answer needs of one version."""

    version: Registered
    dataset: Dataset
    records: Records
    predictor: Predictor
    interval: Interval
    decision: Decision
    similar: Similar | None
    classes: list[Any] | None  # as the dataset writes them
    model: dict[str, Any]  # what an answer says of the model
    golden: list[dict[str, Any]]  # held-out records and the model's output, to show how they look
    causes: Causes  # features that are one reason together
    guard: Guard

    def example(self, at: int = 0) -> dict[str, Any]:
        """Return a held-out record, as it can be posted."""
        record = self.golden[at % len(self.golden)]["record"]
        return {name: value for name, value in record.items() if value is not None}

    def examples(self) -> list[dict[str, Any]]:
        """Return some held-out records, the first one first."""
        return [self.example(at) for at in range(min(SOME, len(self.golden)))]

    def example_label(self) -> dict[str, Any]:
        """Return the first example with the target that the model gives it, as a label."""
        output = self.golden[0]["output"]
        if self.classes is not None:
            output = self.classes[self.decision.called_one(output)]
        return {**self.example(), self.dataset.target.name: output}


def load(version: Registered, var: Path, *, most_records: int, longest_text: int) -> LoadedVersion:
    """Load a version; every byte is the one that was trained, and it answers as it did then.

    Raises UserError where that is not so.
    """
    path, manifest = version.path(var), version.manifest
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")
    decision = Decision.of(manifest)
    of_decision = OF_DECISION if decision.threshold is not None else ()
    if dataset.target.name in (*RESERVED, *of_decision):
        raise UserError(
            f"An answer has a field '{dataset.target.name}' of its own.",
            given=f"the target of '{dataset.name}'",
            fix="give the target another name",
        )
    try:
        predictor = predictors.load(path, manifest)
    except ModuleNotFoundError as error:
        raise extras.absent(error.name or str(error), PICKLED) from None
    parity.check_golden(predictor, path, manifest)
    classes = _classes(manifest, dataset)
    return LoadedVersion(
        version=version,
        dataset=dataset,
        records=Records(dataset, most=most_records, longest_text=longest_text),
        predictor=predictor,
        interval=Interval.from_manifest(manifest["interval"], list(dataset.features)),
        decision=decision,
        similar=Similar.load(path, manifest) if dataset.similar else None,
        classes=classes,
        model={"name": version.model, "version": version.number},
        golden=json.loads((path / parity.GOLDEN).read_bytes()),
        causes=manifest["details"].get("causes") or {},
        guard=Guard(dataset, manifest.get("learnt"), classes, decision),
    )


def _classes(manifest: dict[str, Any], dataset: Dataset) -> list[Any] | None:
    """Return the classes in the order of the probabilities: 0 and 1 as the numbers they are."""
    names = manifest["details"].get("classes")
    if names is None:
        return None
    listed = {str(value): value for value in dataset.target.values or ()}
    if not listed and all(name.isdecimal() and str(int(name)) == name for name in names):
        listed = {name: int(name) for name in names}
    return [listed.get(name, name) for name in names]
