"""Where a model is worst: its errors and coverage for each value of each feature, and jointly.

Every value of a category and every quarter of a number is a segment, and so is every leaf of a
small tree that out-of-fold errors were cut by. The figures are of the held-out rows, which had no
part in choosing the leaves. Of many segments looked at some look bad by chance, so what counts as
worse is corrected for their number (Bonferroni).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from src.data.features import Category, Integer, Number, written_by
from src.data.schema import Dataset
from src.evaluation import bootstrap, measures
from src.evaluation.decision import LIKELIEST, Decision
from src.evaluation.judged import Judged

LEAST = 30  # rows of a segment
QUARTERS = (0.25, 0.5, 0.75)
MOST_VALUES = 30  # of a category, the most frequent ones
DEPTH = 2
ALPHA = 0.05  # of all segments together
KEPT = 200  # segments that a bundle keeps, the worst first; a gate may ask for any feature's


@dataclass(frozen=True)
class Segment:
    """Some of the rows: what they have in common, and by which features."""

    by: list[str]
    words: str
    rows: np.ndarray  # bool of shape (rows,)


@dataclass(frozen=True)
class Answered:
    """Judged rows with their features, and whether each truth is within its limits."""

    frame: pd.DataFrame
    rows: Judged
    inside: np.ndarray


def find(
    dataset: Dataset,
    out_of_fold: Answered,
    held_out: Answered,
    decision: Decision = LIKELIEST,
) -> list[dict[str, Any]]:
    """Return the segments of the held-out rows, those that are worse than all first."""
    segments = [*_by_value(dataset, held_out.frame)]
    segments += _leaves(dataset, out_of_fold, held_out.frame)
    segments = [one for one in segments if LEAST <= one.rows.sum() < len(one.rows)]
    losses = _losses(dataset.task, held_out.rows)
    normal = NormalDist()
    reach = normal.inv_cdf(1 - ALPHA / max(1, 2 * len(segments)))
    measured = functools.partial(_metric, dataset, decision)
    found = [
        _figures(one, dataset, held_out, losses, reach, measured(held_out.rows.take(one.rows)))
        for one in segments
    ]
    found.sort(key=lambda one: (not one["worse"], -one["excess"]))
    return found[:KEPT]


def _figures(
    segment: Segment,
    dataset: Dataset,
    held_out: Answered,
    losses: np.ndarray,
    reach: float,
    metric: float | None,
) -> dict[str, Any]:
    here = segment.rows
    count = int(here.sum())
    coverage = float(held_out.inside[here].mean())
    # By how many standard errors its rows are missed by more than the others.
    spread = losses[here].std(ddof=1) / math.sqrt(count)
    excess = (losses[here].mean() - losses[~here].mean()) / spread if spread else 0.0
    level = 2 * NormalDist().cdf(reach) - 1
    _, most = bootstrap.share(coverage, count, level)
    low, high = bootstrap.share(coverage, count)
    worse = [
        *(["error"] if excess > reach else []),
        *(["coverage"] if most < dataset.coverage else []),
    ]
    return {
        "by": segment.by,
        "segment": segment.words,
        "rows": count,
        "metric": measures.rounded(metric),
        "coverage": measures.rounded(coverage),
        "coverage_low": measures.rounded(low),
        "coverage_high": measures.rounded(high),
        "excess": measures.rounded(float(excess)),
        "worse": worse,
    }


def _metric(dataset: Dataset, decision: Decision, rows: Judged) -> float | None:
    names = [dataset.metric]
    found = measures.measure(dataset.task, rows.truth, rows.output, names, rows.weights, decision)
    return found[dataset.metric]


def _losses(task: str, rows: Judged) -> np.ndarray:
    """Return how badly each row is missed: the absolute error, or the surprise at the class."""
    if task == "regression":
        return np.abs(rows.output - rows.truth)
    return -np.log(np.maximum(rows.of_truth, np.finfo(np.float64).eps))


def _by_value(dataset: Dataset, frame: pd.DataFrame) -> Iterator[Segment]:
    for name, feature in dataset.features.items():
        if isinstance(feature, Category):
            counts = frame[name].value_counts(dropna=False).head(MOST_VALUES)
            for value in sorted(counts.index, key=str):
                is_missing = value is None or value != value
                here = frame[name].isna() if is_missing else frame[name] == value
                words = f"{name} is missing" if is_missing else f"{name} {value}"
                yield Segment([name], words, here.to_numpy(dtype=bool))
        elif isinstance(feature, Number | Integer):
            write = written_by(feature, "{:g}".format)
            yield from _quarters(name, frame[name].to_numpy(dtype=np.float64), write)


def _quarters(name: str, numbers: np.ndarray, write: Callable[[float], str]) -> Iterator[Segment]:
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return
    edges = np.unique(np.quantile(known, QUARTERS)).tolist()
    ends = [-math.inf, *edges, math.inf]
    for low, high in itertools.pairwise(ends):
        here = (numbers > low) & (numbers <= high)
        words = (
            f"{name} above {write(low)}"
            if high == math.inf
            else f"{name} up to {write(high)}"
            if low == -math.inf
            else f"{name} {write(low)} to {write(high)}"
        )
        yield Segment([name], words, here)
    if np.isnan(numbers).any():
        yield Segment([name], f"{name} is missing", np.isnan(numbers))


def _leaves(dataset: Dataset, out_of_fold: Answered, frame: pd.DataFrame) -> Iterator[Segment]:
    """Cut out-of-fold errors by a small tree; yield its leaves on other rows."""
    coder = _Coder(dataset, out_of_fold.frame)
    losses = _losses(dataset.task, out_of_fold.rows)
    least = max(LEAST, len(losses) // 50)
    if not coder.names or len(losses) < 4 * least:
        return
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=least, random_state=0)
    tree.fit(coder.codes(out_of_fold.frame), losses)
    leaf = tree.apply(coder.codes(frame))
    for at, path in _paths(tree.tree_):
        names = list(dict.fromkeys(coder.names[column] for column, _, _ in path))
        if len(names) > 1:  # else it stands among the values already
            words = " and ".join(coder.words(*step) for step in path)
            yield Segment(names, words, leaf == at)


def _paths(tree: Any) -> Iterator[tuple[int, list[tuple[int, float, bool]]]]:
    """Yield each leaf and the steps to it: column, threshold, whether it is below."""
    waiting: list[tuple[int, list[tuple[int, float, bool]]]] = [(0, [])]
    while waiting:
        at, path = waiting.pop()
        if tree.children_left[at] < 0:
            yield at, path
            continue
        step = (int(tree.feature[at]), float(tree.threshold[at]))
        waiting.append((int(tree.children_right[at]), [*path, (*step, False)]))
        waiting.append((int(tree.children_left[at]), [*path, (*step, True)]))


class _Coder:
    """Features as numbers: themselves, or the rank of a category's value."""

    def __init__(self, dataset: Dataset, frame: pd.DataFrame) -> None:
        self._values: dict[str, list[str] | None] = {}
        self._write: dict[str, Callable[[float], str]] = {}
        for name, feature in dataset.features.items():
            if isinstance(feature, Category):
                seen = sorted({str(value) for value in frame[name].dropna()})
                self._values[name] = feature.listed() or seen
            elif isinstance(feature, Number | Integer):
                self._values[name] = None
                self._write[name] = written_by(feature, "{:g}".format)
        self.names = list(self._values)

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Return a matrix of shape (rows, names); a category's unknown or missing value is -1."""
        columns = []
        for name, values in self._values.items():
            if values is None:
                columns.append(frame[name].to_numpy(dtype=np.float64))
            else:
                position = {value: at for at, value in enumerate(values)}
                ranks = frame[name].astype(object).map(position).fillna(-1)
                columns.append(ranks.to_numpy(dtype=np.float64))
        return np.column_stack(columns)

    def words(self, column: int, threshold: float, is_below: bool) -> str:
        """Say a step of the tree as a person would."""
        name = self.names[column]
        values = self._values[name]
        if values is None:
            return f"{name} {'up to' if is_below else 'above'} {self._write[name](threshold)}"
        cut = math.floor(threshold) + 1
        some = values[:cut] if is_below else values[cut:]
        return f"{name} {' or '.join(some) or 'missing'}"
