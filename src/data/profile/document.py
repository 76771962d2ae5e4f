"""Build the profile of a dataset: an overview small enough to send to a browser."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from src.data.cleaning import DUPLICATE
from src.data.features import Feature, Id, Integer, Text, outward
from src.data.prepared import Prepared
from src.data.profile import columns, words
from src.data.profile import pairs as profile_pairs
from src.data.schema import Dataset

SHOWN = 8  # rows as they are
LONGEST = 160  # characters of a cell that is shown
MOST_REASONS = 20
LINES = 5  # of a reason

# What stands before the cell that is quoted, or before the next reason.
FIRST_REASON = re.compile(r"""^(.*?)(?:: ['"]|; |$)""", re.DOTALL)


def profile(
    dataset: Dataset, ready: Prepared, rejected: pd.DataFrame, fingerprint: str
) -> dict[str, Any]:
    """Describe a dataset's rows, columns, relations and faults as JSON.

    `rejected` has the lines and reasons of the rejected rows in its first two columns;
    `fingerprint` identifies the prepared rows.
    """
    rows = pd.concat([ready.train, ready.test]).sort_index()
    origin = ready.origin
    return {
        "dataset": dataset.name,
        "task": dataset.task,
        "target": dataset.target.name,
        "positive": None if dataset.target.positive is None else str(dataset.target.positive),
        "data": {"source": origin["source"], "md5": origin["md5"], "prepared": fingerprint},
        "rows": {
            "read": origin["rows"],
            "accepted": origin["accepted"],
            "rejected": origin["rejected"],
            "unlabelled": origin.get("unlabelled", 0),
            "train": len(ready.train),
            "test": len(ready.test),
        },
        "rejected": {"by_rule": origin["by_rule"], "reasons": _reasons(rejected)},
        "duplicates": _duplicates(dataset, rows, origin["by_rule"]),
        "sample": _sample(dataset, rows),
        "columns": [_column(dataset, name, rows) for name in _names(dataset)],
        "correlations": profile_pairs.correlations(dataset, rows),
        "findings": origin.get("findings", []),
    }


def _names(dataset: Dataset) -> list[str]:
    return [dataset.target.name, *dataset.features]


def _column(dataset: Dataset, name: str, rows: pd.DataFrame) -> dict[str, Any]:
    column = columns.describe(dataset, name, rows[name])
    if name == dataset.target.name:
        return column
    column["against_target"] = profile_pairs.against_target(dataset, name, rows)
    feature = dataset.features[name]
    if isinstance(feature, Text) and not isinstance(feature, Id):
        column["telling"] = words.telling(dataset, name, rows)
    return column


def _reasons(rejected: pd.DataFrame) -> list[dict[str, Any]]:
    """Count each rejected row under its first reason, the most frequent one first."""
    lines, said = rejected.iloc[:, 0], rejected.iloc[:, 1].astype(str)
    first = said.map(lambda text: FIRST_REASON.match(text)[1])  # type: ignore[index]  # always
    counts = first.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return [
        {
            "reason": reason,
            "rows": int(rows),
            "lines": [int(line) for line in lines[first == reason][:LINES]],
        }
        for reason, rows in counts.head(MOST_REASONS).items()
    ]


def _duplicates(dataset: Dataset, rows: pd.DataFrame, by_rule: dict[str, int]) -> dict[str, Any]:
    """Count duplicate rows, and rows that differ in the target only."""
    target, features = dataset.target.name, list(dataset.features)
    keys = pd.util.hash_pandas_object(rows[features], index=False)
    pairs = pd.DataFrame({"features": keys, "target": rows[target]}).drop_duplicates()
    contradicted = pairs["features"][pairs["features"].duplicated()]
    return {
        "rule": dataset.duplicates,
        "rejected": by_rule.get(DUPLICATE, 0),
        "kept": int(rows.duplicated(_names(dataset)).sum()),
        "contradicting": int(keys.isin(contradicted).sum()),
    }


def _sample(dataset: Dataset, rows: pd.DataFrame) -> list[list[Any]]:
    """Return the first rows, target first."""
    shown = rows[_names(dataset)].head(SHOWN)
    features = [dataset.features.get(name) for name in shown]
    return [
        [_cell(value, feature) for value, feature in zip(row, features, strict=True)]
        for row in shown.itertuples(index=False, name=None)
    ]


def _cell(value: Any, feature: Feature | None) -> Any:
    """Return a value as the API has it: dates as ISO text, booleans as such."""
    if value is None or pd.isna(value):
        return None
    convert = None if feature is None or isinstance(feature, Integer) else outward(feature)
    if convert is not None:
        return convert(value)
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    return columns.rounded(float(value))
