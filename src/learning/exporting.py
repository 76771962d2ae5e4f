"""Export a trained model as plain data, which a service reads without the training libraries.

predictor.json     the columns, and how scores become answers
predictor.npz      numbers: tables of levels, weights of words, trees or coefficients
member<k>.ubj      XGBoost's own file of each member

Of a blend each model's arrays and files start with part<n>_.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category, Integer, Number, Text, in_json
from src.data.schema import Dataset
from src.learning import scores
from src.learning.blended import Blended
from src.learning.encoding import MISSING
from src.learning.recipe import Fitted
from src.support import files

SPEC, ARRAYS, GOLDEN = "predictor.json", "predictor.npz", "golden.json"
MOST_GOLDEN = 20
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Exported:
    """An exported model: a description, arrays, and libraries' own files."""

    spec: dict[str, Any]
    arrays: Arrays
    boosters: dict[str, bytes]

    def files(self) -> dict[str, bytes]:
        """Return the files of an export; the same model gives the same bytes."""
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **self.arrays)
        spec = files.json_bytes(self.spec)
        return {SPEC: spec, ARRAYS: packed.getvalue(), **self.boosters}


def export(fitted: Fitted | Blended, dataset: Dataset, train: pd.DataFrame) -> Exported | None:
    """Describe a model fitted on `train`; None if one of its estimators is not supported.

    That is not an error: the bundle then answers through the pickled model.
    """
    made = _blend(fitted, train) if isinstance(fitted, Blended) else _single(fitted, train)
    if made is None:
        return None
    common = {"classes": fitted.classes, "typical": typical(train, dataset)}
    return replace(made, spec={**made.spec, **common})


def _single(fitted: Fitted, train: pd.DataFrame) -> Exported | None:
    scored = scores.read(fitted)
    if scored is None:
        return None
    arrays: Arrays = dict(scored.arrays)
    parts = _parts(fitted, arrays) if scored.uses_columns else []
    if scored.uses_columns and scored.spec["kind"] == "linear":
        matrix = fitted.encoder.transform(train)
        arrays["means"] = np.asarray(matrix.mean(axis=0), dtype=np.float64).ravel()
    return Exported({**scored.spec, "missing": MISSING, "columns": parts}, arrays, scored.boosters)


def _blend(blended: Blended, train: pd.DataFrame) -> Exported | None:
    """Describe each member, with names of its own for its arrays and files."""
    spec: dict[str, Any] = {"kind": "mean", "weights": [part.weight for part in blended.parts]}
    spec["parts"] = []
    arrays: Arrays = {}
    boosters: dict[str, bytes] = {}
    for number, part in enumerate(blended.parts):
        made = _single(part.fitted, train)
        if made is None:
            return None
        prefix = f"part{number}_"
        own: dict[str, Any] = {"name": part.name, "prefix": prefix}
        if made.boosters:
            own["boosters"] = [prefix + name for name in made.spec["boosters"]]
        spec["parts"].append({**made.spec, **own})
        arrays |= {prefix + name: array for name, array in made.arrays.items()}
        boosters |= {prefix + name: data for name, data in made.boosters.items()}
    return Exported(spec, arrays, boosters)


def unexported(fitted: Fitted | Blended, dataset: Dataset, train: pd.DataFrame) -> dict[str, bytes]:
    """Return the file of a bundle that has no export."""
    spec = {
        "kind": "pickled",
        "link": "identity" if fitted.classes is None else "probabilities",
        "members": 1,  # averaged already
        "classes": fitted.classes,
        "typical": typical(train, dataset),
    }
    return {SPEC: files.json_bytes(spec)}


def golden(rows: pd.DataFrame, output: np.ndarray, dataset: Dataset) -> bytes:
    """Return a few held-out records, evenly spread, and the fitted model's answers.

    A service must reproduce these answers before it serves the bundle.
    """
    number = min(MOST_GOLDEN, len(rows))
    chosen = np.linspace(0, len(rows) - 1, number).round().astype(int)
    names = list(dataset.features)
    kept = [
        {"record": dict(zip(names, record, strict=True)), "output": answer}
        for record, answer in zip(
            records(rows.iloc[chosen], dataset), output[chosen].tolist(), strict=True
        )
    ]
    return files.json_bytes(kept)


