"""How rows hang together (groups, an order in time, weights), and the folds that respect it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.data import groups, moments
from src.data.schema import Dataset
from src.support.errors import UserError

Fold = tuple[np.ndarray, np.ndarray]  # positions of the rows to fit, and of those to judge


@dataclass(frozen=True)
class Sampling:
    """The group, moment and weight of each row, each of shape (rows,); None where there are none.

    Rows of one group are never on both sides of a fold. With moments, rows are judged by earlier
    ones alone, of which the last `gap` different moments are left out.
    """

    groups: np.ndarray | None = None
    moments: np.ndarray | None = None
    weights: np.ndarray | None = None
    gap: int = 0

    @classmethod
    def of(cls, rows: pd.DataFrame, dataset: Dataset) -> Sampling:
        """Read it from typed rows."""
        weights = None
        if dataset.weight is not None:
            weights = rows[dataset.weight].to_numpy(dtype=np.float64)
        gap = dataset.split.gap
        return cls(groups.codes(rows, dataset), moments.of(rows, dataset), weights, gap)

    def take(self, at: np.ndarray) -> Sampling:
        """Return that of some rows, by their positions."""
        group, when, weights = (
            None if one is None else one[at] for one in (self.groups, self.moments, self.weights)
        )
        return Sampling(group, when, weights, self.gap)

    @property
    def is_plain(self) -> bool:
        """Tell whether rows may be shuffled one by one."""
        return self.groups is None and self.moments is None

    def folds(self, task: str, target: np.ndarray, count: int, seed: int) -> list[Fold]:
        """Split rows into folds that judge a model: shuffled and stratified, or along the time.

        Raises UserError if there are too few groups or moments, or a fold lacks a class to learn.
        """
        if self.moments is not None:
            found = self._forward(_blocks(self.moments, count + 1))
        elif self.groups is not None:
            found = _grouped(self.groups, task, target, count, seed)
        else:
            return _plain(task, target, count, seed)
        for fit, _ in found:
            _check_fit(task, target, fit)
        return found

    def partition(self, task: str, target: np.ndarray, count: int, seed: int) -> list[Fold]:
        """Split rows into parts in which each row is judged exactly once, as within a fit.

        In time the first part has no earlier one, so the part after it judges it. There may be
        fewer parts than asked for; where no two are possible, rows are split as if they were plain.
        """
        if self.moments is not None:
            found = self._along_time(min(count, len(np.unique(self.moments))))
        elif self.groups is not None:
            most = min(count, len(np.unique(self.groups)))
            found = _grouped(self.groups, task, target, most, seed) if most > 1 else []
        else:
            found = []
        is_whole = found and all(_has_all(task, target, fit) for fit, _ in found)
        return found if is_whole else _plain(task, target, count, seed)

    def _along_time(self, count: int) -> list[Fold]:
        if count < 2:
            return []
        assert self.moments is not None
        blocks = _blocks(self.moments, count)
        first, second = (np.flatnonzero(blocks == at) for at in (0, 1))
        return [(second, first), *self._forward(blocks)]

    def _forward(self, blocks: np.ndarray) -> list[Fold]:
        """Judge each block but the first by what came before it."""
        assert self.moments is not None
        found = []
        for at in range(1, int(blocks.max()) + 1):
            judged = blocks == at
            first = float(self.moments[judged].min())
            fit = self.moments < moments.limit(self.moments, first, self.gap)
            if self.groups is not None:
                fit &= ~np.isin(self.groups, self.groups[judged])
            found.append((np.flatnonzero(fit), np.flatnonzero(judged)))
        return found


def _plain(task: str, target: np.ndarray, count: int, seed: int) -> list[Fold]:
    """Split rows as scikit-learn's KFold and StratifiedKFold do, which take a second to import."""
    if not 2 <= count <= len(target):
        raise ValueError(f"{len(target)} rows cannot be split into {count} folds")
    random = np.random.RandomState(seed)
    if task == "regression":
        part = _shuffled(len(target), count, random)
    else:
        part = _stratified(target, count, random)
    return [(np.flatnonzero(part != at), np.flatnonzero(part == at)) for at in range(count)]


