"""Features that an answer may only rise, or only fall with: `monotone: up` in a dataset's YAML.

Estimators that take constraints are given them, derived columns included; every model is then
looked at on a grid, since a promise that nobody checked is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category
from src.data.schema import Dataset
from src.learning.encoding import Encoder
from src.support.errors import UserError

# What estimators call them: a number for each column of the matrix, 1 for up and -1 for down.
PARAMETERS = ("monotone_constraints", "monotonic_cst")
SIGNS = {"up": 1, "down": -1}
ROWS, STEPS = 200, 25  # of the grid
SLACK = 1e-6  # of the answers' range: sums of trees miss by their last digits


def features(dataset: Dataset) -> dict[str, int]:
    """Return 1 or -1 for each feature that is monotone."""
    asked = {name: getattr(one, "monotone", None) for name, one in dataset.features.items()}
    return {name: SIGNS[way] for name, way in asked.items() if way is not None}


def constraints(dataset: Dataset, encoder: Encoder, frame: pd.DataFrame) -> list[int] | None:
    """Return the sign that each column of the matrix is to have, 0 for none; None without any.

    Raises UserError where a derived column goes against one of its features, or an ordered category
    has a column for each value.
    """
    asked = features(dataset)
    if not asked:
        return None
    names = encoder.names()
    signs = [0] * len(names)
    for name, sign in asked.items():
        steps = _steps(encoder.transform, dataset, frame, name)
        for at, column in enumerate(names):
            way = _way(steps[:, :, at])
            if way is None or (way and signs[at] not in (0, way * sign)):
                raise _contradiction(dataset, column, name)
            signs[at] = way * sign or signs[at]
    return signs


def constrain(estimator: Any, signs: list[int] | None) -> Any:
    """Give an estimator its constraints where it takes any; return it."""
    taken = estimator.get_params()
    for name in PARAMETERS if signs is not None else ():
        if name in taken:
            estimator.set_params(**{name: tuple(signs or ())})
    return estimator


def check(
    dataset: Dataset,
    answer: Callable[[pd.DataFrame], np.ndarray],
    frame: pd.DataFrame,
    model: str,
) -> None:
    """Raise UserError if an answer goes the wrong way anywhere on the grid.

    `answer` returns values, or probabilities, whose last column is the positive class.
    """
    for name, sign in features(dataset).items():
        steps = _steps(lambda rows: _last(answer(rows)), dataset, frame, name)[:, :, 0]
        moves = np.diff(steps, axis=1) * sign
        if moves.min() < -SLACK * (np.ptp(steps) or 1.0):
            share = float((moves < 0).any(axis=1).mean())
            raise UserError(
                f"The answers of the model '{model}' do not only {_word(sign)} with '{name}', as "
                f"'{dataset.name}' asks.",
                given=f"{name}: {{monotone: {'up' if sign > 0 else 'down'}}}; broken in "
                f"{share:.0%} of the rows looked at",
                choices=["model=xgboost", f"any with {' or '.join(PARAMETERS)} in its parameters"],
                fix=f"choose one of these, or take monotone out of {name}",
            )


def _last(output: np.ndarray) -> np.ndarray:
    return output[:, -1:] if output.ndim > 1 else output[:, None]


def _word(sign: int) -> str:
    return "rise" if sign > 0 else "fall"


def _steps(
    compute: Callable[[pd.DataFrame], Any], dataset: Dataset, frame: pd.DataFrame, name: str
) -> np.ndarray:
    """Compute rows with one feature moved along its values: shape (rows, steps, columns)."""
    feature = dataset.features[name]
    if isinstance(feature, Category):
        values: Any = np.array(feature.listed(), dtype=object)
    else:
        known = frame[name].dropna().to_numpy(dtype=np.float64)
        values = np.unique(np.quantile(known, np.linspace(0, 1, STEPS)))
    some = frame.sample(min(ROWS, len(frame)), random_state=0)
    grid = some.loc[some.index.repeat(len(values))].reset_index(drop=True)
    grid[name] = np.tile(values, len(some))
    found = compute(grid)
    dense = found.toarray() if hasattr(found, "toarray") else np.asarray(found)
    return dense.reshape(len(some), len(values), -1)


def _way(steps: np.ndarray) -> int | None:
    """Return whether values rise (1), fall (-1) or stay (0) along the steps; None if they do both.

    A step to or from what is missing is none.
    """
    moves = np.diff(steps, axis=1)
    size = np.nanmax(np.abs(steps), initial=0) * SLACK
    rises, falls = bool((moves > size).any()), bool((moves < -size).any())
    return None if rises and falls else int(rises) - int(falls)


def _contradiction(dataset: Dataset, column: str, name: str) -> UserError:
    computed = dataset.computed()
    if column in computed:
        return UserError(
            f"The derived column '{column}' goes against '{name}', which is to be monotone.",
            given=f"{column}: {computed[column]}",
            fix=f"leave it out of the model (model.drop=[{column}]), or take monotone out of "
            f"{name}",
        )
    return UserError(
        f"'{name}' is to be monotone, and this model sees a column for each of its values.",
        given=column,
        fix="model.encoding.ordered=rank",
    )
