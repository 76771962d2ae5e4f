from __future__ import annotations

import numpy as np

from src.support.single_precision import least_doubles


def test_the_bound_reaches_the_threshold_once_rounded_and_the_number_before_it_does_not() -> None:
    thresholds = np.array([0.1, -1 / 3, 0.0, 1.0, 1e-40, 3e38, -7.5, np.inf], dtype=np.float32)
    found = least_doubles(thresholds)
    with np.errstate(over="ignore"):
        assert (found.astype(np.float32) >= thresholds).all()
    assert (np.nextafter(found, -np.inf).astype(np.float32) < thresholds).all()
