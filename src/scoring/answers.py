"""Records -> columns of answers: what is predicted, how sure it is, its warnings and reasons."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src.inference.answer_cells import WARNINGS, WHY
from src.inference.cells import CodedCells
from src.inference.reasons.sentence import sentence
from src.scoring.version import Version

NOT_FINITE = "The model has no finite answer for this record"


@dataclass(frozen=True)
class Answers:
    """The columns of answers by name, without those of `broken` positions, which have none.

    `warned` counts warnings by code, and `outside` by feature those that name one.
    """

    columns: dict[str, Any]
    broken: np.ndarray
    warned: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)


def of(version: Version, cells: CodedCells, *, is_explained: bool = False) -> Answers:
    """Answer records as the service answers many of them, to the last digit."""
    with np.errstate(over="ignore", invalid="ignore"):  # it is seen by what comes out
        output = version.predictor.output_of(cells)
        make = _values if version.classes is None else _classes
        columns, finite = make(version, output, cells)
        if not finite.all():
            output, cells = output[finite], cells.take(finite)
            columns, _ = make(version, output, cells)
        found = version.guard.found(cells, output)
    told = [""] * cells.count
    for at, warnings in found.items():
        told[at] = version.cells.warnings(warnings)
    if is_explained:
        columns[WHY] = _why(version, cells, columns)
    columns[WARNINGS] = told
    every = [warning for warnings in found.values() for warning in warnings]
    return Answers(
        columns,
        np.flatnonzero(~finite),
        Counter(one["code"] for one in every),
        Counter(one["feature"] for one in every if "feature" in one),
    )


def _values(
    version: Version, output: np.ndarray, cells: CodedCells
) -> tuple[dict[str, Any], np.ndarray]:
    """Return numbers and the range that each is likely in, and which are finite."""
    low, high = version.interval.around_many(output, cells)
    columns = dict(zip(version.cells.names, (output, low, high), strict=True))
    return columns, np.isfinite(output) & np.isfinite(low) & np.isfinite(high)


def _classes(
    version: Version, output: np.ndarray, _: CodedCells
) -> tuple[dict[str, Any], np.ndarray]:
    """Return the chosen class, its probability and the likely ones, and which are finite."""
    classes, decision, told = version.classes, version.decision, version.cells
    assert classes is not None
    called = decision.called(output)
    columns: dict[str, Any] = {
        told.target: [classes[at] for at in called.tolist()],
        "probability": output[np.arange(len(output)), called],
        "likely": _sets(version, output),
    }
    if "threshold" in told.of_decision:
        columns["threshold"] = np.full(len(output), decision.threshold)
    if "abstains" in told.of_decision:
        columns["abstains"] = decision.abstains(output)
    return columns, np.isfinite(output.sum(axis=1))


def _sets(version: Version, output: np.ndarray) -> list[str]:
    """Write the likely classes of each row, each different set once."""
    assert version.classes is not None
    packed = np.packbits(version.interval.are_likely(output), axis=1)
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    different, places = np.unique(keys, return_inverse=True)
    bits = np.unpackbits(different.view(np.uint8).reshape(len(different), -1), axis=1)
    words = [
        version.cells.likely(version.classes[at] for at in np.flatnonzero(one)) for one in bits
    ]
    return [words[at] for at in places.tolist()]


def _why(version: Version, cells: CodedCells, columns: dict[str, Any]) -> list[str]:
    """Give the reasons for each answer in a sentence: of a class, those for the chosen one."""
    chosen = columns[version.cells.target]
    told = []
    for record, answer in zip(cells.records(), chosen, strict=True):
        target = None if version.classes is None else str(answer)
        explanation = version.predictor.explain(record, target)
        told.append(sentence(explanation, version.dataset, version.causes))
    return told
