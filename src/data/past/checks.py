"""What the windows of a dataset ask of its columns, its split and its groups."""

from __future__ import annotations

from src.data.features import Date, Datetime, Integer, Number, Past
from src.data.past import windows
from src.data.schema import Dataset
from src.support.errors import UserError


def check(dataset: Dataset) -> None:
    """Check each window of derived; raise UserError where its column or its series cannot be."""
    for name, text in dataset.derived.items():
        windows.check(name, text)
    named = dataset.windows()
    for name, one in dataset.features.items():
        if isinstance(one, Past) and name not in named:
            raise UserError(
                f"'{name}' of '{dataset.name}' is of the past, and nothing says of which.",
                given="type: past",
                fix=f"take '{name}' out of features, and write derived: {{{name}: lag(load, 24)}}",
            )
    for name, window in named.items():
        if not isinstance(dataset.features.get(name), Past):
            raise UserError(f"The derived column '{name}' is already a column.", fix="rename it")
        _check_series(dataset, name)
        _check_looked_at(dataset, name, window.column)


def _check_looked_at(dataset: Dataset, name: str, column: str) -> None:
    """Check that a window looks at a column of numbers."""
    numbers = [one for one, kind in dataset.features.items() if type(kind) in (Number, Integer)]
    if dataset.task == "regression":
        numbers.insert(0, dataset.target.name)
    beside = {*dataset.features, *dataset.key, *dataset.group_columns, dataset.target.name}
    if column not in numbers and column in beside:
        raise UserError(
            f"'{name}' looks at the past of '{column}', which is no column of numbers.",
            given=f"{name}: {dataset.derived[name]}",
            choices=[*numbers, "a column of numbers that is no feature"],
        )


def _check_series(dataset: Dataset, name: str) -> None:
    """Check that the dataset says when rows were, of which series, and splits them by time."""
    text, split = f"{name}: {dataset.derived[name]}", dataset.split
    if split.method != "time":
        raise UserError(
            f"'{name}' looks into the past, and the split of '{dataset.name}' is not by time: of "
            "rows drawn at random a model would be judged that has learnt from later ones.",
            given=f"{text}; split.method: {split.method}",
            fix="write split: {method: time, column: <the column that says when a row was>}",
        )
    time = dataset.features.get(str(split.column))
    if type(time) not in (Date, Datetime, Number, Integer) or getattr(time, "optional", False):
        kinds = ("datetime", "date", "integer")
        raise UserError(
            f"'{name}' looks into the past, so each record of '{dataset.name}' must say when it "
            f"is: '{split.column}' has to be a feature, not optional: a date, a time or a number.",
            given=f"{text}; split.column: {split.column}",
            choices=[f"{split.column}: {{type: {kind}}}" for kind in kinds],
            fix=f"name '{split.column}' in features so",
        )
    for column in dataset.group_columns:
        if getattr(dataset.features.get(column), "optional", True):
            raise UserError(
                f"'{name}' looks into the past of a series, so each record of '{dataset.name}' "
                f"must say of which: '{column}' of group has to be a feature, and not optional.",
                given=f"{text}; group: {', '.join(dataset.group_columns)}",
                choices=[f"{column}: {{type: category}}", f"{column}: {{type: id}}"],
                fix=f"name '{column}' in features so; an id is never learnt",
            )
