"""How unlike the training rows a record's numbers are together, each of which may be usual.

Each number becomes its normal score, read from quantiles of the training rows, so that no unit, no
skew and no single wrong row counts for much. Of the scores it is Mahalanobis' distance, squared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from src.inference.cells import Cells
from src.inference.scalar_expressions import Record
from src.support.distances import MOST_PATTERNS, Mahalanobis


class Combination:
    """What was learnt of the numeric features together; thread-safe."""

    def __init__(self, learnt: Mapping[str, Any], names: Sequence[str]) -> None:
        """Take what `src.learning.combination` measured, for records with these features."""
        self.features: list[str] = learnt["features"]
        self.at = [names.index(name) for name in self.features]
        self.threshold: float = learnt["threshold"]
        self._values: list[list[float]] = learnt["values"]
        self._scores: list[list[float]] = learnt["scores"]
        self._knots = list(zip(self.at, self._values, self._scores, strict=True))
        self._lines = [(at, values, _lines(values, known)) for at, values, known in self._knots]
        self._mahalanobis = Mahalanobis(np.array(learnt["covariance"], dtype=np.float64))
        self._whole = self._mahalanobis.whole
        self._gapped: dict[tuple[int, ...], np.ndarray] = {}

    def is_unusual(self, record: Record) -> bool:
        """Tell whether a record's numbers are unlike those of the training rows together.

        A number that is missing says nothing for or against it.
        """
        return self.look(record)[0]

    def look(self, record: Record) -> tuple[bool, bool]:
        """Tell whether a record's numbers are unusual together, and whether each is within `ends`.

        A number that is missing is within them.
        """
        scores: list[float] = []  # as np.interp finds them, which costs more for one number
        gaps: tuple[int, ...] = ()
        is_within = True
        for at, values, lines in self._lines:
            value = record[at]
            if value is None:
                gaps += (len(scores),)
                scores.append(0.0)
                continue
            start, slope, known = lines[bisect_right(values, value)]
            if not slope:
                is_within = False
            scores.append(known + (value - start) * slope)
        whole = np.array(scores)
        inverse = self._inverse(gaps) if gaps else self._whole
        distance = inverse.dot(whole).dot(whole)
        if distance != distance:  # of an infinite number
            distance = self.distances(self.scores(Cells([record])))[0]
        return bool(distance > self.threshold), is_within

    def ends(self) -> dict[str, tuple[float, float]]:
        """Return the least and the highest value of each feature that scores tell apart."""
        pairs = zip(self.features, self._values, strict=True)
        return {name: (values[0], values[-1]) for name, values in pairs}

    def _inverse(self, gaps: tuple[int, ...]) -> np.ndarray:
        """Return the inverse for records that lack these numbers, with 0 for what they lack."""
        found = self._gapped.get(gaps)
        if found is None:
            pattern = np.zeros(len(self.at), dtype=bool)
            pattern[list(gaps)] = True
            found = np.zeros((len(self.at), len(self.at)))
            found[np.ix_(~pattern, ~pattern)] = self._mahalanobis.inverse(pattern)
            if len(self._gapped) < MOST_PATTERNS:
                self._gapped[gaps] = found
        return found

    def scores(self, cells: Cells) -> np.ndarray:
        """Return normal scores of shape (rows, features), NaN for what is missing."""
        scores = np.empty((cells.count, len(self.at)))
        for column, (at, values, known) in enumerate(self._knots):
            scores[:, column] = np.interp(cells.numbers(at), values, known)
        return scores

    def distances(self, scores: np.ndarray) -> np.ndarray:
        """Return the squared distance of each row of scores, from those that are not missing."""
        return self._mahalanobis.squared(scores)

    def oddest(self, record: Record) -> tuple[str, float]:
        """Return the feature that fits least to the others, and the value that would fit.

        At least one number is not missing.
        """
        scores = self.scores(Cells([record]))[0]
        pattern = np.isnan(scores)
        present = np.flatnonzero(~pattern)
        inverse, kept = self._mahalanobis.inverse(pattern), scores[present]
        pulled = inverse @ kept
        worst = int(np.argmax(np.abs(pulled) / np.sqrt(inverse.diagonal())))
        expected = kept[worst] - pulled[worst] / inverse[worst, worst]
        at = int(present[worst])
        return self.features[at], float(np.interp(expected, self._scores[at], self._values[at]))


def _lines(values: Sequence[float], known: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return where the line between each two knots starts, its slope, and its score there.

    There are two more, for what lies before the first knot and behind the last one.
    """
    slopes = np.diff(known) / np.diff(values)
    return [
        (0.0, 0.0, known[0]),
        *zip(values[:-1], slopes.tolist(), known[:-1], strict=True),
        (0.0, 0.0, known[-1]),
    ]
