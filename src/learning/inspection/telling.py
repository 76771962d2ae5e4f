"""How well one column tells another, judged on rows that were not looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.learning.inspection.clues import Clue
from src.learning.sampling import Fold

MOST_COUNTS = 5_000_000  # of a table of values and classes


@dataclass(frozen=True)
class Truth:
    """What is to be told: ranks from 0 to 1 of a number, or the numbers of classes."""

    values: np.ndarray
    classes: int | None = None  # how many; None of ranks


def ranks(values: pd.Series) -> Truth:
    """Take the order of numbers, so that a few huge ones do not decide."""
    return Truth(values.rank(method="average", pct=True).to_numpy(dtype=np.float64))


def classes(values: pd.Series) -> Truth:
    """Take values as classes."""
    codes, names = pd.factorize(values.astype(object), use_na_sentinel=False)
    return Truth(codes.astype(np.int64), len(names))


def strength(clue: Clue, truth: Truth, folds: Iterable[Fold]) -> float:
    """Return how much of the target a column tells, from 0 (nothing) to 1 (all of it).

    Of ranks it is the share of their variance, of classes the share of the errors of always naming
    the most frequent one. The best of the column's readings counts.
    """
    told = list(folds)
    found = [_by_code(codes, truth, told) for codes in clue.codes]
    if clue.places is not None:
        found.append(_by_place(clue.places, truth, told))
    return max(0.0, *found)


def _by_code(codes: np.ndarray, truth: Truth, folds: list[Fold]) -> float:
    size = int(codes.max()) + 1
    if truth.classes is None:
        answers = [
            _means(codes[fit], truth.values[fit], size)[codes[judge]] for fit, judge in folds
        ]
    elif size * truth.classes > MOST_COUNTS:
        return 0.0
    else:
        answers = [
            _commonest(codes[fit], truth.values[fit], size, truth.classes)[codes[judge]]
            for fit, judge in folds
        ]
    return _share(truth, folds, answers)


def _by_place(places: np.ndarray, truth: Truth, folds: list[Fold]) -> float:
    """Tell by the nearest values: a copy is found however few rows there are."""
    answers = []
    for fit, judge in folds:
        known = fit[np.isfinite(places[fit])]
        if not len(known):
            return 0.0
        every, at = np.unique(places[known], return_inverse=True)
        asked = np.where(np.isfinite(places[judge]), places[judge], every[0])
        if truth.classes is None:
            answer = np.interp(asked, every, _means(at, truth.values[known], len(every)))
        elif len(every) * truth.classes > MOST_COUNTS:
            return 0.0
        else:
            middle = (every[1:] + every[:-1]) / 2
            of_value = _commonest(at, truth.values[known], len(every), truth.classes)
            answer = of_value[np.searchsorted(middle, asked)]
        answers.append(_with_missing(answer, places, truth, fit, judge))
    return _share(truth, folds, answers)


def _with_missing(
    answer: np.ndarray, places: np.ndarray, truth: Truth, fit: np.ndarray, judge: np.ndarray
) -> np.ndarray:
    """Answer for rows without a value by those that have none either."""
    without, unknown = ~np.isfinite(places[judge]), fit[~np.isfinite(places[fit])]
    if without.any() and len(unknown):
        values = truth.values[unknown]
        one = values.mean() if truth.classes is None else np.bincount(values).argmax()
        return np.where(without, one, answer)
    return answer


def _means(codes: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Return the mean of each code; that of all where a code was not seen."""
    rows = np.bincount(codes, minlength=size)
    sums = np.bincount(codes, values, minlength=size)
    return np.where(rows > 0, sums / np.maximum(rows, 1), values.mean())


def _commonest(codes: np.ndarray, values: np.ndarray, size: int, count: int) -> np.ndarray:
    """Return the most frequent class of each code; that of all where a code was not seen."""
    table = np.bincount(codes * count + values, minlength=size * count).reshape(size, count)
    of_all = int(table.sum(axis=0).argmax())
    return np.where(table.any(axis=1), table.argmax(axis=1), of_all)


def _share(truth: Truth, folds: list[Fold], answers: list[np.ndarray]) -> float:
    """Return the share of what knowing nothing leaves open that the answers settle."""
    left = nothing = 0.0
    for (fit, judge), answer in zip(folds, answers, strict=True):
        known, values = truth.values[fit], truth.values[judge]
        if truth.classes is None:
            left += float(np.square(values - answer).sum())
            nothing += float(np.square(values - known.mean()).sum())
        else:
            left += float((values != answer).sum())
            nothing += float((values != np.bincount(known).argmax()).sum())
    if truth.classes is not None and left:
        left += 1  # of few rows one error more would have been as likely
    return 1 - left / nothing if nothing else 0.0
