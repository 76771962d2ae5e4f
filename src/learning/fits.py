"""Fits of one set of rows that several trainings share: a member of a blend is trained once."""

from __future__ import annotations

from dataclasses import dataclass, field

from src.learning.recipe import Fitted, Recipe
from src.learning.validation import Validated

Found = tuple[Validated, Fitted]


@dataclass
class Fits:
    """What was fitted and cross-validated so far, by its recipe and the number of folds.

    It belongs to whoever trains several models on the same rows, one after the other.
    """

    _kept: list[tuple[Recipe, int, Found]] = field(default_factory=list)

    def find(self, recipe: Recipe, folds: int) -> Found | None:
        """Return what was made of a recipe before; None where nothing was."""
        for other, count, found in self._kept:
            if count == folds and other == recipe:
                return found
        return None

    def keep(self, recipe: Recipe, folds: int, found: Found) -> None:
        """Keep what was made of a recipe."""
        self._kept.append((recipe, folds, found))
