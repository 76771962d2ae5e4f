"""Columns that certainly give the target away, found on a sample by what inspects the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from src.data import cleaning, schema_checks
from src.data.findings import Finding
from src.data.schema import Dataset
from src.learning.inspection import leaks
from src.learning.inspection.samples import some
from src.support.errors import UserError
from src.support.structs import convert

SEED = 42


def find(values: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Finding]:
    """Return what was found, by the feature's name; the frame has the rows as text.

    `values` are what a dataset's YAML says.
    """
    plain = {**values, "max_rejected": 1.0, "duplicates": "keep"}
    if not plain["features"]:
        return {}
    dataset: Dataset = convert(plain, Dataset, "dataset")
    schema_checks.check(dataset)
    columns = dataset.source_columns()
    rows = frame[list(columns.values())].set_axis(list(columns), axis="columns")
    drawn = some(rows, len(dataset.features), SEED)
    try:
        cleaned = cleaning.clean(drawn.reset_index(drop=True), dataset)
    except UserError:  # not a row is left: whoever trains is told why
        return {}
    found = [*leaks.lost(dataset, cleaned), *leaks.find(dataset, cleaned.rows, SEED)]
    return {one.columns[0]: one for one in reversed(found)}
