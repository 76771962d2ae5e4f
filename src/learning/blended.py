"""Several fitted models as one: the weighted mean of their answers.

Values are averaged in the target's unit and classes by their probabilities, whatever each member
learns by: so members of different kinds go together, what each feature adds to an answer is the
weighted sum of what it adds to theirs, and an answer only rises where all of theirs do.

Stone, "The Opinion Pool", Annals of Mathematical Statistics 32, 1961.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.learning.recipe import Fitted


@dataclass(frozen=True)
class Part:
    """A member that was fitted, and its weight."""

    name: str
    weight: float
    fitted: Fitted


@dataclass(frozen=True)
class Blended:
    """Fitted models with weights that are above 0 and add up to 1, as a bundle stores them."""

    parts: list[Part]
    classes: list[str] | None

    def output(self, frame: pd.DataFrame) -> np.ndarray:
        """Predict records: values of shape (rows,), or probabilities of shape (rows, classes)."""
        return self.mixed([part.fitted.output(frame) for part in self.parts])

    def mixed(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return the weighted mean of what the members answer."""
        return mixed([part.weight for part in self.parts], outputs)

    @property
    def heaviest(self) -> Fitted:
        """The member that counts most."""
        return max(self.parts, key=lambda part: part.weight).fitted

    @property
    def members(self) -> list[Any]:
        """The estimators of all members."""
        return [estimator for part in self.parts for estimator in part.fitted.members]


def mixed(weights: Sequence[float], outputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return the weighted mean of answers to the same rows."""
    total: np.ndarray = np.einsum("m,m...->...", np.asarray(weights), np.stack(outputs))
    return total
