"""The weighted mean of models' answers, and of what their answers are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from src.inference.reasons.contributions import Part
from src.inference.scalar_expressions import Record
from src.inference.scored import Model, Reasons


class Blend:
    """Answers as several models do in the weighted mean; the weights add up to 1."""

    def __init__(self, models: Sequence[Model], weights: Sequence[float]) -> None:
        self._parts = list(zip(weights, models, strict=True))

    def output(self, records: Sequence[Record]) -> np.ndarray:
        """Return values of shape (rows,), or probabilities of shape (rows, classes)."""
        (weight, model), *others = self._parts
        total = weight * model.output(records)
        for weight, model in others:
            total += weight * model.output(records)
        return total

    def reasons(self, record: Record, place: int | None) -> Reasons | None:
        """Return the weighted sum of what makes each model's answer; None if one is unknown."""
        base = 0.0
        amounts: dict[tuple[str, str | None], tuple[Part, float]] = {}
        for weight, model in self._parts:
            own = model.reasons(record, place)
            if own is None:
                return None
            base += weight * own.base
            for part, amount in own.amounts:  # of a text, members may know different words
                key = (part.name, part.word)
                first, so_far = amounts.get(key, (part, 0.0))
                amounts[key] = (first, so_far + weight * amount)
        return Reasons(base, list(amounts.values()))
