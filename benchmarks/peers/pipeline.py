"""The bundle's trees behind a scikit-learn pipeline, as somebody would write one for them.

A bundle's own model.joblib encodes column by column, which is right for training and takes 18 ms
for one record; held against that, anything would look fast. The pipeline here has the same trees,
one encoder for all categories, and numpy for the derived columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

CHECKED = 100  # rows that must be answered as the bundle's model answers them


class Mean(RegressorMixin, BaseEstimator):
    """Average members that learnt the target's logarithm."""

    def __init__(self, members: list[Any]) -> None:
        self.members = members

    def fit(self, _matrix: np.ndarray, _target: Any = None) -> Mean:
        """Do nothing: the members are fitted."""
        return self

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Predict rows that are encoded already."""
        found: np.ndarray = np.exp(np.mean([m.predict(matrix) for m in self.members], axis=0))
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Derive:
    """Compute the derived columns, and put all in the order that the trees learnt."""

    def __init__(self, given: list[str], derived: dict[str, Any], order: list[str]) -> None:
        self.given, self.derived, self.order = given, derived, order

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the columns of the trees."""
        columns = dict(zip(self.given, matrix.T, strict=True))
        for name, expression in self.derived.items():
            columns[name] = expression({used: columns[used] for used in expression.names})
        return np.column_stack([columns[name] for name in self.order])


def make(bundle: Path) -> Pipeline:
    """Make the pipeline of a bundle; stop where it does not answer as the bundle's model."""
    fitted = joblib.load(bundle / "model.joblib")
    encoder = fitted.encoder
    levels = {
        name: list(feature.order)
        for name, feature in encoder.features.items()
        if getattr(feature, "order", None)
    }
    numbers = [name for name in encoder.features if name not in levels]
    columns = ColumnTransformer(
        [
            ("ranks", OrdinalEncoder(categories=list(levels.values())), list(levels)),
            ("numbers", "passthrough", numbers),
        ]
    )
    derive = Derive([*levels, *numbers], encoder.derived, encoder.names())
    rows = pd.read_parquet(bundle / "rows.parquet").head(CHECKED)[list(encoder.features)]
    pipeline = Pipeline(
        [
            ("columns", columns.fit(rows)),
            ("derive", FunctionTransformer(derive).fit(None)),
            ("trees", Mean(fitted.members)),
        ]
    )
    if not np.allclose(pipeline.predict(rows), fitted.output(rows), rtol=1e-4):
        raise SystemExit("The pipeline does not answer as the bundle's model does.")
    return pipeline
