"""Probabilities for estimators that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold

FOLDS = 5


def calibrated(estimator: Any, target: np.ndarray) -> Any:
    """Wrap a classifier so that its scores become probabilities by Platt's sigmoid.

    The sigmoid is fitted on out-of-fold scores, the classifier itself once on all rows, so that
    it predicts nearly the classes that it would predict alone.
    """
    rarest = int(np.bincount(target).min())
    every = np.arange(len(target))
    # A class of one row cannot be on both sides; its scores are those of the fit itself.
    folds = StratifiedKFold(min(FOLDS, rarest)) if rarest > 1 else [(every, every)]
    return CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, ensemble=False)
