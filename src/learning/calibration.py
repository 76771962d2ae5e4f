"""Probabilities for estimators that have none, by Platt scaling.

Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood
Methods", Advances in Large Margin Classifiers, MIT Press, 1999.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold

FOLDS = 5


def calibrated(estimator: Any, target: np.ndarray) -> Any:
    """Wrap a classifier so that Platt's sigmoid turns its scores into probabilities.

    The sigmoid is fitted on out-of-fold scores and the classifier once on all rows, so that the
    predicted classes hardly change.
    """
    rarest = int(np.bincount(target).min())
    every = np.arange(len(target))
    # A class of one row cannot be on both sides; its scores are those of the fit itself.
    folds = StratifiedKFold(min(FOLDS, rarest)) if rarest > 1 else [(every, every)]
    return CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, ensemble=False)
