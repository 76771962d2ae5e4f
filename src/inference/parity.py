"""Whether a predictor answers as the fitted model does."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.inference import bundle
from src.inference.predictor import Predictor
from src.inference.scalar_expressions import Record
from src.support.errors import UserError

GOLDEN = "golden.json"
# As near as single precision comes: relative for values, absolute for probabilities.
CLOSE_VALUES, CLOSE_PROBABILITIES = 1e-4, 1e-5
ALONE = 200  # records that are also asked one at a time, which goes another way


def check_golden(predictor: Predictor, path: Path, manifest: Mapping[str, Any]) -> None:
    """Raise UserError where a predictor answers a stored record otherwise than the fitted model."""
    golden = json.loads(bundle.verified(path, GOLDEN, manifest))
    names = list(predictor.dataset.features)
    records = [tuple(one["record"][name] for name in names) for one in golden]
    expected = np.array([one["output"] for one in golden])
    found = np.array([predictor.output([record])[0] for record in records])
    for at, gap in enumerate(_gaps(predictor, found, expected)):
        if not gap <= allowed(predictor):  # NaN is no answer either
            raise UserError(
                f"The model answers stored record {at + 1} of {len(golden)} otherwise than when it "
                "was trained.",
                given=f"{_words(found[at])} and not {_words(expected[at])}, in {path}",
                fix="install the versions that the bundle's manifest names, or train again",
            )


def allowed(predictor: Predictor) -> float:
    """Return the largest difference that is none: a share of a value, or of a probability."""
    return CLOSE_VALUES if predictor.classes is None else CLOSE_PROBABILITIES


def largest(predictor: Predictor, records: Sequence[Record], expected: np.ndarray) -> float:
    """Return the largest difference over records, all at once and some of them alone."""
    together = predictor.output(records)
    alone = together.copy()
    for at in np.linspace(0, len(records) - 1, ALONE).round().astype(int):
        alone[at] = predictor.output([records[at]])[0]
    gap = float(max(_gaps(predictor, found, expected).max() for found in (together, alone)))
    return gap if math.isfinite(gap) else math.inf


def _gaps(predictor: Predictor, found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return how far off each answer is, shape (rows,).

    A value is measured against its own size or the usual one: near zero no digit is left to agree.
    """
    gaps = np.abs(found - expected)
    if predictor.classes is not None:
        return np.asarray(gaps.max(axis=1))
    sizes = np.abs(expected)
    return np.asarray(gaps / np.maximum(sizes, max(np.median(sizes), np.finfo(float).tiny)))


def _words(answer: np.ndarray) -> str:
    return ", ".join(f"{value:.7g}" for value in np.atleast_1d(answer))
