"""Apply what the conformal calibration learnt: limits around a value, or the likely classes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.inference.cells import Cells
from src.inference.scalar_expressions import Record


class Interval:
    """The calibrated limits of a bundle; thread-safe."""

    def __init__(self, calibration: Mapping[str, Any], features: Sequence[str] = ()) -> None:
        self.coverage: float = calibration["coverage"]
        self.measured: float | None = calibration.get("measured")
        self.width: float | None = calibration.get("width")
        self._threshold: float = calibration.get("threshold", math.inf)
        self._thresholds: list[float] | None = calibration.get("thresholds")
        self._stretches = _stretches(calibration.get("spread") or {}, list(features))
        self._factors = [one.factor for one in self._stretches]
        self._is_factor: bool = calibration.get("log", False)
        self._edges: list[float] = calibration.get("edges", [])
        self._low: list[float] = calibration.get("low", [])
        self._high: list[float] = calibration.get("high", [])
        least, most = calibration.get("least"), calibration.get("most")
        self._least = -math.inf if least is None else least
        self._most = math.inf if most is None else most

    @classmethod
    def from_manifest(
        cls, calibration: Mapping[str, Any], features: Sequence[str] = ()
    ) -> Interval:
        """Build it from the `interval` of a bundle's manifest, for records of these features."""
        return cls(calibration, features)

    def around_one(self, value: float, record: Record = ()) -> tuple[float, float]:
        """Return the limits around the predicted value of a record.

        They stay within the target's bounds but always contain the value, even one out of bounds.
        Only where features stretch the limits the record is needed.
        """
        at = bisect_right(self._edges, value)
        if self._factors:
            low, high = self._stretched(at, [factor(record) for factor in self._factors])
        else:
            low, high = self._low[at], self._high[at]
        if self._is_factor:
            low, high = value * low, value * high
        else:
            low, high = value + low, value + high
        least, most = self._least, self._most
        low, high = min(max(low, least), most), min(max(high, least), most)
        return min(low, value), max(high, value)

    def _stretched(self, at: int, factors: Sequence[float]) -> tuple[float, float]:
        """Return the limits of a bin of values, stretched by a record's features."""
        low, high, scale = self._low[at], self._high[at], 1.0
        for factor in factors:
            scale *= factor
        return (low**scale, high**scale) if self._is_factor else (low * scale, high * scale)

    def around_many(self, values: np.ndarray, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits around the values of records by column, to the last digit the same.

        What values of one bin share, by what stretches it, is computed once, as for one record.
        """
        codes = np.searchsorted(self._edges, values, side="right")
        for one in self._stretches:
            codes = codes * len(one.factors) + one.codes(cells)
        different, places = np.unique(codes, return_inverse=True)
        low, high = (ends[places] for ends in self._of_codes(different))
        if self._is_factor:
            low, high = values * low, values * high
        else:
            low, high = values + low, values + high
        low, high = (np.clip(one, self._least, self._most) for one in (low, high))
        return np.minimum(low, values), np.maximum(high, values)

    def _of_codes(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits of bins and of the places of factors, which are one number each."""
        factors: list[np.ndarray] = []
        for one in reversed(self._stretches):
            codes, at = np.divmod(codes, len(one.factors))
            factors.insert(0, np.array(one.factors)[at])
        low, high = np.array(self._low)[codes], np.array(self._high)[codes]
        if not factors:
            return low, high
        scale = np.ones(len(codes))
        for factor in factors:
            scale *= factor
        if not self._is_factor:
            return low * scale, high * scale
        # Python's own power: numpy's has other last digits.
        raised = [
            [end**power for end, power in zip(ends.tolist(), scale.tolist(), strict=True)]
            for ends in (low, high)
        ]
        return np.array(raised[0]), np.array(raised[1])

    def beyond(self, truth: float, low: float, high: float) -> float:
        """Return how far a truth lies outside limits, in half of their width; 0 where it is inside.

        Limits that are factors are compared as such: half of it is as far from 1 as twice.
        """
        if low <= truth <= high:
            return 0.0
        if self._is_factor and low > 0:
            if truth <= 0:
                return math.inf
            truth, low, high = math.log(truth), math.log(low), math.log(high)
        return 2 * max(low - truth, truth - high) / (high - low) if high > low else 0.0

    def around(
        self, values: np.ndarray, records: Sequence[Record] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits around the predicted values of records, each of shape (rows,)."""
        of_rows = [()] * len(values) if records is None else records
        pairs = [self.around_one(*one) for one in zip(values.tolist(), of_rows, strict=True)]
        ends = np.array(pairs).reshape(-1, 2)
        return ends[:, 0], ends[:, 1]

    def likely(self, probabilities: Sequence[float]) -> list[int]:
        """Return the positions of the likely classes; the most likely one is always among them."""
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return [
            at
            for at, probability in enumerate(probabilities)
            if probability >= (self._thresholds[at] if self._thresholds else self._threshold)
            or at == best
        ]

    def are_likely(self, probabilities: np.ndarray) -> np.ndarray:
        """Tell of each class of each row whether it is likely; shape (rows, classes)."""
        threshold = self._thresholds if self._thresholds else self._threshold
        likely: np.ndarray = probabilities >= threshold
        likely[np.arange(len(likely)), probabilities.argmax(axis=1)] = True
        return likely


@dataclass(frozen=True)
class _Stretch:
    """How a feature stretches limits: the factors, that of a record, and the places of many."""

    factors: list[float]
    factor: Callable[[Record], float]
    codes: Callable[[Cells], np.ndarray]


def _stretches(spread: Mapping[str, Mapping[str, Any]], features: list[str]) -> list[_Stretch]:
    """Return each feature that stretches limits."""
    found = []
    for name, one in spread.items():
        make = _of_number if "edges" in one else _of_category
        found.append(make(features.index(name), one))
    return found


def _of_category(at: int, one: Mapping[str, Any]) -> _Stretch:
    *known, other = one["factors"]
    by_value = dict(zip(one["values"], known, strict=True))
    places = {value: place for place, value in enumerate(one["values"])}
    return _Stretch(
        one["factors"],
        lambda record: by_value.get(record[at], other),
        lambda cells: cells.mapped(at, lambda value: places.get(value, len(known))),
    )


def _of_number(at: int, one: Mapping[str, Any]) -> _Stretch:
    edges, factors = one["edges"], one["factors"]

    def factor(record: Record) -> float:
        value = record[at]
        return factors[-1] if value is None else factors[bisect_right(edges, value)]

    def codes(cells: Cells) -> np.ndarray:
        numbers = cells.numbers(at)
        places = np.searchsorted(edges, numbers, side="right")
        return np.where(np.isnan(numbers), len(factors) - 1, places)

    return _Stretch(factors, factor, codes)