def typical(train: pd.DataFrame, dataset: Dataset) -> dict[str, Any]:
    """Return each feature's typical value: the median, the middle rank or the commonest level.

    For text it is None, the absence of words.
    """
    values: dict[str, Any] = {}
    kinds = dataset.features.items()
    medians = train[[name for name, one in kinds if isinstance(one, Number | Integer)]].median()
    for name, feature in kinds:
        if name in medians:
            values[name] = None if np.isnan(medians[name]) else float(medians[name])
            continue
        cells = train[name].dropna()
        if isinstance(feature, Text) or cells.empty:
            values[name] = None
        elif isinstance(feature, Category) and feature.order is not None:
            levels = sorted(map(str, cells), key=feature.ranks().__getitem__)
            values[name] = levels[len(levels) // 2]
        else:
            counts = cells.astype(object).value_counts()
            values[name] = min(counts.index[counts == counts.max()])
    return values


def records(rows: pd.DataFrame, dataset: Dataset) -> list[tuple[Any, ...]]:
    """Convert typed rows to records: tuples in feature order, with None for missing values."""
    cells = rows[list(dataset.features)].astype(object)
    return [tuple(row) for row in cells.where(cells.notna(), None).to_numpy().tolist()]


def shown(records: list[tuple[Any, ...]], dataset: Dataset) -> list[tuple[Any, ...]]:
    """Convert records to values as JSON has them: dates as ISO text, booleans as such."""
    converts = [in_json(feature) for feature in dataset.features.values()]
    if not any(converts):
        return records
    return [
        tuple(
            value if value is None or convert is None else convert(value)
            for value, convert in zip(record, converts, strict=True)
        )
        for record in records
    ]


def _parts(fitted: Fitted, arrays: Arrays) -> list[dict[str, Any]]:
    """Describe the parts of the encoder in the order of their columns."""
    parts = []
    for number, (name, part) in enumerate(fitted.encoder.parts()):
        if hasattr(part, "vocabulary_"):
            parts.append(_words(name, part, number, arrays))
        elif (levels := _levels(part)) is not None:
            parts.append(_table(name, part, levels, number, arrays))
        else:
            parts.append({"kind": "number", "name": name, **_scaling(part)})
    return parts


def _steps(part: Any) -> list[Any]:
    return [step for _, step in part.steps] if hasattr(part, "steps") else [part]


def _levels(part: Any) -> list[str] | None:
    """Return the levels that an encoder of categories knows; None for an encoder of numbers."""
    categories = getattr(_steps(part)[0], "categories_", None)
    return None if categories is None else [str(level) for level in categories[0]]


def _table(name: str, part: Any, levels: list[str], number: int, arrays: Arrays) -> dict[str, Any]:
    """Tabulate how an encoder encodes each level and an unknown one.

    An encoder that refuses unknown levels has a schema that lists them all, so none gets this far.
    If one did, it would be encoded as all zeros.
    """
    encoded = _encoded(part, name, levels)
    stranger = "".join(["?", *levels])  # longer than each of them, so none of them
    try:
        other = _encoded(part, name, [stranger])
    except ValueError:
        other = np.zeros((1, encoded.shape[1]))
    rows, position = np.unique(np.vstack([encoded, other]), axis=0, return_inverse=True)
    arrays[f"levels{number}"] = rows
    *at, unknown = position.ravel().tolist()
    return {
        "kind": "levels",
        "name": name,
        "levels": levels,
        "rows": at,
        "unknown": unknown,
        "array": f"levels{number}",
    }


def _encoded(part: Any, name: str, levels: list[str]) -> np.ndarray:
    matrix = part.transform(pd.DataFrame({name: pd.Series(levels, dtype=object)}))
    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return np.asarray(dense, dtype=np.float64)


def _scaling(part: Any) -> dict[str, float | None]:
    """Return the fill value, mean and scale of a numeric encoder."""
    steps = {"fill": part.fill_, "mean": part.mean_, "scale": part.scale_}
    return {name: None if values is None else float(values[0]) for name, values in steps.items()}


def _words(name: str, part: Any, number: int, arrays: Arrays) -> dict[str, Any]:
    """Describe a text vectorizer: its words by column, and their weights."""
    is_weighted = hasattr(part, "idf_")
    if is_weighted:
        arrays[f"idf{number}"] = np.asarray(part.idf_, dtype=np.float64)
    stop = part.get_stop_words()
    return {
        "kind": "words",
        "name": name,
        "ngrams": list(part.ngram_range),
        "stop": sorted(stop) if stop else [],
        "sublinear": bool(is_weighted and part.sublinear_tf),
        "idf": f"idf{number}" if is_weighted else None,
        "vocabulary": sorted(part.vocabulary_, key=part.vocabulary_.__getitem__),
    }
