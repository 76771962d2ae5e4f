"""Encode numbers: kept as they are, or standardised with the median where one is missing.

All numbers that are encoded alike are one block: a transformer for each of a thousand columns takes
a hundred times as long as their arithmetic.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler


class Numbers(TransformerMixin, BaseEstimator):
    """Numbers of one kind, column by column to the digit what each of them would be alone.

    Fitted, `fill_`, `mean_` and `scale_` have the shape (columns,); None is a step left out.
    """

    def __init__(self, is_kept: bool = False, is_filled: bool = False) -> None:
        self.is_kept = is_kept
        self.is_filled = is_filled

    def fit(self, cells: Any, _target: Any = None) -> Numbers:
        """Learn medians, means and scales of cells of shape (rows, columns)."""
        self.fill_ = self.mean_ = self.scale_ = None
        if self.is_kept:  # trees take NaN as it is
            return self
        # Column after column in memory, so that a sum is that of the column alone.
        numbers = np.asfortranarray(cells, dtype=np.float64)
        if self.is_filled:
            imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(numbers)
            self.fill_ = np.nan_to_num(imputer.statistics_, nan=0.0)  # 0 where all are missing
            numbers = self._filled(numbers)
        scaler = StandardScaler().fit(numbers)
        self.mean_, self.scale_ = scaler.mean_, scaler.scale_
        return self

    def transform(self, cells: Any) -> np.ndarray:
        """Encode cells of shape (rows, columns)."""
        numbers = self._filled(np.asarray(cells, dtype=np.float64))
        return numbers if self.mean_ is None else (numbers - self.mean_) / self.scale_

    def get_feature_names_out(self, names: Any) -> Any:
        """Name the encoded columns, which are those of the cells."""
        return names

    def one(self, at: int) -> Numbers:
        """Return the fitted encoder of one column."""
        own = copy.copy(self)
        for name in ("fill_", "mean_", "scale_"):
            values = getattr(self, name)
            setattr(own, name, None if values is None else values[at : at + 1])
        return own

    def _filled(self, numbers: np.ndarray) -> np.ndarray:
        return numbers if self.fill_ is None else np.where(np.isnan(numbers), self.fill_, numbers)
