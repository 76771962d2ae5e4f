"""Explain an answer: what each feature adds to it, in its own unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from src.data.expressions import Expression
from src.data.features import as_json
from src.data.schema import Dataset
from src.inference.columns import getters
from src.inference.reasons.contributions import OTHER_WORDS, Part
from src.inference.scalar_expressions import Getter, Record, compiled

MOST_WORDS = 20


@dataclass(frozen=True)
class Contribution:
    """What a feature, or a word of a text, adds to the answer.

    `value` is the feature's value as JSON has it, or how often the word occurs; None if it is
    missing, and for the sum of other words.
    """

    feature: str
    value: Any
    contribution: float
    word: str | None = None


@dataclass(frozen=True)
class Explanation:
    """An answer as a sum: base + all contributions = value, largest first.

    `method` is trees (exact Shapley values), linear (coefficient times distance from the mean),
    mean (the weighted sum of what several models give) or sampled (Shapley values of sampled
    orders); `target` is the class whose probability `value` is.
    """

    method: str
    base: float
    value: float
    contributions: list[Contribution]
    target: str | None = None


def exact(explanation: Explanation) -> Explanation:
    """Scale the contributions so that the sum is exact, and sort them by size.

    Single precision and the average derivative leave a small remainder.
    """
    parts = explanation.contributions
    size = math.fsum(abs(part.contribution) for part in parts)
    if size == 0:
        return replace(explanation, base=explanation.value)
    over = explanation.value - explanation.base - math.fsum(part.contribution for part in parts)
    shared = [
        replace(part, contribution=part.contribution + over * abs(part.contribution) / size)
        for part in parts
    ]
    shared.sort(key=lambda part: -abs(part.contribution))
    return replace(explanation, contributions=shared)


class Sharing:
    """Distribute what columns add over the features that they are made of."""

    def __init__(self, dataset: Dataset, typical: Mapping[str, Any]) -> None:
        self._places = {name: at for at, name in enumerate(dataset.features)}
        self._typical = typical
        self._features = dataset.features
        self._derived: dict[str, tuple[list[str], Getter]] = {}
        by_name = getters(dataset)
        for name, text in dataset.computed().items():
            expression = Expression(text)
            self._derived[name] = (expression.names, compiled(expression, by_name))

    def contributions(
        self, record: Record, parts: Iterable[tuple[Part, float]]
    ) -> list[Contribution]:
        """Return the contributions of features and words from those of columns."""
        sums: dict[str, float] = {}
        words: dict[str, list[tuple[Part, float]]] = {}
        for part, amount in parts:
            if part.word is not None:
                words.setdefault(part.name, []).append((part, amount))
                continue
            for name, share in self._shares(part.name, record).items():
                sums[name] = sums.get(name, 0.0) + share * amount
        values = as_json(self._features, {name: record[self._places[name]] for name in sums})
        result = [Contribution(name, values[name], amount) for name, amount in sums.items()]
        for name, of_text in words.items():
            result += _largest(name, of_text)
        return result

    def _shares(self, name: str, record: Record) -> dict[str, float]:
        """Return each feature's share of a column; derived ones are split by effect."""
        if name not in self._derived:
            return {name: 1.0}
        names, value = self._derived[name]
        now = value(record)
        effects = [_effect(now, value(self._with_typical(record, used))) for used in names]
        total = sum(effects)
        if total == 0 or math.isinf(total):
            return dict.fromkeys(names, 1 / max(len(names), 1))
        return {used: effect / total for used, effect in zip(names, effects, strict=True)}

    def _with_typical(self, record: Record, name: str) -> Record:
        at = self._places[name]
        return (*record[:at], self._typical[name], *record[at + 1 :])


def _effect(now: float, other: float) -> float:
    """Return how far a derived column moves; what makes it missing is the one that matters."""
    if math.isnan(now):
        return 0.0 if math.isnan(other) else 1.0
    return 0.0 if math.isnan(other) else abs(other - now)


def _largest(name: str, parts: list[tuple[Part, float]]) -> list[Contribution]:
    """Return the words that add most, and one contribution for all others."""
    present = [(part, amount) for part, amount in parts if part.count is not None]
    present.sort(key=lambda one: -abs(one[1]))
    shown = [
        Contribution(name, part.count, amount, part.word) for part, amount in present[:MOST_WORDS]
    ]
    rest = [amount for part, amount in parts if part.count is None]
    rest += [amount for _, amount in present[MOST_WORDS:]]
    return [*shown, Contribution(name, None, math.fsum(rest), OTHER_WORDS)]
