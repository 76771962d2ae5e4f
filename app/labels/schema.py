"""What a label is: a record with its truth beside it, flat, as a row of the dataset's CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.records.fields import Moment
from app.store.redaction import Redaction
from src.data.features import Category, Feature, Number, outward
from src.data.kinds.spelling import spelt
from src.data.schema import Dataset
from src.support.errors import UserError

PREDICTION_ID = "prediction_id"  # the field by which a truth names its prediction


def labelled(dataset: Dataset, classes: list[str] | None) -> Dataset:
    """Return the dataset whose records are labels: its target is one more feature, the last.

    Before it stand the columns that are neither, which a label may leave out. `classes` are those
    known from elsewhere, where the dataset lists none. For reading only: src.data.schema.check
    refuses a target among the features.
    """
    beside = {name: _beside(name, dataset) for name in dataset.extra_columns()}
    features = {**dataset.features, **beside, dataset.target.name: _truth(dataset, classes)}
    return msgspec.structs.replace(dataset, features=features, derived={}, gate={}, similar=None)


def by_prediction(dataset: Dataset, classes: list[str] | None) -> Dataset | None:
    """Return the dataset whose records are truths: a prediction's id stands for all features.

    None where the dataset has a column of that name, which keeps its meaning.
    """
    if PREDICTION_ID in dataset.columns():
        return None
    flat = labelled(dataset, classes)
    names = [*dataset.extra_columns(), dataset.target.name]
    prediction = Category(about="the id of the prediction whose truth it is")
    features = {PREDICTION_ID: prediction, **{name: flat.features[name] for name in names}}
    return msgspec.structs.replace(flat, features=features)


def check_storable(dataset: Dataset, redact: Sequence[str]) -> None:
    """Raise UserError where a label would hold what is never stored."""
    redaction = Redaction(redact)
    for name in dataset.columns():
        if redaction.hides(name):
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
        self.width = len(dataset.features)
        self._make = _maker(list(dataset.features), dataset.extra_columns())
        every = enumerate(map(outward, dataset.features.values()))
        self._outward = [(at, convert) for at, convert in every if convert is not None]
        self._spell = dataset.task == "regression"

    def write(self, columns: Sequence[Sequence[Any]]) -> tuple[list[str], list[bytes]]:
        """Return truths and records of values by column, in the order of `labelled`'s features.

        A record is without those extra columns that its label left out.
        """
        *features, truths = columns
        for at, convert in self._outward:
            values = features[at]
            if None in values:
                features[at] = [None if value is None else convert(value) for value in values]
            else:
                features[at] = list(map(convert, values))
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


def _beside(name: str, dataset: Dataset) -> Feature:
    """Return what a column that is neither a feature nor the target may hold."""
    if name == dataset.weight:
        return Number(min=0, optional=True, about="how much it counts; 1 unless given")
    if name in dataset.observed():
        return Number(optional=True, about="what it was, of which only later rows know")
    if name != dataset.split.column:
        return Category(optional=True, about="whose it is: what agrees in it belongs together")
    if dataset.split.method == "time":
        return Moment(optional=True, about="when it was; when it was posted unless given")
    about = "on which side it stands; drawn for ever unless given"
    return Category(values=["train", "test"], optional=True, about=about)


def _maker(names: list[str], extra: list[str]) -> Callable[..., Any]:
    """Return what makes an object of values; a struct is written twice as fast as a dict.

    What is missing of `extra`, the last ones, is left out of it.
    """
    every = [*names, *extra]
    rename = {f"f{at}": name for at, name in enumerate(every)}
    whole = [(member, Any) for member in list(rename)[: len(names)]]
    left = [(member, Any, None) for member in list(rename)[len(names) :]]
    words: Any = {"rename": rename, "gc": False, "omit_defaults": bool(extra)}
    try:
        return msgspec.defstruct("Record", [*whole, *left], **words)
    except ValueError:  # a name that msgspec cannot take
        pass

    def make(*values: Any) -> dict[str, Any]:
        pairs = dict(zip(every, values, strict=True))
        return {
            name: value for name, value in pairs.items() if value is not None or name not in extra
        }

    return make
