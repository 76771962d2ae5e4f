"""A version that is loaded and ready to answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.records import Records
from app.store.versions import Registered
from src import extras
from src.checked import convert
from src.data.schema import Dataset
from src.errors import UserError
from src.inference import parity
from src.inference import predictor as predictors
from src.inference.interval import Interval
from src.inference.predictor import Predictor
from src.inference.similar import Similar

RESERVED = (
    "distance",
    "id",
    "interval",
    "model",
    "probabilities",
    "probability",
    "record",
    "warning",
    "why",
)
PICKLED = "This version has no export: it answers only where what trained it is installed."


@dataclass(frozen=True)
class Serving:
    """Everything that an answer needs of one version."""

    version: Registered
    dataset: Dataset
    records: Records
    predictor: Predictor
    interval: Interval
    similar: Similar | None
    classes: list[Any] | None  # as the dataset writes them
    model: dict[str, Any]  # what an answer says of the model
    golden: list[dict[str, Any]]  # held-out records, to show how one looks


def load(version: Registered, var: Path, *, most_records: int, longest_text: int) -> Serving:
    """Load a version; every byte is the one that was trained, and it answers as it did then.

    Raises UserError where that is not so.
    """
    path, manifest = version.path(var), version.manifest
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")
    if dataset.target.name in RESERVED:
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
    return Serving(
        version=version,
        dataset=dataset,
        records=Records(dataset, most=most_records, longest_text=longest_text),
        predictor=predictor,
        interval=Interval.from_manifest(manifest["interval"]),
        similar=Similar.load(path, manifest) if dataset.similar else None,
        classes=_classes(manifest, dataset),
        model={"name": version.model, "version": version.number},
        golden=[one["record"] for one in json.loads((path / parity.GOLDEN).read_bytes())],
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
