"""From probabilities to a class: the likeliest one or by a threshold, and when to ask a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST = np.finfo(np.float64).tiny  # avoids dividing by a threshold of 0


@dataclass(frozen=True)
class Decision:
    """How a class is chosen: of two by the threshold of the positive one, else the likeliest.

    Where the probability of the positive class lies between the ends of `band`, no class is
    answered for. `costs` are those of a false positive and of a false negative.
    """

    threshold: float | None = None
    band: tuple[float, float] | None = None
    costs: tuple[float, float] | None = None
    positive: int = 1  # its place among the classes

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Decision:
        """Read it from a bundle's manifest; those of earlier days say nothing of it."""
        found = manifest.get("decision")
        if found is None:
            return cls()
        band, costs = found.get("band"), found.get("costs")
        return cls(
            threshold=found["threshold"],
            band=None if band is None else (band[0], band[1]),
            costs=None if costs is None else (costs["false_positive"], costs["false_negative"]),
        )

    def called(self, output: np.ndarray) -> np.ndarray:
        """Return the position of each row's class; `output` has the shape (rows, classes)."""
        if self.threshold is None:
            return np.asarray(output.argmax(axis=1))
        is_called = output[:, self.positive] >= self.threshold
        return np.where(is_called, self.positive, 1 - self.positive)

    def called_one(self, chances: Sequence[float]) -> int:
        """Return the position of one row's class."""
        if self.threshold is None:
            return max(range(len(chances)), key=chances.__getitem__)
        is_called = chances[self.positive] >= self.threshold
        return self.positive if is_called else 1 - self.positive

    def abstains(self, output: np.ndarray) -> np.ndarray:
        """Tell for each row whether it is left to a person."""
        if self.band is None:
            return np.zeros(len(output), dtype=bool)
        low, high = self.band
        chances = output[:, self.positive]
        return np.asarray((low < chances) & (chances < high))

    def abstains_from(self, chances: Sequence[float]) -> bool:
        """Tell whether one row is left to a person."""
        return self.band is not None and self.band[0] < chances[self.positive] < self.band[1]


LIKELIEST = Decision()


def sureness(threshold: float, chance: Any) -> Any:
    """Return from 0 (at the threshold) to 1 (at 0 or 1) how far a probability is from it.

    With a threshold of one half it is the difference of both classes' probabilities.
    """
    above = (chance - threshold) / max(1 - threshold, LEAST)
    below = (threshold - chance) / max(threshold, LEAST)
    return np.where(chance >= threshold, above, below)
