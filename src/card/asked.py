"""Ask a model about rows of which a few features are moved, and encode what stays only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Text
from src.learning import scores
from src.learning.blended import Blended
from src.learning.encoding import beside
from src.learning.recipe import Fitted

Output = Callable[[pd.DataFrame], np.ndarray]


class Asked:
    """The rows of a frame, and what answers them, each by itself."""

    def __init__(self, output: Output, frame: pd.DataFrame) -> None:
        self.output = output
        self.frame = frame

    def answers(self) -> np.ndarray:
        """Return the answers to the rows as they are."""
        return self.moved(np.arange(len(self.frame)), {})

    def moved(self, places: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:
        """Return the answers to the rows at these places with other values of some features."""
        return self.output(self.frame.iloc[places].assign(**values))


def of(fitted: Fitted | Blended, frame: pd.DataFrame) -> Asked:
    """Return the rows of a frame for a fitted model."""
    if isinstance(fitted, Blended):
        return AskedBlended(fitted, frame)
    return (AskedConstant if scores.is_constant(fitted) else AskedFitted)(fitted, frame)


class AskedConstant(Asked):
    """The rows of a frame for a model that answers all alike: nothing is to be encoded."""

    def __init__(self, fitted: Fitted, frame: pd.DataFrame) -> None:
        super().__init__(fitted.output, frame)
        self._answer = fitted.output(frame.iloc[:1])

    def moved(self, places: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:  # noqa: ARG002
        """Return the one answer for each of the rows."""
        return np.repeat(self._answer, len(places), axis=0)


class AskedFitted(Asked):
    """The rows of a frame for a fitted model, whose encoded rows are kept."""

    def __init__(self, fitted: Fitted, frame: pd.DataFrame) -> None:
        super().__init__(fitted.output, frame)
        self._fitted = fitted
        self._matrix, self._texts = fitted.encoder.split(fitted.encoder.transform(frame))

    def moved(self, places: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:
        """Return the answers to the rows at these places with other values of some features."""
        encoder = self._fitted.encoder
        if self._texts is not None and self._is_text(values):
            return super().moved(places, values)
        matrix = self._matrix[places]  # a copy
        encoder.renew(matrix, self.frame, places, values)
        if self._texts is None:
            return self._fitted.output_encoded(matrix)
        if not matrix.shape[1]:
            return self._fitted.output_encoded(self._texts[places])
        return self._fitted.output_encoded(beside(matrix, self._texts[places]))

    def _is_text(self, values: Mapping[str, Any]) -> bool:
        features = self._fitted.encoder.features
        return any(isinstance(features.get(name), Text) for name in values)


class AskedBlended(Asked):
    """The rows of a frame for a blend, each of whose members keeps its encoded rows."""

    def __init__(self, blended: Blended, frame: pd.DataFrame) -> None:
        super().__init__(blended.output, frame)
        self._blended = blended
        self._parts = [of(part.fitted, frame) for part in blended.parts]

    def moved(self, places: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:
        """Return the answers to the rows at these places with other values of some features."""
        return self._blended.mixed([part.moved(places, values) for part in self._parts])
