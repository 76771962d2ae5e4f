"""Held-out rows in a bundle: true and predicted values, and the costliest errors.

{"total": number of held-out rows, "sample": [row, ...], "worst": [row, ...]}; a row is
{"record": {...}, "actual": ..., "predicted": ..., "cost": ...}, for classes also the "probability"
of the predicted class and that of the "truth". The cost is the absolute error of a value, or how
improbable the model found the true class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.evaluation.decision import LIKELIEST, Decision
from src.evaluation.measures import rounded
from src.inference import bundle
from src.inference.scalar_expressions import Record

NAME = "held_out.json"
MOST, WORST = 500, 20
MOST_BYTES = 1_000_000  # of the sample: fewer rows if texts are long


def build(
    records: Sequence[Record],
    features: Sequence[str],
    truth: Sequence[Any],
    output: np.ndarray,
    classes: Sequence[str] | None,
    decision: Decision = LIKELIEST,
) -> bytes:
    """Write a representative sample of the rows, and those with the costliest errors.

    The sample is spread evenly by rank of the true value, so that it keeps the extremes. The same
    rows and answers give the same bytes.
    """
    if classes is None:
        judged = _values(truth, output)
    else:
        judged = _classes(truth, output, classes, decision)
    rows = [
        {"record": dict(zip(features, record, strict=True)), **one}
        for record, one in zip(records, judged, strict=True)
    ]
    ranked = sorted(range(len(rows)), key=lambda at: truth[at])
    dearest = sorted(range(len(rows)), key=lambda at: -rows[at]["cost"])[:WORST]
    number = min(MOST, len(rows), max(WORST, MOST_BYTES // _mean_size(rows)))
    chosen = np.linspace(0, len(rows) - 1, number).round().astype(int)
    document = {
        "total": len(rows),
        "sample": [rows[ranked[at]] for at in chosen],
        "worst": [rows[at] for at in dearest if rows[at]["cost"] > 0],
    }
    return _written(document)


def read(path: Path, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the held-out rows of a bundle; None if it predates them.

    Raises UserError if the file is not the one that was trained.
    """
    if NAME not in manifest["files"]:
        return None
    document: dict[str, Any] = json.loads(bundle.verified(path, NAME, manifest))
    return document


def _values(truth: Sequence[Any], output: np.ndarray) -> list[dict[str, Any]]:
    pairs = zip(map(float, truth), output.tolist(), strict=True)
    return [
        {"actual": actual, "predicted": rounded(value), "cost": rounded(abs(value - actual))}
        for actual, value in pairs
    ]


def _classes(
    truth: Sequence[Any], output: np.ndarray, classes: Sequence[str], decision: Decision
) -> list[dict[str, Any]]:
    best = decision.called(output)
    judged = []
    for actual, at, chances in zip(truth, best.tolist(), output.tolist(), strict=True):
        true = chances[classes.index(actual)]
        judged.append(
            {
                "actual": actual,
                "predicted": classes[at],
                "probability": rounded(chances[at]),
                "truth": rounded(true),
                # A correct class costs nothing, however sure the model was.
                "cost": 0.0 if classes[at] == actual else rounded(1 - true),
            }
        )
    return judged


def _mean_size(rows: Sequence[Any]) -> int:
    some = rows[:: max(1, len(rows) // MOST)]
    return max(1, len(_written(some)) // max(1, len(some)))


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
