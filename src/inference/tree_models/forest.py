"""Scores of boosted trees: one record by QuickScorer or a walk, many by XGBoost's own library."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from src.inference.cells import Cells
from src.inference.columns import Columns
from src.inference.reasons.contributions import Added, of_columns, of_text
from src.inference.scalar_expressions import Record
from src.inference.tree_models import quickscorer, xgboost_library
from src.inference.tree_models.level_walk import LevelWalk
from src.inference.tree_models.quickscorer import Tables
from src.inference.tree_models.tree_shap import Shapley
from src.inference.tree_models.trees import Trees
from src.inference.tree_models.xgboost_library import Booster

FEW = 32  # records; for more XGBoost is faster in spite of its fixed cost per call

Weighed = tuple[np.ndarray, np.ndarray]  # columns of words, and their weights


class Forest:
    """Compute the scores of records; thread-safe."""

    def __init__(self, trees: Trees, columns: Columns, members: list[bytes]) -> None:
        self.trees, self.columns = trees, columns
        kind = Tables if quickscorer.fit(trees, columns) else LevelWalk
        self._one = kind(trees, columns)
        has_library = xgboost_library.library() is not None
        self.boosters = [Booster(data) for data in members] if has_library else []
        if self.boosters:  # the first call sets it up, which threads must not do at once
            nothing = (np.empty(0, dtype=np.int64), np.empty(0))
            self._predict(np.zeros((1, columns.dense)), [nothing])

    def scores(self, records: Sequence[Record]) -> np.ndarray:
        """Return scores of shape (rows, scores)."""
        if len(records) < FEW or not self.boosters:
            return np.array([self._one.scores(record) for record in records])
        return self.many(Cells(records))

    def many(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column, however few, as of many."""
        if not self.boosters:
            return np.array([self._one.scores(record) for record in cells.records()])
        texts = self.columns.texts
        words = [self.columns.words(record) for record in cells.records()] if texts else []
        return self._predict(self.columns.matrix(cells), words)

    @functools.cached_property
    def _shapley(self) -> Shapley:
        """Prepare explanations on the first request, since many services need none."""
        return Shapley(self.trees, self.columns.width)

    def added(self, record: Record) -> Added:
        """Return what each of the record's columns adds to the scores."""
        columns = self.columns
        row = np.full(columns.width, self.trees.absent)  # until its words are known
        row[: columns.dense] = columns.matrix(Cells([record]))[0]
        if columns.texts:
            at, weights = columns.words(record)
            row[at] = weights
        amounts = self._shapley.contributions(row)
        parts = of_columns(columns, amounts)
        for text in columns.texts:
            total = amounts[text.first : text.first + text.width].sum(axis=0)
            parts += of_text(text, record, amounts.__getitem__, total)
        return Added(self._shapley.base, parts)

    def _predict(self, matrix: np.ndarray, words: list[Weighed]) -> np.ndarray:
        with np.errstate(over="ignore"):  # an overflow is above every threshold, too
            single = np.ascontiguousarray(matrix, dtype=np.float32)
        if self.columns.texts:
            starts, at, values = self._compressed(single, words)
            width = self.columns.width
            scores = [booster.sparse(starts, at, values, width) for booster in self.boosters]
        else:
            scores = [booster.dense(single) for booster in self.boosters]
        # A regression averages scores here; classes average probabilities, behind the link.
        if self.trees.members > 1:
            return np.mean(scores, axis=0)
        return np.hstack(scores)

    def _compressed(
        self, matrix: np.ndarray, words: list[Weighed]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Join words to the other columns, whose zeros are stored, as they are not missing."""
        dense = np.arange(self.columns.dense)
        columns = [np.concatenate([dense, at]) for at, _ in words]
        values = [np.concatenate([row, w]) for row, (_, w) in zip(matrix, words, strict=True)]
        starts = np.cumsum([0, *map(len, columns)])
        joined = np.concatenate(columns).astype(np.uint32)
        return starts.astype(np.uint64), joined, np.concatenate(values).astype(np.float32)
