"""Fit a model by its YAML: encoding, target transform, estimator, calibration and averaging."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import joblib
import numpy as np
import pandas as pd

from src.config.configuration import Model, with_values
from src.data.schema import Dataset
from src.learning import calibration, estimators, monotone, stopping
from src.learning.encoding import Encoder
from src.learning.sampling import Sampling
from src.support.errors import UserError


class Progress(Protocol):
    """A receiver of a training's progress."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of `total` steps."""

    def step(self, note: str = "") -> None:
        """Finish a step; `note` is what is worth knowing now."""


LARGEST = 300.0  # its exponential, and the square of that, are still finite


@dataclass(frozen=True)
class Encoded:
    """Rows as an estimator takes them."""

    matrix: Any  # shape (rows, columns)
    target: np.ndarray
    sampling: Sampling
    signs: list[int] | None = None  # of the columns, where answers may only rise or fall with them

    def weighed(self) -> dict[str, Any]:
        """Return the weights as arguments of an estimator's fit; none where rows count alike."""
        weights = self.sampling.weights
        return {} if weights is None else {"sample_weight": weights}


@dataclass(frozen=True)
class Fitted:
    """A trained model, as a bundle stores it."""

    encoder: Encoder
    members: list[Any]
    log_target: bool
    classes: list[str] | None

    def output(self, frame: pd.DataFrame) -> np.ndarray:
        """Predict records: values of shape (rows,), or probabilities of shape (rows, classes)."""
        return self.output_encoded(self.encoder.transform(frame))

    def output_encoded(self, matrix: Any) -> np.ndarray:
        """Predict encoded rows, averaging the members."""
        if self.classes is not None:
            mean = _mean([_asked(member, "predict_proba", matrix) for member in self.members])
            # Some estimators answer in single precision, where sums miss one by a little.
            return mean / mean.sum(axis=1, keepdims=True)
        mean = _mean([_asked(member, "predict", matrix) for member in self.members])
        return np.exp(np.minimum(mean, LARGEST)) if self.log_target else mean


def _asked(member: Any, method: str, matrix: Any) -> Any:
    """Ask an estimator on one thread: each of many small steps would wait for the others."""
    with estimators.on_one_thread(member):
        return getattr(member, method)(matrix)


def _mean(outputs: list[np.ndarray]) -> np.ndarray:
    mean: np.ndarray = np.mean([np.asarray(output, dtype=np.float64) for output in outputs], axis=0)
    return mean


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a fit except the rows."""

    dataset: Dataset
    model: Model
    classes: list[str] | None
    seed: int

    @property
    def is_log(self) -> bool:
        """Tell whether the estimator learns the target's logarithm."""
        return self.model.target_transform == "log"

    def encode(
        self, frame: pd.DataFrame, target: np.ndarray, sampling: Sampling | None = None
    ) -> tuple[Encoder, Encoded]:
        """Fit the encoder; return it and the encoded rows."""
        encoder = Encoder(self.dataset, self.model.encoding, tuple(self.model.drop), self.seed)
        sampling = sampling or Sampling.of(frame, self.dataset)
        matrix = encoder.fit_transform(frame, target, sampling)
        signs = monotone.constraints(self.dataset, encoder, frame)
        return encoder, Encoded(matrix, target, sampling, signs)

    def fit(
        self,
        frame: pd.DataFrame,
        target: np.ndarray,
        jobs: int = 1,
        sampling: Sampling | None = None,
    ) -> Fitted:
        """Fit on typed rows and encoded targets of shape (rows,), `jobs` members at once."""
        encoder, rows = self.encode(frame, target, sampling)
        return self.fit_encoded(encoder, rows, jobs)

    def fit_encoded(self, encoder: Encoder, rows: Encoded, jobs: int = 1) -> Fitted:
        """Fit on encoded rows, `average` times with different seeds."""
        fits = (joblib.delayed(self._member)(number, rows) for number in range(self.model.average))
        members = list(joblib.Parallel(n_jobs=jobs, prefer="threads")(fits))
        return Fitted(encoder, members, self.is_log, self.classes)

    def output(self, fitted: Fitted, frame: pd.DataFrame) -> np.ndarray:
        """Predict records; raise UserError if the estimator refuses them."""
        with explained(self.model):
            return fitted.output(frame)

    def fit_stopping(
        self, encoder: Encoder, fit: Encoded, judge: Encoded
    ) -> tuple[Fitted, int | None]:
        """Fit one member, stopping early on the rows to judge where the model's YAML says so.

        Returns the model, and the trees that it kept where the estimator can stop early.
        """
        estimator = self._estimator(self.seed, fit)
        early = self.model.early_stopping
        if early is None or not stopping.can(estimator):
            return self.fit_encoded(encoder, fit), None
        rate, pace = self._pace(estimator)
        if rate is not None:
            estimator.set_params(**{stopping.RATE: rate * pace})
        learnt, judged = (
            (rows.matrix, self._goal(rows.target), rows.sampling.weights) for rows in (fit, judge)
        )
        with explained(self.model), estimators.on_one_thread(estimator):
            trees = stopping.fit(estimator, learnt, judged, early.rounds)
        return Fitted(encoder, [estimator], self.is_log, self.classes), trees

    def _pace(self, estimator: Any) -> tuple[float | None, float]:
        """Return the model's learning rate, and the factor by which trials learn faster."""
        rate = estimator.get_params().get(stopping.RATE)
        if rate is None or self.model.early_stopping is None:
            return rate, 1.0
        return rate, min(self.model.early_stopping.faster, 1.0 / rate)

    def grown(self, model: Model, trees: float) -> Model:
        """Return the model with the trees that early stopping found, at its own learning rate."""
        recipe = replace(self, model=model)
        estimator = estimators.make(model, self.dataset.task, self.seed)
        _, pace = recipe._pace(estimator)
        number = max(1, round(trees * pace))
        return with_values(model, {f"params.{stopping.trees_parameter(estimator)}": number})

    def _estimator(self, seed: int, rows: Encoded) -> Any:
        estimator = estimators.make(self.model, self.dataset.task, seed)
        return monotone.constrain(estimator, rows.signs)

    def _goal(self, target: np.ndarray) -> np.ndarray:
        """Return what the estimator learns of a target."""
        return np.log(target) if self.is_log else target

    def _member(self, number: int, rows: Encoded) -> Any:
        estimator = self._estimator(self.seed + number, rows)
        if self.classes is not None and not hasattr(estimator, "predict_proba"):
            estimator = calibration.calibrated(estimator, rows.target, rows.sampling)
        elif self.classes is not None and len(self.classes) == 2 and calibration.is_bent(estimator):
            estimator = calibration.recalibrated(estimator, rows.target, rows.sampling)
        with (
            explained(self.model),
            estimators.alone(estimator),
            estimators.on_one_thread(estimator),
        ):
            fitted = estimator.fit(rows.matrix, self._goal(rows.target), **rows.weighed())
        return estimators.without_moment(fitted)


@contextmanager
def explained(model: Model) -> Iterator[None]:
    """Convert an estimator's refusal of its parameters or rows to a UserError."""
    try:
        yield
    except estimators.refusals() as error:
        missing = "NaN" in str(error)
        raise UserError(
            f"The model '{model.name}' refuses its parameters or these rows.",
            given=str(error).strip().split("\n")[0],
            fix="model.encoding.numbers=standard fills in missing numbers"
            if missing
            else f"check params in conf/model/{model.name}.yaml",
        ) from error
