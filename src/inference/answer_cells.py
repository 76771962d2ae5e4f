"""What a table says of answers beside its rows: the names of the columns, and their cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from src.data.features import Written
from src.data.kinds.spelling import spelt
from src.data.schema import Dataset
from src.evaluation.decision import Decision

PREDICTED = "predicted_"  # before the target; never the bare name: no truth stands there
AMONG = " | "  # between the classes of one cell
BETWEEN = ";"  # codes of warnings
REFUSED = "refused"  # the column that says why a row has no prediction
WARNINGS, WHY = "warnings", "why"
TAKEN = PREDICTED  # before a name of ours that the table has already


class AnswerCells:
    """How the answers of a version are told in cells: numbers as the dataset writes them."""

    def __init__(self, dataset: Dataset, decision: Decision) -> None:
        self.target = PREDICTED + dataset.target.name
        parts = {"threshold": decision.threshold, "abstains": decision.band}
        self.of_decision = [name for name, value in parts.items() if value is not None]
        if dataset.task == "regression":
            self.names = [self.target, "low", "high"]
        else:
            self.names = [self.target, "probability", "likely", *self.of_decision]
        self._written = dataset.written(dataset.target.name)
        # Of what is no column of theirs.
        self._plain = Written().written(dataset.decimal, dataset.thousands)

    def value(self, value: float) -> str:
        """Write a value of the target, or the end of its range."""
        return self._written.words(spelt(value))

    def chance(self, value: float) -> str:
        """Write a probability, or a threshold of it."""
        return self._plain.words(spelt(value))

    def flag(self, value: bool) -> str:
        """Write what is true or not."""
        return str(value).lower()

    def likely(self, classes: Iterable[Any]) -> str:
        """Write the classes that are likely."""
        return AMONG.join(map(str, classes))

    def warnings(self, warnings: Iterable[dict[str, str]]) -> str:
        """Write the codes of warnings."""
        return BETWEEN.join([warning["code"] for warning in warnings])


def header(came: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return the header as it came and, beside it, names that are free."""
    found = list(came)
    for name in names:
        while name in found:
            name = TAKEN + name
        found.append(name)
    return found
