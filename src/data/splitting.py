"""Split rows into training and test rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.support.errors import UserError

SEPARATOR = "\x1f"  # stands in no cell that a person typed


@dataclass(frozen=True)
class Parts:
    """The training rows and the test rows."""

    train: pd.DataFrame
    test: pd.DataFrame


def split(rows: pd.DataFrame, dataset: Dataset, seed: int) -> Parts:
    """Split cleaned rows by the dataset's rule; raise UserError if a part is too small."""
    method = dataset.split.method
    if method == "random":
        parts = _random(rows, dataset, seed)
    else:
        test = stable(rows, dataset) if method == "stable" else _column(rows, dataset)
        parts = Parts(rows[~test], rows[test])
    _check_sizes(parts, dataset)
    return parts


def stable(rows: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """Return whether each row is a test row, by its content alone: bool of shape (rows,).

    The hash covers the dataset's key if it has one, else features and target. So a row stays on its
    side whatever rows are added or removed, and equal rows are on the same side.
    """
    columns = sorted(dataset.key or [*dataset.features, dataset.target.name])
    limit = int(dataset.split.test * 2**64)
    cells = [_as_text(rows[name]) for name in columns]
    digests = (
        hashlib.blake2b(SEPARATOR.join(row).encode(), digest_size=8).digest()
        for row in zip(*cells, strict=True)
    )
    return np.fromiter((int.from_bytes(digest) < limit for digest in digests), bool, len(rows))


def _as_text(column: pd.Series) -> list[str]:
    """Write cells so that equal values are equal text, however the source spells them: 1, 1.0."""
    if pd.api.types.is_numeric_dtype(column):
        # + 0.0 makes -0.0 and 0.0 one. Each value is written once, however often it stands there.
        values = column.to_numpy(dtype=np.float64) + 0.0
        codes, uniques = pd.factorize(values, use_na_sentinel=False)
        texts = np.array([repr(value) for value in uniques.tolist()], dtype=object)
        return list(texts[codes])
    return ["" if value is None or value != value else str(value) for value in column.tolist()]


def _random(rows: pd.DataFrame, dataset: Dataset, seed: int) -> Parts:
    from sklearn.model_selection import train_test_split

    if len(rows) < 2 or len(rows) * (1 - dataset.split.test) < 1:
        return Parts(rows.head(0), rows)  # scikit-learn refuses in words of its own
    chosen = seed if dataset.split.seed is None else dataset.split.seed
    train, test = train_test_split(rows, test_size=dataset.split.test, random_state=chosen)
    return Parts(train, test)


def _column(rows: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    return np.asarray(rows[dataset.split.column] == "test")


def _check_sizes(parts: Parts, dataset: Dataset) -> None:
    train, test = len(parts.train), len(parts.test)
    if train < 1 or test < 1:
        raise UserError(
            f"The split of '{dataset.name}' leaves a part empty.",
            given=f"{train} rows to train, {test} rows to test",
            fix="bring more rows, or change the dataset's split",
        )
