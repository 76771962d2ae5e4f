"""The weighted mean of models' answers, and of what their answers are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from src.inference.cells import Cells
from src.inference.reasons.contributions import Part
from src.inference.scalar_expressions import Record
from src.inference.scored import Model, Reasons


class Blend:
    """Answers as several models do in the weighted mean; the weights add up to 1."""

    def __init__(self, models: Sequence[Model], weights: Sequence[float]) -> None:
        self._parts = list(zip(weights, models, strict=True))

    def output(self, records: Sequence[Record]) -> np.ndarray:
        """Return values of shape (rows,), or probabilities of shape (rows, classes)."""
        return self._mean([model.output(records) for _, model in self._parts])

    def output_of(self, cells: Cells) -> np.ndarray:
        """Return the same of records by column."""
        return self._mean([model.output_of(cells) for _, model in self._parts])

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

    def _mean(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        first, *others = (
            weight * output for (weight, _), output in zip(self._parts, outputs, strict=True)
        )
        for other in others:
            first += other
        return first
