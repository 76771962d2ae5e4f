"""Probabilities for estimators that have none, by Platt scaling.

Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood
Methods", Advances in Large Margin Classifiers, MIT Press, 1999.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold

from src.learning.sampling import Sampling

FOLDS = 5


def calibrated(estimator: Any, target: np.ndarray, sampling: Sampling) -> Any:
    """Wrap a classifier so that Platt's sigmoid turns its scores into probabilities.

    The sigmoid is fitted on out-of-fold scores and the classifier once on all rows, so that the
    predicted classes hardly change. Rows of one group are on one side of its folds.
    """
    rarest = int(np.bincount(target).min())
    every = np.arange(len(target))
    folds: Any = [(every, every)]
    # A class of one row cannot be on both sides; its scores are those of the fit itself.
    if rarest > 1:
        folds = StratifiedKFold(min(FOLDS, rarest))
        if not sampling.is_plain:
            folds = sampling.partition("multiclass", target, folds.n_splits, seed=0)
    return CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, ensemble=False)
