"""Warn where an answer should not be trusted: by what its model learnt from, and by what it says.

A warning is {"code": ..., "feature": ... where it is about one, "message": a sentence}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from src.data.features import Temporal, written_by
from src.data.kinds.spelling import canonical
from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.inference.alike import Alike
from src.inference.cells import Cells
from src.inference.combination import Combination
from src.inference.reasons.sentence import amount, given, number, percent
from src.inference.scalar_expressions import Record

Warnings = list[dict[str, str]]

OUTSIDE_RANGE = "outside_learnt_range"
UNSEEN_CATEGORY = "unseen_category"
UNUSUAL_COMBINATION = "unusual_combination"
ANSWER_UNLIKE_SIMILAR = "answer_unlike_similar"
ANSWER_OUT_OF_BOUNDS = "answer_out_of_bounds"
ABSTAINED = "abstained"
UNSURE = "unsure"
CODES = (
    OUTSIDE_RANGE,
    UNSEEN_CATEGORY,
    UNUSUAL_COMBINATION,
    ANSWER_UNLIKE_SIMILAR,
    ANSWER_OUT_OF_BOUNDS,
    ABSTAINED,
    UNSURE,
)
LEAST_SURE = 0.5  # below it another class may be as likely
FEW = 8  # records; numpy pays for more
NEAR = 0.02  # of two numbers: further apart they differ in their first three digits
LONGEST = 60  # characters of a value that a message repeats


class Guard:
    """The warnings of a version's answers; thread-safe.

    A bundle from before there was something learnt warns by its answers alone.
    """

    def __init__(
        self,
        dataset: Dataset,
        learnt: Mapping[str, Any] | None,
        classes: Sequence[str] | None = None,
        decision: Decision | None = None,
    ) -> None:
        """Take the `learnt` of a bundle's manifest, None where it has none."""
        names, found = list(dataset.features), learnt or {}
        self._dataset = dataset
        self._names = names
        self._classes = classes
        self._decision = decision or Decision()
        self._ranges: list[tuple[int, float, float]] = [
            (names.index(name), low, high) for name, (low, high) in found.get("ranges", {}).items()
        ]
        self._levels: list[tuple[int, frozenset[str]]] = [
            (names.index(name), frozenset([*seen, *map(canonical, seen)]))
            for name, seen in found.get("levels", {}).items()
        ]
        joint, alike = found.get("combination"), found.get("alike")
        self._combination = None if joint is None else Combination(joint, names)
        self._alike = None if alike is None else Alike(alike, names)
        self._apart = (
            self._ranges if self._combination is None else self._besides(self._combination)
        )
        self._bounds = dataset.target.words() if classes is None else ""
        self._of_answer = self._of_value if classes is None else self._of_class

    def warnings(self, records: Sequence[Record], output: np.ndarray) -> list[Warnings]:
        """Return the warnings of each record and its output, shape (rows,) or (rows, classes).

        They are not to be changed: those without any may share a list.
        """
        if len(records) == 1:
            return [self._one(records[0], output.tolist()[0])]
        if len(records) < FEW:
            pairs = zip(records, output.tolist(), strict=True)
            return [self._one(record, answer) for record, answer in pairs]
        found: list[Warnings] = [[]] * len(records)  # one for all: to make 20,000 takes 20 ms
        for at, warnings in self.found(Cells(records), output).items():
            found[at] = warnings
        return found

    def found(self, cells: Cells, output: np.ndarray) -> dict[int, Warnings]:
        """Return the same of records by column, by the places of those that may have any."""
        return {
            at: self._one(cells.record(at), output[at].tolist())
            for at in np.flatnonzero(self._suspects(cells, output)).tolist()
        }

    def _one(self, record: Record, answer: Any) -> Warnings:
        found: Warnings = []
        is_unusual, ranges = False, self._apart
        if self._combination is not None:
            is_unusual, is_within = self._combination.look(record)
            if not is_within:
                ranges = self._ranges
        for at, low, high in ranges:
            value = record[at]
            if value is not None and not low <= value <= high:
                found.append(self._outside(at, value, low, high))
        for at, seen in self._levels:
            value = record[at]
            if value is not None and value not in seen:
                found.append(self._unseen(at, value))
        if is_unusual and self._combination is not None:
            found.append(self._unusual(self._combination, record))
        self._of_answer(record, answer, found)
        return found

    def _besides(self, combination: Combination) -> list[tuple[int, float, float]]:
        """Return the ranges of numbers that may be outside although the combination's are within.

        Its ends were learnt from the same rows, or from some of them.
        """
        ends = combination.ends()
        return [
            (at, low, high)
            for at, low, high in self._ranges
            if (one := ends.get(self._names[at])) is None or not low <= one[0] <= one[1] <= high
        ]

    def _suspects(self, cells: Cells, output: np.ndarray) -> np.ndarray:
        """Tell for each row whether there is anything to warn of."""
        told = np.zeros(cells.count, dtype=bool)
        for at, low, high in self._ranges:
            told |= (cells.numbers(at) < low) | (cells.numbers(at) > high)
        for at, seen in self._levels:
            new = set(cells.different(at)).difference(seen, (None,))
            if new:
                told |= cells.mapped(at, new.__contains__)
        if self._combination is not None:
            distances = self._combination.distances(self._combination.scores(cells))
            told |= distances > self._combination.threshold
        if self._classes is None:
            told |= ~_held(self._dataset.target, output)
            if self._alike is not None:
                told |= self._alike.outside(cells, output)
        elif self._decision.threshold is None:
            told |= output.max(axis=1) < LEAST_SURE
        else:
            told |= self._decision.abstains(output)
        return told

    def _of_value(self, record: Record, value: float, found: Warnings) -> None:
        target = self._dataset.target
        leaf = None if self._alike is None else self._alike.leaf(record)
        is_held = target.hold(value)
        is_like = leaf is None or leaf.least <= value <= leaf.most
        if is_held and is_like:
            return
        said = self._said(target.name, value, target.unit)
        if not is_held:
            message = f"{said}, which is not {self._bounds}, as each {target.name} is."
            found.append({"code": ANSWER_OUT_OF_BOUNDS, "message": message})
        if leaf is not None and not is_like:
            rows, low, high = leaf.words
            ends = f"{low} to {high}"
            if _is_near(value, leaf.low) or _is_near(value, leaf.high):
                ends = _ends(value, leaf.low, leaf.high, number)
            message = f"{said}; the {rows} rows most like this {self._dataset.noun} have {ends}."
            found.append({"code": ANSWER_UNLIKE_SIMILAR, "message": message})

    def _of_class(self, _: Record, chances: Sequence[float], found: Warnings) -> None:
        decision = self._decision
        if decision.threshold is None:
            best = max(chances)
            if best < LEAST_SURE:
                message = f"The model is not sure: its best guess has {percent(best)}."
                found.append({"code": UNSURE, "message": message})
        elif decision.band is not None and decision.abstains_from(chances):
            assert self._classes is not None
            low, high = decision.band
            message = (
                f"Ask a person: {chances[decision.positive]:.3g}, the probability of "
                f"{self._classes[decision.positive]}, lies between {low:.3g} and {high:.3g}, "
                "where this version does not decide."
            )
            found.append({"code": ABSTAINED, "message": message})

    def _outside(self, at: int, value: float, low: float, high: float) -> dict[str, str]:
        name = self._names[at]
        said = self._said(name, value, self._unit(name))
        feature = self._dataset.features[name]
        ends = (
            f"{feature.text(low)} to {feature.text(high)}"
            if isinstance(feature, Temporal)
            else _ends(value, low, high, given)
        )
        message = f"{said}; the rows it learnt from have {ends}."
        return {"code": OUTSIDE_RANGE, "feature": name, "message": message}

    def _unseen(self, at: int, value: str) -> dict[str, str]:
        name = self._names[at]
        said = value if len(value) <= LONGEST else f"{value[:LONGEST]}\N{HORIZONTAL ELLIPSIS}"
        message = f"{name} is '{said}', which none of the rows it learnt from has."
        return {"code": UNSEEN_CATEGORY, "feature": name, "message": message}

    def _unusual(self, combination: Combination, record: Record) -> dict[str, str]:
        name, usual = combination.oddest(record)
        value, unit = record[self._names.index(name)], self._unit(name)
        write = written_by(self._dataset.features[name], number)
        message = (
            "Its numbers together are unlike those of the rows it learnt from: "
            f"{self._said(name, value, unit)}, where the others suggest about {write(usual)}."
        )
        return {"code": UNUSUAL_COMBINATION, "feature": name, "message": message}

    def _unit(self, name: str) -> str:
        return getattr(self._dataset.features[name], "unit", "")

    def _said(self, name: str, value: float, unit: str) -> str:
        feature = self._dataset.features.get(name)
        if isinstance(feature, Temporal):
            return f"{name} is {feature.text(value)}"
        return f"{name} is {amount(value, '' if unit == name else unit)}"


def _held(target: Any, values: np.ndarray) -> np.ndarray:
    """Tell of each value whether it is within the target's bounds."""
    held = np.ones(len(values), dtype=bool)
    if target.min is not None:
        held &= values >= target.min
    if target.max is not None:
        held &= values <= target.max
    if target.above is not None:
        held &= values > target.above
    if target.below is not None:
        held &= values < target.below
    return held


def _is_near(value: float, end: float) -> bool:
    """Tell whether a value and the end of a range may be written alike, in three digits."""
    return abs(value - end) <= NEAR * max(abs(value), abs(end))


def _ends(value: float, low: float, high: float, write: Callable[[float], str]) -> str:
    """Say a range that a value lies outside of, and not so roughly that it seems to hold it."""
    ends = [write(low), write(high)]
    if write(value) in ends:
        ends = [f"{low:.15g}", f"{high:.15g}"]
    return f"{ends[0]} to {ends[1]}"
