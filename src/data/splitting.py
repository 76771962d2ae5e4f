"""Split rows into training and test rows."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Generic

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from src.data import groups, moments
from src.data.coded import TEXT, Column, Rows, Table, batches_of, frame_of
from src.data.kinds import instants
from src.data.schema import Dataset
from src.support.errors import UserError

SEPARATOR = "\x1f"  # stands in no cell that a person typed


@dataclass(frozen=True)
class Parts(Generic[Table]):
    """The training rows and the test rows."""

    train: Table
    test: Table


def split(rows: Table, dataset: Dataset, seed: int) -> Parts[Table]:
    """Split cleaned rows by the dataset's rule; raise UserError if a part is too small.

    Rows of one group stand on one side, whatever the rule. A class that `stable` would leave
    without a row on one side has its share there.
    """
    method = dataset.split.method
    if method == "random":
        train, test = _random(rows, dataset, seed)
    elif method == "time":
        train, test = _time(rows, dataset)
    else:
        is_test = _by_hash(rows, dataset) if method == "stable" else _column(rows, dataset)
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    parts = Parts(rows.take(train), rows.take(test))
    _check_sizes(parts, dataset)
    return parts


def stable(rows: pd.DataFrame | Rows, dataset: Dataset) -> np.ndarray:
    """Return whether each row is a test row, by its content alone: bool of shape (rows,).

    The hash covers the dataset's group or key if it has one, else features and target. So a row
    stays on its side whatever rows are added or removed, and equal rows are on the same side.
    """
    return _hashes(rows, dataset) < _limit(dataset)


def _limit(dataset: Dataset) -> int:
    return int(dataset.split.test * 2**64)


def _hashes(rows: pd.DataFrame | Rows, dataset: Dataset, *, is_apart: bool = False) -> np.ndarray:
    """Return by what each row has its side, from 0 to 2**64: uint64 of shape (rows,).

    With `is_apart` each of several rows that say the same has a side of its own: they differ by how
    many came before, which stays when others come.
    """
    columns = sorted(
        dataset.group_columns or dataset.key or [*dataset.features, dataset.target.name]
    )
    hashes, at = np.empty(len(rows), dtype=np.uint64), 0
    before = frame_of(rows, columns).groupby(columns, dropna=False).cumcount() if is_apart else None
    for batch in batches_of(rows, columns):
        own = slice(at, at + len(batch))
        cells = [_as_text(batch.columns[name]) for name in columns]
        if before is not None:
            cells.append(pa.array(before.iloc[own]).cast(TEXT))
        hashes[own] = _digests(pc.binary_join_element_wise(*cells, pa.scalar(SEPARATOR, TEXT)))
        at = own.stop
    return hashes


def _digests(texts: pa.Array) -> np.ndarray:
    """Return the first 8 bytes' number of each text's BLAKE2b: uint64 of shape (texts,)."""
    blake2b = hashlib.blake2b
    every = texts.cast(pa.large_binary()).to_numpy(zero_copy_only=False).tolist()
    joined = b"".join([blake2b(text, digest_size=8).digest() for text in every])
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)


def _by_hash(rows: pd.DataFrame | Rows, dataset: Dataset) -> np.ndarray:
    """Return whether each row is a test row, as `stable` does, and let no class miss a side.

    Of a class that would, those rows test that have the lowest hashes among its own: its share of
    them, and one at least. A class whose rows all belong together stands on one side.
    """
    is_apart = not groups.named(dataset) and groups.are_different(rows, dataset)
    hashes = _hashes(rows, dataset, is_apart=is_apart)
    test = hashes < _limit(dataset)
    if dataset.task == "regression":
        return test
    classes, _ = pd.factorize(rows[dataset.target.name], sort=True)
    sizes, tested = np.bincount(classes), np.bincount(classes, test).astype(np.int64)
    for label in np.flatnonzero((tested == 0) | (tested == sizes)):
        units = np.unique(hashes[classes == label])
        if len(units) < 2:
            continue
        count = min(max(1, round(len(units) * dataset.split.test)), len(units) - 1)
        test = np.where(np.isin(hashes, units), hashes <= units[count - 1], test)
    return test


def _as_text(column: Column) -> pa.Array:
    """Write cells so that equal values are equal text, however the source spells them: 1, 1.0.

    Each different value is written once, however often it stands there.
    """
    if pd.api.types.is_numeric_dtype(column.cells):
        # + 0.0 makes -0.0 and 0.0 one.
        values = column.cells.to_numpy(dtype=np.float64) + 0.0
        texts = [repr(value) for value in values.tolist()]
    else:
        cells = column.cells.tolist()
        texts = ["" if value is None or value != value else str(value) for value in cells]
    return pa.array(texts, TEXT).take(pa.array(column.codes))


def _random(
    rows: pd.DataFrame | Rows, dataset: Dataset, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    # Rows that are equal in all they say are told apart, as they are by the procedures that one
    # compares with; only what the YAML names stays together.
    names = dataset.group_columns or dataset.key
    group = groups.number(rows, names) if names else np.arange(len(rows))
    every = np.unique(group)
    if len(every) < 2 or len(every) * (1 - dataset.split.test) < 1:
        return every[:0], np.arange(len(rows))  # scikit-learn refuses in words of its own
    chosen = seed if dataset.split.seed is None else dataset.split.seed
    train, test = train_test_split(every, test_size=dataset.split.test, random_state=chosen)
    if len(every) == len(rows):
        return train, test
    return np.flatnonzero(np.isin(group, train)), np.flatnonzero(np.isin(group, test))


def _column(rows: pd.DataFrame | Rows, dataset: Dataset) -> np.ndarray:
    test = np.asarray(rows[str(dataset.split.column)] == "test")
    if dataset.group_columns:
        _check_sides(rows, test, dataset)
    return test


def _check_sides(rows: pd.DataFrame | Rows, test: np.ndarray, dataset: Dataset) -> None:
    group = groups.number(rows, dataset.group_columns)
    both = np.intersect1d(group[test], group[~test])
    if len(both):
        at = int(np.flatnonzero(group == both[0])[0])
        first = frame_of(rows, dataset.group_columns).iloc[at]
        shown = ", ".join(f"{name} {first[name]}" for name in dataset.group_columns)
        raise UserError(
            f"{len(both)} groups of '{dataset.name}' have rows to train and rows to test.",
            given=f"split.column: {dataset.split.column}; such as {shown}",
            fix="let the column put all rows of a group on one side, or take group out",
        )


def _time(rows: pd.DataFrame | Rows, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    when = moments.of(rows, dataset)
    assert when is not None
    if not len(when):
        return np.arange(0), np.arange(0)
    first = _first_tested(when, dataset)
    test, train = when >= first, when < moments.limit(when, first, dataset.split.gap)
    together = groups.columns(dataset)
    if together:
        group = groups.number(rows, together)
        train &= ~np.isin(group, group[test])
    return np.flatnonzero(train), np.flatnonzero(test)


def _first_tested(when: np.ndarray, dataset: Dataset) -> float:
    """Return the first moment to test: as configured, or that of the newest share of the rows."""
    after = dataset.split.after
    if after is None:
        kept = math.floor(len(when) * (1 - dataset.split.test))
        return float(np.sort(when)[min(kept, len(when) - 1)])
    first = moments.one(after, dataset)
    if not when.min() < first <= when.max():
        raise UserError(
            f"split.after of '{dataset.name}' is not a moment at which '{dataset.split.column}' "
            "can be split.",
            given=after,
            choices=instants.ALLOWED,
            fix="name a moment after the first row and not after the last, written as in the data",
        )
    return first


def _check_sizes(parts: Parts[Table], dataset: Dataset) -> None:
    train, test = len(parts.train), len(parts.test)
    if train < 1 or test < 1:
        raise UserError(
            f"The split of '{dataset.name}' leaves a part empty.",
            given=f"{train} rows to train, {test} rows to test{_of_groups(parts, dataset)}",
            fix="bring more rows, or change the dataset's split",
        )


def _of_groups(parts: Parts[Table], dataset: Dataset) -> str:
    names = groups.named(dataset)
    if not names:
        return ""
    both = pd.concat([frame_of(part, names) for part in (parts.train, parts.test)])
    count = len(set(groups.number(both, names)))
    noun = "is one" if count == 1 else f"are {count}"
    return f"; rows with the same {', '.join(names)} stay together, of which there {noun}"
