"""Answers of the service that are posted as if they were labels: they tell what was predicted."""

from __future__ import annotations

from collections.abc import Iterable

from app.records.strict_json import Object
from src.data.schema import Dataset
from src.inference.answer_cells import PREDICTED
from src.support.errors import UserError

# What an answer has beside its prediction: as JSON, and in a CSV, of numbers and of classes.
OF_ANSWER = ("id", "interval", "model")
OF_VALUES = ("low", "high", "id")
OF_CLASSES = ("probability", "likely", "id")


class PredictedError(UserError):
    """A post of what was predicted, as a whole."""


def check_header(header: Iterable[str], dataset: Dataset) -> None:
    """Raise PredictedError where a CSV's columns are those of a file of answers."""
    own = set(dataset.columns())
    bare = {_bare(name) for name in header if name not in own}
    predicted = PREDICTED + dataset.target.name
    beside = OF_VALUES if dataset.task == "regression" else OF_CLASSES
    if predicted in set(header) - own:
        raise _refusal(predicted, dataset)
    if bare.issuperset(beside):
        raise _refusal(", ".join([dataset.target.name, *beside]), dataset)


def check_object(label: object, dataset: Dataset) -> None:
    """Raise PredictedError where an object of JSON, parsed strictly, is an answer."""
    if not isinstance(label, Object):
        return
    names = {name for name, _ in label.pairs}.difference(dataset.columns())
    predicted = PREDICTED + dataset.target.name
    if predicted in names:
        raise _refusal(predicted, dataset)
    if names.issuperset(OF_ANSWER):
        raise _refusal(", ".join([dataset.target.name, *OF_ANSWER]), dataset)


def _bare(name: str) -> str:
    """Return a name as it was before a file of answers had to tell it from one of the file's."""
    while name.startswith(PREDICTED):
        name = name.removeprefix(PREDICTED)
    return name


def _refusal(given: str, dataset: Dataset) -> PredictedError:
    target = dataset.target.name
    return PredictedError(
        f"This is a file of answers: it tells what was predicted, and not what was true of each "
        f"{dataset.noun}.",
        code="labels_are_predictions",
        given=given,
        choices=[
            f"{target}: what was true",
            f"prediction_id and {target}: the truth of a prediction",
        ],
        fix=f"give the column {target} what was true, and leave out what was predicted",
    )
