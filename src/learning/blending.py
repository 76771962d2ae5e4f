"""Fit a blend: its members by their own recipes, and weights on their out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.config.configuration import Model
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.judged import Judged, joined
from src.learning import mixing, validation
from src.learning.blended import Blended, Part, mixed
from src.learning.fits import Fits
from src.learning.recipe import Fitted, Recipe
from src.learning.sampling import Fold, Sampling
from src.learning.validation import Validated


@dataclass(frozen=True)
class Learnt:
    """A fitted model, how it did in cross-validation, and of a blend how its members did."""

    validated: Validated
    fitted: Fitted | Blended
    members: list[dict[str, Any]]


@dataclass(frozen=True)
class Work:
    """The rows to learn from, their folds, and who is told of each fit."""

    dataset: Dataset
    frame: pd.DataFrame
    target: np.ndarray
    sampling: Sampling
    folds: list[Fold]
    tick: Callable[[], None]

    def fit(self, recipe: Recipe, fits: Fits) -> tuple[Validated, Fitted]:
        """Cross-validate and fit by a recipe, or take what was fitted by it before."""
        found = fits.find(recipe, len(self.folds))
        if found is not None:
            for _ in [*self.folds, "all rows"]:
                self.tick()
            return found
        found = validation.validate_and_fit(
            recipe,
            self.dataset.metric,
            self.frame,
            self.target,
            self.folds,
            self.tick,
            self.sampling,
        )
        fits.keep(recipe, len(self.folds), found)
        return found


def learn(model: Model, classes: list[str] | None, seed: int, work: Work, fits: Fits) -> Learnt:
    """Cross-validate a model, or all members of a blend, and fit on all rows."""
    recipes = [Recipe(work.dataset, single, classes, seed) for single in model.singles()]
    found = [work.fit(recipe, fits) for recipe in recipes]
    if not model.recipes:
        validated, fitted = found[0]
        return Learnt(validated, fitted, [])
    outputs = [validated.output for validated, _ in found]
    folds = [_judged(outputs, work, judge) for _, judge in work.folds]
    is_along_time = work.sampling.moments is not None
    chosen = [
        _weights(model, work, validation.others(folds, at, is_along_time))
        for at in range(len(folds))
    ]
    blended = [mixed(own, fold.outputs) for own, fold in zip(chosen, folds, strict=True)]
    validated = validation.validated(recipes[0], work.dataset.metric, work.target,
                                     work.sampling, work.folds, blended)  # fmt: skip
    weights = _weights(model, work, folds)
    parts = [
        Part(recipe.model.name, weight, fitted)
        for recipe, weight, (_, fitted) in zip(recipes, weights, found, strict=True)
        if weight
    ]
    told = [
        {
            "model": recipe.model.name,
            "weight": measures.rounded(weight),
            "cv_scores": [measures.rounded(score) for score in own.scores],
        }
        for recipe, weight, (own, _) in zip(recipes, weights, found, strict=True)
    ]
    return Learnt(validated, Blended(parts, classes), told)


@dataclass(frozen=True)
class _Fold:
    """The rows that a fold judges, and what each member answered to them."""

    rows: Judged
    outputs: list[np.ndarray]


def _judged(outputs: list[np.ndarray], work: Work, judge: np.ndarray) -> _Fold:
    own = [output[judge] for output in outputs]
    return _Fold(Judged(work.target[judge], own[0], work.sampling.take(judge).weights), own)


def _weights(model: Model, work: Work, folds: list[_Fold]) -> list[float]:
    if model.weights == "equal":
        return mixing.equal(len(model.recipes))
    members = zip(*(fold.outputs for fold in folds), strict=True)
    outputs = [np.concatenate(own) for own in members]
    return mixing.weights(work.dataset.metric, outputs, joined([fold.rows for fold in folds]))