def _shuffled(rows: int, count: int, random: np.random.RandomState) -> np.ndarray:
    """Return the part of each row: parts of as many rows, drawn without looking."""
    order = np.arange(rows)
    random.shuffle(order)
    part = np.empty(rows, dtype=np.int64)
    part[order] = np.repeat(np.arange(count), rows // count + (np.arange(count) < rows % count))
    return part


def _stratified(target: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Return the part of each row: of each class, each part has its share."""
    _, first, of_row = np.unique(target, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))[of_row]  # classes in order of first appearance
    ordered = np.sort(place)
    shares = [np.bincount(ordered[at::count], minlength=len(first)) for at in range(count)]
    part = np.empty(len(target), dtype=np.int64)
    for one, rows in enumerate(np.transpose(shares)):
        parts = np.repeat(np.arange(count), rows)
        random.shuffle(parts)
        part[place == one] = parts
    return part


def _grouped(group: np.ndarray, task: str, target: np.ndarray, count: int, seed: int) -> list[Fold]:
    """Split groups as if each were a row, and then each takes its rows with it."""
    names, of_row = np.unique(group, return_inverse=True)
    if len(names) < count:
        raise UserError(
            "There are fewer groups of rows than folds.",
            given=f"{len(names)} groups, {count} folds",
            fix="bring rows of more groups, or use fewer folds (folds=2)",
        )
    kind = "regression"
    labels = np.zeros(len(names))
    if task != "regression":
        labels, kind = _labels(of_row, target, count), task
    return [
        (np.flatnonzero(np.isin(of_row, fit)), np.flatnonzero(np.isin(of_row, judge)))
        for fit, judge in _plain(kind, labels, count, seed)
    ]


def _labels(of_row: np.ndarray, target: np.ndarray, count: int) -> np.ndarray:
    """Return a class for each group to stratify by: the rarest that it has a row of.

    By its most frequent class, folds could come out without a rare one. Classes of fewer groups
    than folds cannot be spread, and go with the most frequent.
    """
    rarity = np.argsort(np.argsort(np.bincount(target), kind="stable"))  # 0 is the rarest class
    rarest = np.full(int(of_row.max()) + 1, len(rarity))
    np.minimum.at(rarest, of_row, rarity[target])
    sizes = np.bincount(rarest)
    rarest[sizes[rarest] < count] = int(sizes.argmax())
    return rarest


def _blocks(when: np.ndarray, count: int) -> np.ndarray:
    """Cut the time into blocks of about as many rows; return each row's block.

    Rows of one moment stay together.
    """
    every, at, rows = np.unique(when, return_inverse=True, return_counts=True)
    if len(every) < count:
        raise UserError(
            "There are too few different moments to judge along the time.",
            given=f"{len(every)} moments in the rows to learn from",
            choices=[f"at least {count}, one more than there are folds"],
            fix="bring more rows, use fewer folds (folds=2), or split by another method",
        )
    before = np.cumsum(rows) - rows
    starts = [0]
    for block in range(1, count):
        nearest = int(np.searchsorted(before, len(when) * block / count))
        starts.append(min(max(nearest, starts[-1] + 1), len(every) - (count - block)))
    return np.searchsorted(starts, at, side="right") - 1


def _has_all(task: str, target: np.ndarray, fit: np.ndarray) -> bool:
    """Tell whether the rows to fit are some, and have every class."""
    if task == "regression":
        return len(fit) > 1
    return len(np.unique(target[fit])) == len(np.unique(target))


def _check_fit(task: str, target: np.ndarray, fit: np.ndarray) -> None:
    if not _has_all(task, target, fit):
        raise UserError(
            "A fold of the cross-validation has too little to learn from.",
            given=f"{len(fit)} rows to fit"
            + ("" if task == "regression" else f" of {len(np.unique(target[fit]))} classes"),
            fix="bring more rows, groups or moments, or use fewer folds (folds=2)",
        )
