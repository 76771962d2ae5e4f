"""What a label is: a record with its truth beside it, flat, as a row of the dataset's CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.labels.export import RESERVED
from app.records.values import spelt
from src.data.features import Category, Feature, Integer, Number
from src.data.schema import Dataset
from src.support.errors import UserError


def labelled(dataset: Dataset, classes: list[str] | None) -> Dataset:
    """Return the dataset whose records are labels: its target is one more feature, the last.

    `classes` are those known from elsewhere, where the dataset lists none. For reading only:
    src.data.schema.check refuses a target among the features.
    """
    features = {**dataset.features, dataset.target.name: _truth(dataset, classes)}
    return msgspec.structs.replace(dataset, features=features, derived={}, gate={}, similar=None)


def check_storable(dataset: Dataset, redact: Sequence[str]) -> None:
    """Raise UserError where a label would hold what is never stored, or two fields of one name."""
    if dataset.target.name in RESERVED:
        raise UserError(
            f"'{dataset.name}' takes no labels: a label has a '{dataset.target.name}' of its own.",
            code="labels_not_taken",
            given=f"the target of '{dataset.name}'",
            fix="give the target another name in conf/dataset, and in the data",
        )
    hidden = {name.casefold() for name in redact}
    for name in [*dataset.features, dataset.target.name]:
        if name.casefold() in hidden:
            raise UserError(
                f"'{dataset.name}' takes no labels: '{name}' is never stored here.",
                code="labels_not_taken",
                given=f"LAPIDARY_REDACT={','.join(redact)}",
                fix=f"take '{name}' out of LAPIDARY_REDACT, or out of the dataset",
            )


class Writer:
    """Writes labels as the database keeps them: the truth as a CSV's cell, the record as JSON."""

    def __init__(self, dataset: Dataset) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._make = _maker(list(dataset.features))
        self._whole = [
            at
            for at, feature in enumerate(dataset.features.values())
            if isinstance(feature, Integer)
        ]
        self._spell = dataset.task == "regression"

    def write(self, columns: Sequence[Sequence[Any]]) -> tuple[list[str], list[bytes]]:
        """Return truths and records of values by column, in the order of `labelled`'s features."""
        *features, truths = columns
        for at in self._whole:
            values = features[at]
            if None in values:
                features[at] = [None if value is None else int(value) for value in values]
            else:
                features[at] = list(map(int, values))
        return (
            list(map(spelt, truths)) if self._spell else list(truths),
            list(map(self._encode, map(self._make, *features))),
        )


def _truth(dataset: Dataset, classes: list[str] | None) -> Feature:
    target = dataset.target
    if dataset.task == "regression":
        return Number(
            min=target.min,
            max=target.max,
            above=target.above,
            below=target.below,
            unit=target.unit,
            about=target.about,
        )
    values = target.values if target.values is not None else classes
    return Category(values=None if values is None else list(values), about=target.about)


def _maker(names: list[str]) -> Callable[..., Any]:
    """Return what makes an object of values; a struct is written twice as fast as a dict."""
    members = [(f"f{at}", Any) for at in range(len(names))]
    rename = {f"f{at}": name for at, name in enumerate(names)}
    try:
        return msgspec.defstruct("Record", members, rename=rename, gc=False)
    except ValueError:  # a name that msgspec cannot take
        return lambda *values: dict(zip(names, values, strict=True))
