"""Cleaning of rows that are in memory as a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from src.data.cleaning import columns
from src.data.cleaning.cleaner import Cleaner
from src.data.cleaning.report import Cleaned
from src.data.coded import Batch, Rows
from src.data.schema import Dataset
from src.data.sources import Fault, Raw, named


def clean(
    raw: pd.DataFrame, dataset: Dataset, of_source: Mapping[object, Fault] | None = None
) -> Cleaned:
    """Apply the schema's rules and the rule on duplicates to rows of text, as `Cleaner` does.

    `of_source` says by place which rows the source itself got wrong. The index of the accepted rows
    is the position in the source. Raises UserError if more than `max_rejected` of the rows with a
    target are faulty (duplicates are dropped, but are not faults) or none is left.
    """
    cleaner = Cleaner(dataset)
    cleaner.add(raw, of_source)
    return cleaner.finished()


def typed(
    raw: pd.DataFrame, names: Sequence[str], dataset: Dataset
) -> tuple[pd.DataFrame, np.ndarray]:
    """Type some columns of rows of text; return them, and which rows break no rule of theirs."""
    texts = Batch.of(raw[list(names)].reset_index(drop=True))
    rows, faults = columns.typed(texts, names, dataset)
    return Rows([rows]).frame(), faults.ok()


def with_others(raw: Raw, dataset: Dataset) -> pd.DataFrame:
    """Return the dataset's columns, then those that it does not name, which tell rows apart."""
    others = raw.whole.drop(columns=names_in(raw.whole, dataset))
    others = others[named(others)]
    # No column of a dataset begins with a blank.
    names = [f" {name}" if name in raw.frame else name for name in others]
    return pd.concat([raw.frame, others.set_axis(names, axis="columns")], axis=1)


def names_in(whole: pd.DataFrame, dataset: Dataset) -> list[str]:
    """List what a source calls the dataset's columns; blanks around a name do not count."""
    names = dict.fromkeys(dataset.source_columns().values())
    return [name if name in whole else name.strip() for name in names]


def whole(rows: pd.DataFrame, raw: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return all that typed rows say, with what their text says in columns without a type."""
    others = raw.drop(columns=dataset.columns()).apply(lambda cells: cells.str.strip())
    return pd.concat([rows[dataset.identity()], others.set_axis(rows.index)], axis=1)
