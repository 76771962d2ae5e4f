"""A model of its own: scores of records, and the link that makes answers of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from src.inference.cells import Cells
from src.inference.links import Answers
from src.inference.reasons.contributions import Added, Part
from src.inference.scalar_expressions import Record


class Scorer(Protocol):
    """Computes scores of records."""

    def scores(self, records: Sequence[Record]) -> np.ndarray:
        """Return scores of shape (rows, scores)."""

    def many(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column."""

    def added(self, record: Record, /) -> Added | None:
        """Return what each of the record's columns adds to the scores; None if unknown."""


@dataclass(frozen=True)
class Reasons:
    """An answer as a sum: a base, and what each part of a record adds to it."""

    base: float
    amounts: list[tuple[Part, float]]


class Model(Protocol):
    """Answers records, and tells what its answers are made of."""

    def output(self, records: Sequence[Record]) -> np.ndarray:
        """Return values of shape (rows,), or probabilities of shape (rows, classes)."""

    def output_of(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column."""

    def reasons(self, record: Record, place: int | None) -> Reasons | None:
        """Return what makes the value, or the probability of the class there; None if unknown."""


class Scored:
    """The answers of one scorer."""

    def __init__(self, scorer: Scorer, answers: Answers) -> None:
        self.scorer, self._answers = scorer, answers

    def output(self, records: Sequence[Record]) -> np.ndarray:
        """Return values of shape (rows,), or probabilities of shape (rows, classes)."""
        return self._answers(self.scorer.scores(records))

    def output_of(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column."""
        return self._answers(self.scorer.many(cells))

    def reasons(self, record: Record, place: int | None) -> Reasons | None:
        """Return what makes the value, or the probability of the class there; None if unknown."""
        added = self.scorer.added(record)
        if added is None:
            return None
        base = float(of_class(self._answers(added.base[None]), place)[0])
        scores = np.array([part.scores for part in added.parts]).reshape(-1, len(added.base))
        slope = self._answers.slope(added.base, added.base + scores.sum(axis=0), place)
        return Reasons(base, list(zip(added.parts, (scores @ slope).tolist(), strict=True)))


def of_class(answers: np.ndarray, place: int | None) -> np.ndarray:
    """Return values, or the probabilities of one class, shape (rows,)."""
    return answers if place is None else answers[:, place]
