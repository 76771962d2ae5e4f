"""Whether training and test rows can be told apart by their features.

The odds of each value are multiplied, as a naive Bayes classifier does, and judged on rows that
they were not counted on.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pandas as pd

from src.data.coded import Rows
from src.data.findings import Finding
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.bootstrap import LEAST
from src.learning.inspection import clues
from src.learning.inspection.samples import FOLDS, drawn_of
from src.learning.sampling import Fold, Sampling

FAR = 0.6  # the ROC AUC under which the two may differ and still mean the same by a figure
SURE = 0.001  # the chance of calling rows different that are not
SHOWN = 3  # columns in the sentence

DO = (
    "the held-out figures are those of rows that differ from what was learnt from: ask which of "
    "the two are like the rows to come, then split by method: stable, or by time if they are later"
)
DO_BY_TIME = (
    "later rows differ from those before them, and so may the rows to come: learn from "
    "newer rows, or leave out what only tells the time"
)


def find(
    dataset: Dataset, train: pd.DataFrame | Rows, test: pd.DataFrame | Rows, seed: int
) -> list[Finding]:
    """Tell training and test rows apart; rows of one group count as one.

    The column that decides a row's side is not looked at: of course it tells.
    """
    names = [name for name in dataset.learnt() if name != dataset.split.column]
    if min(len(train), len(test)) < LEAST or not names:
        return []
    drawn = drawn_of(len(train) + len(test), len(names), seed)
    rows = pd.concat([
        _of_side(train, drawn[drawn < len(train)], 0),
        _of_side(test, drawn[drawn >= len(train)] - len(train), 1),
    ])  # fmt: skip
    side = rows[_SIDE].to_numpy(dtype=np.int64)
    sampling = Sampling(Sampling.of(rows, dataset).groups)
    folds = sampling.partition("regression", side, FOLDS, seed)
    odds = {name: _odds(rows[name], side, folds) for name in names}
    told = _area(side, np.sum(list(odds.values()), axis=0))
    limit = 0.5 + NormalDist().inv_cdf(1 - SURE) * _spread(side, sampling.groups)
    if told is None or told < max(FAR, limit):
        return []
    alone = {name: _area(side, one) or 0.0 for name, one in odds.items()}
    first = sorted(names, key=lambda name: -alone[name])[:SHOWN]
    columns = [name for name in first if alone[name] >= max(0.5 + (FAR - 0.5) / 2, limit)]
    by = f", most of all by {', '.join(columns)}" if columns else ""
    says = (
        f"training and test rows can be told apart{by}: a test row is found in {told:.1%} of the "
        "pairs of one of each, where half would be chance"
    )
    do = DO_BY_TIME if dataset.split.method == "time" else DO
    return [Finding("shift", "parts_differ", says, do, columns, {"roc_auc": round(told, 4)})]


def _of_side(part: pd.DataFrame | Rows, drawn: np.ndarray, side: int) -> pd.DataFrame:
    taken = part.take(drawn)
    frame = taken.frame() if isinstance(taken, Rows) else taken
    return frame.assign(**{_SIDE: side})


_SIDE = "\x1fside"  # no column of a file is called so


def _odds(column: pd.Series, side: np.ndarray, folds: list[Fold]) -> np.ndarray:
    """Return the logarithm of the odds that each row tests, by its value in one column."""
    codes = clues.of(column).codes[-1]
    size, odds = int(codes.max()) + 1, np.zeros(len(side))
    for fit, judge in folds:
        share = side[fit].mean()
        rows = np.bincount(codes[fit], minlength=size)
        tests = np.bincount(codes[fit], side[fit], minlength=size)
        # One row more of each value, with the odds of all rows.
        likely = np.clip((tests + share) / (rows + 1), 1e-9, 1 - 1e-9)
        odds[judge] = np.log(likely / (1 - likely))[codes[judge]]
    return odds


def _area(side: np.ndarray, odds: np.ndarray) -> float | None:
    both = np.column_stack([-odds, odds])
    return measures.measure("binary", side, both, ["roc_auc"])["roc_auc"]


def _spread(side: np.ndarray, groups: np.ndarray | None) -> float:
    """Return how far chance moves the area of rows, or of groups, that do not differ."""
    unit = np.arange(len(side)) if groups is None else groups
    tests, trains = (len(np.unique(unit[side == part])) for part in (1, 0))
    return math.sqrt((tests + trains + 1) / (12 * tests * trains))
