"""Compare doubles as if they had been rounded to single precision."""

from __future__ import annotations

import numpy as np

BEYOND = 2.0**128  # what single precision would have after its largest number


def least_doubles(thresholds: np.ndarray) -> np.ndarray:
    """Return the smallest doubles that reach thresholds of float32 once rounded to float32."""
    upper = np.where(np.isposinf(thresholds), BEYOND, thresholds.astype(np.float64))
    lower = np.nextafter(thresholds, np.float32(-np.inf)).astype(np.float64)
    middle = (lower + upper) / 2
    with np.errstate(over="ignore"):
        is_rounded_up = middle.astype(np.float32) >= thresholds  # a tie goes to the even one
    return np.where(is_rounded_up, middle, np.nextafter(middle, np.inf))
