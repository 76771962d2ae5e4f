"""A version that is loaded and ready to answer."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from app.records import target_keys
from app.records.records import Records
from app.registry import store
from app.registry.datasets import examples
from app.registry.store import Registered
from app.store.redaction import NOTHING_HIDDEN, Redaction
from src.data.features import as_json
from src.data.schema import Dataset
from src.inference import opened, parity
from src.inference.opened import Opened
from src.inference.similar import Similar


@dataclass(frozen=True, kw_only=True)
class LoadedVersion(Opened):
    """Everything that an answer of the service needs of one version."""

    version: Registered
    records: Records
    similar: Similar | None
    model: dict[str, Any]  # what an answer says of the model
    golden: list[dict[str, Any]]  # held-out records and the model's output: rows of the data
    made: list[dict[str, Any]]  # records that are no rows, for those who may not see any

    @property
    def predicted(self) -> str:
        """Return the key of the prediction in an answer."""
        return target_keys.in_answers(self.dataset.target.name, self.dataset.task)

    def example(self, at: int = 0, *, is_real: bool = False) -> dict[str, Any]:
        """Return a record as it can be posted: one that was made, or a held-out one."""
        if not is_real:
            return self.made[at % len(self.made)]
        record = self.golden[at % len(self.golden)]["record"]
        return {name: value for name, value in record.items() if value is not None}

    def examples(self, *, is_real: bool = False) -> list[dict[str, Any]]:
        """Return some records, the first one first."""
        some = min(examples.SOME, len(self.golden)) if is_real else len(self.made)
        return [self.example(at, is_real=is_real) for at in range(some)]

    def example_label(self, *, is_real: bool = False) -> dict[str, Any]:
        """Return the first example with a target as a label: the one that the model gives it."""
        example = self.example(is_real=is_real)
        (output,) = self.predictor.output(self.values(example)).tolist()
        target = self.dataset.target
        if self.classes is not None:
            output = self.classes[self.decision.called_one(output)]
        elif not math.isfinite(output) or not target.hold(output):  # of a linear model
            output = next(filter(target.hold, examples.within(target)), output)
        return {**example, target.name: output}

    def values(self, record: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return a record as the model takes it, in a list."""
        return self.records.decode(msgspec.json.encode(record)).values


def load(
    version: Registered,
    var: Path,
    *,
    most_records: int,
    longest_text: int,
    redaction: Redaction = NOTHING_HIDDEN,
) -> LoadedVersion:
    """Load a version; every byte is the one that was trained, and it answers as it did then.

    What rows have in hidden columns takes no part in its examples.
    Raises UserError where that is not so.
    """
    store.check(version, var)
    path, manifest = version.path(var), version.manifest
    own = opened.open_bundle(path, manifest)
    dataset = own.dataset
    records = Records(dataset, most=most_records, longest_text=longest_text)
    made = examples.made(records, dataset, own.predictor.typical, manifest.get("learnt"), redaction)
    golden = [
        {**one, "record": as_json(dataset.features, one["record"])}
        for one in json.loads((path / parity.GOLDEN).read_bytes())
    ]
    return LoadedVersion(
        **vars(own),
        version=version,
        records=records,
        similar=Similar.load(path, manifest) if _may_be_similar(dataset, redaction) else None,
        model={"name": version.model, "version": version.number},
        golden=_without(golden, redaction, made[0]),
        made=made,
    )


def _may_be_similar(dataset: Dataset, redaction: Redaction) -> bool:
    """Tell whether rows are looked up: where they are alike tells what they have in a column."""
    how = dataset.similar
    return how is not None and not any(map(redaction.hides, (*how.same, how.nearest)))


def _without(
    golden: list[dict[str, Any]], redaction: Redaction, made: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return held-out records with made values in hidden columns."""
    return [
        {
            **one,
            "record": {
                name: made.get(name) if redaction.hides(name) else value
                for name, value in one["record"].items()
            },
        }
        for one in golden
    ]
