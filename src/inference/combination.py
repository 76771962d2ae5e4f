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
from src.support.distances import Mahalanobis


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
        self._mahalanobis = Mahalanobis(np.array(learnt["covariance"], dtype=np.float64))
        self._whole = self._mahalanobis.whole

    def is_unusual(self, record: Record) -> bool:
        """Tell whether a record's numbers are unlike those of the training rows together.

        A number that is missing says nothing for or against it.
        """
        scores: list[float] = []  # as np.interp finds them, which costs more for one number
        for at, values, known in self._knots:
            value = record[at]
            if value is None:
                return bool(self.distances(self.scores(Cells([record])))[0] > self.threshold)
            place = bisect_right(values, value)
            if place == 0:
                scores.append(known[0])
            elif place == len(values):
                scores.append(known[-1])
            else:
                low, start = values[place - 1], known[place - 1]
                part = (value - low) / (values[place] - low)
                scores.append(start + part * (known[place] - start))
        whole = np.array(scores)
        return bool(self._whole.dot(whole).dot(whole) > self.threshold)

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
