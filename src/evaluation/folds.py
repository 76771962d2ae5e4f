"""Compare models by their scores on the same folds of a cross-validation.

Folds share the rows that they learn from, so that their scores vary less than those of new rows
would: the variance is corrected for it.

Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from src.evaluation import metrics

SURE = 0.05  # how often chance alone may look like a better model


def is_better(metric: str, ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Tell whether our scores, fold by fold, are better by more than chance explains."""
    from scipy.stats import t  # half a second

    gains = np.array(
        [
            metrics.cost(metric, their) - metrics.cost(metric, our)
            for our, their in zip(ours, theirs, strict=True)
        ]
    )
    count = len(gains)
    error = float(gains.std(ddof=1)) * math.sqrt(1 / count + 1 / (count - 1))
    return float(gains.mean()) > error * float(t.ppf(1 - SURE, count - 1))


def earns_its_place(
    metric: str, blend: Sequence[float], members: Iterable[Sequence[float]]
) -> bool:
    """Tell whether a blend is better than each of its members by more than chance explains.

    Where it is not, one of them does as well, and is one model to run and to understand.
    """
    return all(is_better(metric, blend, member) for member in members)
