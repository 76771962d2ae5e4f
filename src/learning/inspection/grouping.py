"""Groups of rows that leave too little to learn from, or nothing else to learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.data import groups
from src.data.coded import Rows, frame_of
from src.data.findings import Finding
from src.data.schema import Dataset
from src.evaluation.bootstrap import LEAST
from src.learning.inspection import telling

SURE = 0.98  # of the target within groups, as of a feature that tells it
GIANT = 1 / 3  # of the rows: the side that one group stands on is mostly about that group


def find(dataset: Dataset, train: pd.DataFrame | Rows, test: pd.DataFrame | Rows) -> list[Finding]:
    """Look at the groups that the YAML names, by `group` or by a `key` that rows share."""
    names = groups.columns(dataset)
    if not (dataset.group_columns or dataset.key) or not names:
        return []
    every = list(dict.fromkeys([*names, dataset.target.name]))
    both = pd.concat([frame_of(part, every) for part in (train, test)])
    codes = groups.codes(both, dataset)
    if codes is None:
        return []
    rows = _Rows(dataset, names, both, codes, len(train))
    return [found for look in (_few, _giant, _deciding, _featured) if (found := look(rows))]


@dataclass(frozen=True)
class _Rows:
    """All rows, the columns that group them, their groups, and where the test rows begin."""

    dataset: Dataset
    names: list[str]
    both: pd.DataFrame
    codes: np.ndarray
    cut: int


def _few(rows: _Rows) -> Finding | None:
    count, tested = int(rows.codes.max()) + 1, len(np.unique(rows.codes[rows.cut :]))
    if count >= LEAST:
        return None
    return Finding(
        "groups",
        "few_groups",
        f"there are {count} groups of {', '.join(rows.names)}, of which {tested} test: the figures "
        f"rest on so many, and not on {len(rows.both):,} rows",
        f"bring rows of more groups, {LEAST} at least; until then take no figure for certain",
        rows.names,
        {"groups": count, "test": tested},
    )


def _giant(rows: _Rows) -> Finding | None:
    sizes = np.bincount(rows.codes)
    largest, share = int(sizes.argmax()), float(sizes.max() / sizes.sum())
    if share <= GIANT:
        return None
    first = rows.both[rows.names].iloc[int(np.flatnonzero(rows.codes == largest)[0])]
    which = ", ".join(f"{name} {first[name]}" for name in rows.names)
    side = "test" if (rows.codes[rows.cut :] == largest).any() else "training"
    return Finding(
        "groups",
        "giant_group",
        f"the group {which} has {share:.1%} of the rows, all of them {side} rows: folds and parts "
        "cannot be of one size",
        "name a finer group if its rows do not belong together, or train on it alone",
        rows.names,
        {"rows": int(sizes.max()), "share": round(share, 4), "groups": len(sizes)},
    )


def _deciding(rows: _Rows) -> Finding | None:
    """Find groups whose rows all have the same target: they are as many answers as groups."""
    within = _within(rows.dataset, rows.both[rows.dataset.target.name], rows.codes)
    if within is None or within < SURE:
        return None
    count, target = int(rows.codes.max()) + 1, rows.dataset.target.name
    return Finding(
        "groups",
        "group_decides",
        f"{', '.join(rows.names)} alone decides {target} ({within:.1%} of it): "
        f"{len(rows.both):,} rows are {count:,} answers",
        "leave it as a group, and judge by how many groups there are; one row of each group may "
        "tell as much",
        rows.names,
        {"told": round(within, 4), "groups": count},
    )


def _within(dataset: Dataset, target: pd.Series, codes: np.ndarray) -> float | None:
    """Return how much of the target the other rows of the same group tell; None without any."""
    sizes = np.bincount(codes)
    shared = sizes[codes] > 1
    if len(np.unique(codes[shared])) < 2:
        return None
    group = np.unique(codes[shared], return_inverse=True)[1]
    is_number = dataset.task == "regression"
    truth = (telling.ranks if is_number else telling.classes)(target[shared])
    rows = np.bincount(group)[group]
    if truth.classes is None:
        values = truth.values
        sums = np.bincount(group, values)[group]
        left = np.square(values - (sums - values) / (rows - 1)).sum()
        nothing = np.square(values - values.mean()).sum()
    else:
        table = np.zeros((int(group.max()) + 1, truth.classes), dtype=np.int64)
        np.add.at(table, (group, truth.values), 1)
        left = (table.argmax(axis=1)[group] != truth.values).sum()
        nothing = len(group) - np.bincount(truth.values).max()
    return float(1 - left / nothing) if nothing else None


def _featured(rows: _Rows) -> Finding | None:
    columns = [name for name in rows.names if name in rows.dataset.learnt()]
    if not columns:
        return None
    return Finding(
        "groups",
        "group_is_feature",
        f"{', '.join(columns)} tells which rows belong together and is a feature too: the figures "
        "are those of groups that were not seen, of which it says nothing",
        "take it out of features, unless it means more than which group a row is of",
        columns,
        {"groups": int(rows.codes.max()) + 1},
    )
