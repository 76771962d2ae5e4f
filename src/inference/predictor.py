"""Predict records with a trained model: its export as plain data, else its pickle."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.data.features import Integer, Number, as_json
from src.data.schema import Dataset
from src.inference import bundle, columns
from src.inference.blend import Blend
from src.inference.cells import Cells
from src.inference.linear import Linear
from src.inference.links import Answers
from src.inference.reasons.contributions import Added
from src.inference.reasons.explanation import Contribution, Explanation, Sharing, exact
from src.inference.reasons.sampled_shapley import sampled
from src.inference.scalar_expressions import Record
from src.inference.scored import Model, Scored, Scorer, of_class
from src.inference.tree_models.forest import Forest
from src.inference.tree_models.trees import Trees
from src.support.errors import unknown
from src.support.structs import convert

SPEC, ARRAYS = "predictor.json", "predictor.npz"
Arrays = Mapping[str, np.ndarray]
Read = Callable[[str], bytes]  # a file of a bundle, by name


class Predictor:
    """Predict and explain records; thread-safe.

    A record is a tuple in the order of `dataset.features`, with None for what is missing. Numbers
    are floats or ints, categories are strings as the schema spells them.
    """

    def __init__(self, dataset: Dataset, spec: Mapping[str, Any], model: Model) -> None:
        self.dataset = dataset
        self.kind: str = spec["kind"]
        self.classes: list[str] | None = spec["classes"]
        self.model = model
        self.typical: dict[str, Any] = spec["typical"]  # value of each feature; None for a text
        self._sharing = Sharing(dataset, self.typical)

    def output(self, records: Sequence[Record]) -> np.ndarray:
        """Predict records: values of shape (rows,), or probabilities of shape (rows, classes)."""
        if not records:
            return np.empty(0 if self.classes is None else (0, len(self.classes)))
        return self.model.output(records)

    def output_of(self, cells: Cells) -> np.ndarray:
        """Predict records by column, by the way of many: alone a record has the same digits."""
        return self.model.output_of(cells)

    def explain(self, record: Record, target: str | None = None) -> Explanation:
        """Explain what each feature adds to the answer, or to the probability of a class.

        The class is the likeliest one where none is asked for. The first explanation of a model of
        trees takes a tenth of a second longer.
        """
        answer = self.output([record])
        place = self._place(answer[0], target)
        name = None if place is None or self.classes is None else self.classes[place]
        value = float(of_class(answer, place)[0])
        reasons = self.model.reasons(record, place)
        if reasons is None:
            return exact(Explanation("sampled", *self._sampled(record, place, value), name))
        contributions = self._sharing.contributions(record, reasons.amounts)
        return exact(Explanation(self.kind, reasons.base, value, contributions, name))

    def _sampled(
        self, record: Record, place: int | None, value: float
    ) -> tuple[float, float, list[Contribution]]:
        """Return base, value and contributions by sampling, for models of any kind."""
        typical = tuple(self.typical[feature] for feature in self.dataset.features)
        base, amounts = sampled(
            lambda records: of_class(self.output(records), place), typical, record
        )
        features = self.dataset.features
        values = as_json(features, dict(zip(features, record, strict=True)))
        added = dict(zip(features, amounts, strict=True))
        learnt = self.dataset.learnt()
        return base, value, [Contribution(one, values[one], added[one]) for one in learnt]

    def _place(self, answer: np.ndarray, target: str | None) -> int | None:
        if self.classes is None:
            return None
        if target is None:
            return int(answer.argmax())
        if target not in self.classes:
            raise unknown("class", target, self.classes)
        return self.classes.index(target)


class Pickled:
    """Scores of a model without an export, which needs scikit-learn and pandas."""

    def __init__(self, path: Path, dataset: Dataset, manifest: Mapping[str, Any]) -> None:
        import pandas as pd

        self._make: Callable[..., Any] = pd.DataFrame
        self._dataset = dataset
        self._model = bundle.load_model(path, manifest)

    def scores(self, records: Sequence[Record]) -> np.ndarray:
        """Return answers as scores, since no link follows."""
        columns = list(zip(*records, strict=True))
        frame = self._make(
            {
                name: np.array(
                    columns[at], dtype=float if isinstance(feature, Number | Integer) else object
                )
                for at, (name, feature) in enumerate(self._dataset.features.items())
            }
        )
        output: np.ndarray = np.asarray(self._model.output(frame))
        return output.reshape(len(records), -1)

    def many(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column."""
        return self.scores(cells.records())

    def added(self, _: Record) -> Added | None:
        """Return None, since the estimator may be of any kind."""
        return None


def load(path: Path, manifest: Mapping[str, Any]) -> Predictor:
    """Load the predictor of a bundle; every file is checked against the manifest before use."""
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")

    def read(name: str) -> bytes:
        return bundle.verified(path, name, manifest)

    spec = json.loads(read(SPEC))
    if spec["kind"] == "pickled":
        return Predictor(dataset, spec, _scored(spec, Pickled(path, dataset, manifest)))
    return build(dataset, read)


def build(dataset: Dataset, read: Read) -> Predictor:
    """Build the predictor of an export from its files, by name."""
    spec = json.loads(read(SPEC))
    with np.load(io.BytesIO(read(ARRAYS)), allow_pickle=False) as packed:
        arrays = {name: packed[name] for name in packed.files}
    return Predictor(dataset, spec, _model(dataset, spec, arrays, read))


def _model(dataset: Dataset, spec: Mapping[str, Any], arrays: Arrays, read: Read) -> Model:
    """Build what an export describes; of a blend each part's arrays have a name of their own."""
    if spec["kind"] == "mean":
        parts = []
        for part in spec["parts"]:
            own = {
                name.removeprefix(part["prefix"]): array
                for name, array in arrays.items()
                if name.startswith(part["prefix"])
            }
            parts.append(_model(dataset, part, own, read))
        return Blend(parts, spec["weights"])
    described = columns.build(spec, arrays, dataset)
    if spec["kind"] != "trees":
        return _scored(spec, Linear.build(described, arrays))
    members = [read(name) for name in spec["boosters"]]
    # Those of earlier days are all XGBoost's.
    averaged = spec.get("averaged", len(members) if spec["members"] == 1 else 1)
    absent = 0.0 if spec.get("absent") == "zero" else math.nan
    return _scored(spec, Forest(Trees.build(arrays, averaged, absent), described, members))


def _scored(spec: Mapping[str, Any], scorer: Scorer) -> Scored:
    return Scored(scorer, Answers(spec["link"], spec["members"], spec.get("straightened")))
