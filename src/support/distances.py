"""Mahalanobis' distance of rows with gaps: how far each is from the mean, by what is there."""

from __future__ import annotations

import numpy as np

MOST_PATTERNS = 256  # of gaps, whose inverse is kept


class Mahalanobis:
    """Distances by a covariance, of rows whose means are 0; thread-safe."""

    def __init__(self, covariance: np.ndarray) -> None:
        """Take a covariance that can be inverted."""
        self._covariance = covariance
        self.whole: np.ndarray = np.linalg.inv(covariance)
        self._parts: dict[bytes, np.ndarray] = {}

    def squared(self, rows: np.ndarray) -> np.ndarray:
        """Return the squared distance of each row, by its columns that are not NaN."""
        is_missing = np.isnan(rows)
        found: np.ndarray = np.einsum("ij,ij->i", rows @ self.whole, rows)
        some = np.flatnonzero(is_missing.any(axis=1))
        if not len(some):
            return found
        patterns, which = np.unique(is_missing[some], axis=0, return_inverse=True)
        for at, pattern in enumerate(patterns):
            places = some[which.ravel() == at]
            kept = rows[np.ix_(places, np.flatnonzero(~pattern))]
            found[places] = np.einsum("ij,ij->i", kept @ self.inverse(pattern), kept)
        return found

    def inverse(self, pattern: np.ndarray) -> np.ndarray:
        """Return the inverse for rows in which these columns are missing, shape (there, there)."""
        if not pattern.any():
            return self.whole
        key = pattern.tobytes()
        part = self._parts.get(key)
        if part is None:
            present = np.flatnonzero(~pattern)
            part = np.linalg.inv(self._covariance[np.ix_(present, present)])
            if len(self._parts) < MOST_PATTERNS:
                self._parts[key] = part
        return part
