"""What is looked for in the rows of a dataset before any model is trained on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from src.data import findings, groups
from src.data.cleaning import DUPLICATE, Cleaned
from src.data.coded import Table
from src.data.findings import Finding
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.learning.inspection import grouping, leaks, shift

MOST = 0.5  # share of the rows that are dropped as duplicates, or kept, before it is said


def inspected(
    dataset: Dataset, ready: Prepared[Table], cleaned: Cleaned, seed: int
) -> Prepared[Table]:
    """Return the prepared rows with what was found of them in their origin."""
    found = find(dataset, ready, cleaned, seed)
    return replace(ready, origin={**ready.origin, "findings": findings.plain(found)})


def find(dataset: Dataset, ready: Prepared[Any], cleaned: Cleaned, seed: int) -> list[Finding]:
    """Find what makes figures look better than they are, by the rows alone.

    Leaks are looked for in the training rows; the same rows and seed give the same findings.
    """
    lost = list(leaks.lost(dataset, cleaned))
    known = {name for one in lost for name in one.columns}
    told = leaks.find(dataset, ready.train, seed)
    return [
        *lost,
        *(one for one in told if one.code == "id" or not known & set(one.columns)),
        *shift.find(dataset, ready.train, ready.test, seed),
        *grouping.find(dataset, ready.train, ready.test),
        *_dropped(dataset, cleaned),
        *_alike(dataset, cleaned),
    ]


def _dropped(dataset: Dataset, cleaned: Cleaned) -> list[Finding]:
    count = cleaned.counts.get(DUPLICATE, 0)
    if count <= MOST * cleaned.total:
        return []
    same = "their key is that of" if dataset.duplicates == "first" else "they say the same as"
    do = (
        "name columns in key under which no other row stands, or duplicates: keep"
        if dataset.duplicates == "first"
        else "if they are different persons or events, set duplicates: keep, or name the column "
        "that tells them apart in key; the shares of all values change with what is dropped"
    )
    says = (
        f"{count:,} of {cleaned.total:,} rows ({count / cleaned.total:.1%}) are dropped: {same} an "
        "earlier row"
    )
    figures: dict[str, float] = {"rows": cleaned.total, "dropped": count}
    return [Finding("duplicates", "rows_dropped", says, do, [], figures)]


def _alike(dataset: Dataset, cleaned: Cleaned) -> list[Finding]:
    rows, count = len(cleaned.accepted), cleaned.alike
    if count <= MOST * rows or dataset.duplicates != "whole":  # else the YAML says so
        return []
    how = "each has a side of the split of its own"
    if groups.named(dataset) or not groups.are_different(cleaned.accepted, dataset):
        how = f"figures rest on {rows - count:,} different rows"
    says = (
        f"{count:,} of {rows:,} rows ({count / rows:.1%}) say the same as an earlier one in the "
        f"columns that the YAML names: {how}"
    )
    do = (
        "name the columns in features by which they differ; where they are one row after all, set "
        "duplicates: drop"
    )
    figures: dict[str, float] = {"rows": rows, "alike": count}
    return [Finding("duplicates", "rows_alike", says, do, [], figures)]
