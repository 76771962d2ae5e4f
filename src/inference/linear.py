"""Scores of linear models: a bias plus a weighted sum of the columns."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.inference.cells import Cells
from src.inference.columns import Columns
from src.inference.reasons.contributions import Added, Part, of_columns, of_text
from src.inference.scalar_expressions import Record
from src.inference.text_columns import Words


@dataclass(frozen=True)
class Linear:
    """Compute the scores of linear models and of naive Bayes."""

    columns: Columns
    weights: np.ndarray  # (columns, scores)
    bias: np.ndarray  # (scores,)
    means: np.ndarray  # of the encoded training rows, (columns,)

    @classmethod
    def build(cls, columns: Columns, arrays: Mapping[str, np.ndarray]) -> Linear:
        """Build it from the arrays of the model; one without columns has no means."""
        means = arrays.get("means", np.empty(0))
        return cls(columns, arrays["weights"], arrays["bias"], means)

    def scores(self, records: Sequence[Record]) -> np.ndarray:
        """Return scores of shape (rows, scores)."""
        if not self.columns.width:
            return np.repeat(self.bias[None], len(records), axis=0)
        return self._with_words(self._weighed(self._dense(records)) + self.bias, records)

    def many(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column."""
        if not self.columns.width:
            return np.repeat(self.bias[None], cells.count, axis=0)
        scores = self._weighed(self.columns.matrix(cells)) + self.bias
        return self._with_words(scores, cells.records()) if self.columns.texts else scores

    def _with_words(self, scores: np.ndarray, records: Sequence[Record]) -> np.ndarray:
        """Add the words of texts to scores, in place."""
        for row, record in enumerate(records if self.columns.texts else ()):
            columns, values = self.columns.words(record)
            scores[row] += values @ self.weights[columns]
        return scores

    def _weighed(self, matrix: np.ndarray) -> np.ndarray:
        """Return the weighted sum of each row's columns, added up from the first to the last.

        The order in which BLAS adds depends on how many rows there are, and where one stands.
        """
        weights = self.weights[: self.columns.dense]
        if len(matrix) == 1 and len(weights):
            first: np.ndarray = np.add.accumulate(matrix[0][:, None] * weights)[-1:]
            return first
        scores = np.zeros((len(matrix), weights.shape[1]))
        for at, weight in enumerate(weights):
            scores += matrix[:, at, None] * weight
        return scores

    def _dense(self, records: Sequence[Record]) -> np.ndarray:
        if len(records) == 1:
            return np.array([self.columns.row(records[0])])
        return self.columns.matrix(Cells(records))

    @functools.cached_property
    def _of_means(self) -> dict[str, np.ndarray]:
        """Return what each text of the mean training row adds to the scores."""
        spans = {
            text.name: slice(text.first, text.first + text.width) for text in self.columns.texts
        }
        return {name: self.means[span] @ self.weights[span] for name, span in spans.items()}

    def added(self, record: Record) -> Added:
        """Return what each of the record's columns adds to the scores of the mean training row."""
        if not self.columns.width:
            return Added(self.bias, [])
        dense = self.columns.dense
        row = self._dense([record])[0]
        distance = (row - self.means[:dense])[:, None] * self.weights[:dense]
        base = self.bias + self.means[:dense] @ self.weights[:dense] + sum(self._of_means.values())
        parts = of_columns(self.columns, distance)
        for text in self.columns.texts:
            parts += self._words(text, record)
        return Added(base, parts)

    def _words(self, text: Words, record: Record) -> list[Part]:
        at, values = text.weigh(record)
        weights = self.weights[at]
        distance = (values - self.means[at])[:, None] * weights
        total = values @ weights - self._of_means[text.name]
        return of_text(text, record, lambda _: distance, total)
