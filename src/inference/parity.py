"""Check that a predictor gives the answers of the fitted model."""

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
ALONE = 200  # records that are also predicted one by one, by other code


def check_golden(predictor: Predictor, path: Path, manifest: Mapping[str, Any]) -> None:
    """Raise UserError if a predictor answers a stored record unlike the fitted model."""
    golden = json.loads(bundle.verified(path, GOLDEN, manifest))
    names = list(predictor.dataset.features)
    records = [tuple(one["record"][name] for name in names) for one in golden]
    expected = np.array([one["output"] for one in golden])
    answers = np.array([predictor.output([record])[0] for record in records])
    for at, gap in enumerate(_gaps(predictor, answers, expected)):
        if not gap <= allowed(predictor):  # NaN is no answer either
            raise UserError(
                f"The model answers stored record {at + 1} of {len(golden)} otherwise than when it "
                "was trained.",
                given=f"{_words(answers[at])} and not {_words(expected[at])}, in {path}",
                fix="install the versions that the bundle's manifest names, or train again",
            )


def allowed(predictor: Predictor) -> float:
    """Return the tolerance: relative for values, absolute for probabilities."""
    return CLOSE_VALUES if predictor.classes is None else CLOSE_PROBABILITIES


def largest(predictor: Predictor, records: Sequence[Record], expected: np.ndarray) -> float:
    """Return the largest difference over all records at once, and over some of them one by one."""
    together = predictor.output(records)
    alone = together.copy()
    for at in np.unique(np.linspace(0, len(records) - 1, ALONE).round().astype(int)):
        alone[at] = predictor.output([records[at]])[0]
    gap = float(max(_gaps(predictor, answers, expected).max() for answers in (together, alone)))
    return gap if math.isfinite(gap) else math.inf


def _gaps(predictor: Predictor, answers: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return the difference of each answer; shape (rows,).

    A value's difference is relative to its own size or the typical one, whichever is larger, since
    near zero no digits are left to compare.
    """
    gaps = np.abs(answers - expected)
    if predictor.classes is not None:
        return np.asarray(gaps.max(axis=1))
    sizes = np.abs(expected)
    return np.asarray(gaps / np.maximum(sizes, max(np.median(sizes), np.finfo(float).tiny)))


def _words(answer: np.ndarray) -> str:
    return ", ".join(f"{value:.7g}" for value in np.atleast_1d(answer))
