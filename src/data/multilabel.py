"""Refuse targets of several labels a row, and say what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from src.data.schema import Dataset
from src.support.errors import UserError

TASKS = ("multilabel", "multi-label", "multi_label")
SEPARATORS = (";", "|", ",")
LEAST = 0.05  # of the rows: fewer are slips, and rejected one by one
FIX = (
    "write a dataset for each label (task: binary), with a column as its target that says whether "
    "the row has the label"
)


def check_task(values: Mapping[str, Any]) -> None:
    """Raise UserError where a dataset's values name a task of several labels."""
    dataset = values.get("dataset")
    task = dataset.get("task") if isinstance(dataset, Mapping) else None
    if task in TASKS:
        raise UserError(
            "A model predicts one target, and a row has one label of it.",
            given=f"task: {task}",
            choices=["regression", "binary", "multiclass"],
            fix=FIX,
        )


def check_cells(counts: Mapping[str, int], dataset: Dataset) -> None:
    """Raise UserError where many cells of a target of classes list several of its labels.

    `counts` has how many rows have a cell. The labels are those in the schema, or the cells without
    a separator.
    """
    if dataset.task == "regression":
        return
    every = sorted(counts, key=lambda cell: -counts[cell])
    total = sum(counts.values())
    listed = set(dataset.target.listed() or ())
    for separator in SEPARATORS:
        labels = listed or {cell for cell in every if separator not in cell}
        lists = [
            cell
            for cell in every
            if separator in cell
            and cell not in listed
            and labels.issuperset(part.strip() for part in cell.split(separator))
        ]
        rows = sum(counts[cell] for cell in lists)
        if rows > LEAST * total:
            raise UserError(
                f"The target '{dataset.target.name}' of '{dataset.name}' has several labels in a "
                "cell, and a model predicts one.",
                given=f"{lists[0]} and the like in {rows} of {total} rows",
                fix=f"{FIX}; where such a cell is a class of its own, list it in target.values",
            )
