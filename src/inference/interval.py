"""Apply what `src.learning.conformal` calibrated: limits around a value, or the likely classes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Interval:
    """The calibrated limits of a bundle; thread-safe."""

    def __init__(self, calibration: Mapping[str, Any]) -> None:
        self.coverage: float = calibration["coverage"]
        self.measured: float | None = calibration.get("measured")
        self.width: float | None = calibration.get("width")
        self._threshold: float = calibration.get("threshold", math.inf)
        self._is_factor: bool = calibration.get("log", False)
        self._edges: list[float] = calibration.get("edges", [])
        self._low: list[float] = calibration.get("low", [])
        self._high: list[float] = calibration.get("high", [])
        least, most = calibration.get("least"), calibration.get("most")
        self._least = -math.inf if least is None else least
        self._most = math.inf if most is None else most

    @classmethod
    def from_manifest(cls, calibration: Mapping[str, Any]) -> Interval:
        """Build it from the `interval` of a bundle's manifest."""
        return cls(calibration)

    def around_one(self, value: float) -> tuple[float, float]:
        """Return the limits around a predicted value.

        They stay within the target's bounds but always contain the value, even one out of bounds.
        """
        at = bisect_right(self._edges, value)
        low, high = self._low[at], self._high[at]
        if self._is_factor:
            low, high = value * low, value * high
        else:
            low, high = value + low, value + high
        least, most = self._least, self._most
        low, high = min(max(low, least), most), min(max(high, least), most)
        return min(low, value), max(high, value)

    def around(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits around predicted values, each of shape (rows,)."""
        pairs = np.array([self.around_one(value) for value in values.tolist()]).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def likely(self, probabilities: Sequence[float]) -> list[int]:
        """Return the positions of the likely classes; the most likely one is always among them."""
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return [
            at
            for at, probability in enumerate(probabilities)
            if probability >= self._threshold or at == best
        ]
