"""Choose the bins of a histogram: round edges over the range of nearly all numbers.

Freedman and Diaconis, "On the Histogram as a Density Estimator: L2 Theory", Zeitschrift für
Wahrscheinlichkeitstheorie und verwandte Gebiete 57, 1981.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST = 40  # bins of a histogram
FEWEST = 12
TAIL = 0.001  # of the rows at each end, which may lie far from the others
FAR = 0.5  # of the range of the others: a tail that is longer is left outside the picture
LARGEST = 1e100  # with which arithmetic does not overflow
MOSTLY = 0.9  # of the rows
MAGNITUDES = 100  # between the first and the last hundredth of the rows: a logarithmic scale


@dataclass(frozen=True)
class Bins:
    """The edges of a histogram, and the scale on which its bins are equally wide."""

    edges: np.ndarray
    is_log: bool

    @property
    def scale(self) -> str:
        """Return the name of the scale."""
        return "log" if self.is_log else "linear"

    def place(self, values: np.ndarray) -> np.ndarray:
        """Return each value's bin; -1 is below all bins, and their number is above them."""
        places = np.searchsorted(self.edges, values, side="right") - 1
        last = len(self.edges) - 1
        places[values == self.edges[-1]] = last - 1
        return places

    def count(self, values: np.ndarray) -> tuple[list[int], int, int]:
        """Count the values in each bin, and those below and above all bins."""
        places = self.place(values)
        last = len(self.edges) - 1
        inside = places[(places >= 0) & (places < last)]
        counts: list[int] = np.bincount(inside, minlength=last).tolist()
        return counts, int((places < 0).sum()), int((places >= last).sum())


def cut(values: np.ndarray, *, is_whole: bool, most: int = MOST) -> Bins | None:
    """Choose bins for numbers without NaN; None if nothing can be drawn."""
    if not len(values) or np.abs(values).max() > LARGEST:
        return None
    low, high = span(values)
    if low == high:
        margin = max(0.5, abs(low) / 1000)
        return Bins(np.array([low - margin, low + margin]), is_log=False)
    wanted = number_of_bins(values, low, high, most)
    first, last = np.quantile(values, [0.01, 0.99])
    if values.min() > 0 and last >= MAGNITUDES * first:
        edges = np.geomspace(low, high, wanted + 1)
        edges[[0, -1]] = low, high  # which the logarithm may have missed by a hair
        return Bins(edges, is_log=True)
    # Half a unit would draw a comb where nearly all are whole.
    is_whole = is_whole or (values == np.floor(values)).mean() >= MOSTLY
    step = _step((high - low) / wanted, is_whole=is_whole)
    start = math.floor(low / step)
    if is_whole and step == 1:  # a number stands in the middle of its bin
        return Bins(_multiples(start, math.floor(high) + 1, step) - 0.5, is_log=False)
    end = max(start + 1, math.ceil(high / step))
    return Bins(_multiples(start, end, step), is_log=False)


def span(values: np.ndarray) -> tuple[float, float]:
    """Return the range to draw, without a thin tail that would squeeze the rest."""
    low, first, last, high = np.quantile(values, [0, TAIL, 1 - TAIL, 1])
    allowed = FAR * (last - first)
    if allowed > 0:
        low = low if first - low <= allowed else first
        high = high if high - last <= allowed else last
    return float(low), float(high)


def number_of_bins(values: np.ndarray, low: float, high: float, most: int) -> int:
    """Return the number of bins by the Freedman-Diaconis rule."""
    first, last = np.quantile(values, [0.25, 0.75])
    width = 2 * (last - first) / len(values) ** (1 / 3)
    count = math.sqrt(len(values)) if width <= 0 else (high - low) / width
    return int(min(max(math.ceil(min(count, most)), FEWEST), most))


def _step(width: float, *, is_whole: bool) -> float:
    """Round a width up to 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    digits = (1, 2, 5, 10) if is_whole else (1, 2, 2.5, 5, 10)
    step = next(power * digit for digit in digits if power * digit >= width * (1 - 1e-9))
    return max(1.0, step) if is_whole else step


def _multiples(start: int, end: int, step: float) -> np.ndarray:
    """Return the multiples of a step, rounded as exactly as the decimals of a CSV."""
    digits = max(0, 3 - math.floor(math.log10(step)))
    return np.array([round(at * step, digits) for at in range(start, end + 1)])
