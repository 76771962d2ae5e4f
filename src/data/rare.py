"""Classes of too few rows to learn from: left out, merged into one, or an error of the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
import pandas as pd

from src.data.coded import Table
from src.data.schema import OTHER, Dataset
from src.data.splitting import Parts

SHOWN = 10  # classes in a sentence


@dataclass(frozen=True)
class SetAside(Generic[Table]):
    """The parts that are left, why rows were dropped by their position, and what was done."""

    parts: Parts[Table]
    dropped: pd.Series
    note: str = ""


def set_aside(parts: Parts[Table], dataset: Dataset, folds: int) -> SetAside[Table]:
    """Set aside the classes with fewer rows to train than there are folds, as `rare` says.

    Nothing is where it would leave one class, or none of interest: a training then says why.
    """
    whole = SetAside(parts, pd.Series(dtype="str"))
    if dataset.task == "regression" or dataset.rare == "error":
        return whole
    target, sizes = dataset.target.name, _sizes(parts, dataset)
    few = [label for label, count in sizes.items() if count < folds]
    left = len(sizes) - len(few) + (dataset.rare == "other" and _merged(sizes, few) >= folds)
    if not few or left < 2 or str(dataset.target.positive) in few:
        return whole
    named = ", ".join(f"{label} ({sizes[label]})" for label in few[:SHOWN])
    more = f" and {len(few) - SHOWN} others" if len(few) > SHOWN else ""
    what = f"classes of {target} with fewer rows to train than there are folds ({folds})"
    if dataset.rare == "other" and _merged(sizes, few) >= folds:
        merged = Parts(*(_as_other(part, target, few) for part in _both(parts)))
        note = f"{what} are learnt as '{OTHER}': {named}{more}"
        return SetAside(merged, whole.dropped, note)
    truths = [part[target] for part in _both(parts)]
    is_rare = [truth.isin(few).to_numpy() for truth in truths]
    rows = pd.concat([truth[rare] for truth, rare in zip(truths, is_rare, strict=True)])
    reasons = rows.map(lambda label: f"{target} {label} is of too few rows to learn from")
    rest = Parts(
        *(
            part.take(np.flatnonzero(~rare))
            for part, rare in zip(_both(parts), is_rare, strict=True)
        )
    )
    if rest.test.empty:
        return whole
    note = (
        f"{what} are left out, {len(rows):,} rows: {named}{more}; bring more rows of them, or set "
        "rare: other, which learns them as one class"
    )
    return SetAside(rest, reasons.astype("str"), note)


def _both(parts: Parts[Table]) -> tuple[Table, Table]:
    return parts.train, parts.test


def _sizes(parts: Parts[Any], dataset: Dataset) -> dict[str, int]:
    """Count the rows to train of each class that there is, by its name."""
    target = dataset.target.name
    sizes = dict.fromkeys(sorted({*parts.train[target], *parts.test[target]}), 0)
    return sizes | parts.train[target].value_counts().to_dict()


def _merged(sizes: dict[str, int], few: list[str]) -> int:
    return sum(sizes[label] for label in {*few, OTHER} & set(sizes))


def _as_other(part: Table, target: str, few: list[str]) -> Table:
    return part.assign(**{target: part[target].mask(part[target].isin(few), OTHER)})
