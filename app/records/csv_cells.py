"""A value of a record -> a cell of a CSV, as the dataset's source writes it: it can be posted."""

from __future__ import annotations

from typing import Any

from src.data.features import Written
from src.data.kinds.number_format import NumberFormat
from src.data.kinds.spelling import spelt
from src.data.kinds.words import FALSE, TRUE
from src.data.schema import Dataset
from src.support import files


def cell(name: str, value: Any, dataset: Dataset) -> Any:
    """Return a column's value as JSON has it as a cell; what is missing as its word for that."""
    if value is None:
        markers = dataset.markers(name)
        return "" if "" in markers else next(iter(markers), "")
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if not isinstance(value, int | float) or not _is_number(name, dataset):
        return value
    return number(value, dataset.written(name))


def as_csv(names: list[str], values: dict[str, Any], dataset: Dataset) -> str:
    """Write a record as a row under its header."""
    rows = [names, [cell(name, values.get(name), dataset) for name in names]]
    return files.csv_text(rows, dataset.separator, end="\n")


def number(value: float, written: NumberFormat) -> Any:
    """Return a number as a cell; as it is where the source writes numbers as programs do."""
    return value if written.is_plain else written.words(spelt(float(value)))


def _is_number(name: str, dataset: Dataset) -> bool:
    """Tell whether the cells of a column are read as numbers."""
    if name == dataset.target.name:
        return dataset.task == "regression"
    return name == dataset.weight or isinstance(dataset.features.get(name), Written)
