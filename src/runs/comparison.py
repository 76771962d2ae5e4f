"""Compare a new model with the champion on held-out rows that neither was trained on."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from src.data import groups
from src.data.features import Integer, Number
from src.data.schema import Dataset
from src.evaluation import bootstrap
from src.evaluation.bootstrap import LEAST, Comparison
from src.evaluation.decision import LIKELIEST, Decision
from src.inference import bundle
from src.inference import predictor as predictors
from src.learning import exporting
from src.support.errors import UserError
from src.support.structs import convert


@dataclass(frozen=True)
class Fresh:
    """A new model to compare with the champion; it predicts typed rows."""

    dataset: Dataset
    classes: Sequence[str] | None
    output: Callable[[pd.DataFrame], np.ndarray]
    decision: Decision = LIKELIEST


@dataclass(frozen=True)
class Paired:
    """Both models' answers to the same rows: the index of each, its truth and the outputs."""

    at: np.ndarray
    truth: np.ndarray
    ours: np.ndarray
    theirs: np.ndarray
    decisions: tuple[Decision, Decision]


@dataclass(frozen=True)
class Contest:
    """The result of a comparison, or why there is none."""

    rows: int
    left_out: int  # rows that the champion was trained on: it would know them by heart
    metric: str
    result: Comparison | None
    note: str = ""
    paired: Paired | None = field(default=None, repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """Return the contest as plain values."""
        figures = {"metric": self.metric, "rows": self.rows, "left_out": self.left_out}
        if self.result is None:
            return {**figures, "note": self.note}
        return {
            **figures,
            "this": self.result.ours,
            "that": self.result.theirs,
            "better_by": self.result.difference,
            "low": self.result.low,
            "high": self.result.high,
            "is_better": self.result.is_better,
        }

    @property
    def is_worse(self) -> bool:
        """Tell whether the champion is better by more than chance could explain."""
        high = None if self.result is None else self.result.high
        return high is not None and high < 0


def of_bundle(path: Path, manifest: Mapping[str, Any]) -> Fresh:
    """Return a bundle's model, to be compared with a champion."""
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")
    try:
        predictor = predictors.load(path, manifest)
    except UserError:
        raise
    except Exception as error:  # a pickled model may need code that is no more
        raise UserError("The bundle cannot be loaded.", given=f"{path} ({error!r})") from error

    def output(rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(predictor.output(exporting.records(rows, dataset)))

    classes, decision = manifest["details"].get("classes"), Decision.of(manifest)
    return Fresh(dataset, classes, output, decision)


def contest(
    fresh: Fresh, test: pd.DataFrame, champion: Path, manifest: Mapping[str, Any], seed: int
) -> Contest:
    """Compare by the dataset's metric on the test rows that the champion has not seen."""
    dataset, metric = fresh.dataset, fresh.dataset.metric
    try:
        theirs = convert(manifest["config"]["dataset"], Dataset, "dataset")
    except UserError as error:  # keys that are no more, or were not yet
        return Contest(0, 0, metric, None, error.what)
    columns = [*theirs.features, theirs.target.name]
    names = manifest["details"].get("classes")
    note = _other(fresh, test, theirs, columns, names)
    if note:
        return Contest(0, 0, metric, None, note)
    try:
        old = of_bundle(champion, manifest)
        new = test[~_seen(test, columns, champion, manifest)]
    except UserError as error:  # no reason to throw a finished training away
        return Contest(0, 0, metric, None, error.what)
    left_out = len(test) - len(new)
    if len(new) < LEAST:
        note = f"only {len(new)} held-out rows are new to the champion, and {LEAST} are needed"
        return Contest(len(new), left_out, metric, None, note)
    answers, ours, truth = old.output(new), fresh.output(new), new[dataset.target.name]
    theirs_by = old.decision
    if fresh.classes is None:
        truth = truth.to_numpy(dtype=np.float64)
    else:
        # In our order: of two classes the positive one is the last.
        every = list(dict.fromkeys([*fresh.classes, *names]))
        ours, answers = _widened(ours, fresh.classes, every), _widened(answers, names, every)
        truth = truth.map({name: at for at, name in enumerate(every)}).to_numpy(dtype=np.int64)
        theirs_by = replace(theirs_by, positive=every.index(names[-1]))
    decisions = (fresh.decision, theirs_by)
    result = bootstrap.compare(
        *(dataset.task, metric, truth, ours, answers),
        seed=seed,
        groups=groups.codes(new, dataset),
        decisions=decisions,
    )
    paired = Paired(new.index.to_numpy(), truth, ours, answers, decisions)
    return Contest(len(new), left_out, metric, result, paired=paired)


def hashes(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return a hash of each row over these columns."""
    columns = list(columns)
    plain = rows[columns].astype({name: object for name in columns if rows[name].dtype == "str"})
    return pd.util.hash_pandas_object(plain, index=False)


def _other(
    fresh: Fresh,
    test: pd.DataFrame,
    theirs: Dataset,
    columns: list[str],
    names: list[str] | None,
) -> str:
    """Return why the champion cannot be compared; empty if it can."""
    is_other = theirs.task != fresh.dataset.task or not set(columns) <= set(test.columns)
    # A column of numbers that was one of words, or the reverse, is another column.
    if is_other or any(
        isinstance(feature, Number | Integer) != is_numeric_dtype(test[name])
        for name, feature in theirs.features.items()
    ):
        return "the champion was trained on other columns"
    ours = fresh.dataset.windows()
    if any(ours.get(name) != window for name, window in theirs.windows().items()):
        return "the champion looks at another past under the same names"
    if theirs.task == "binary" and set(names or ()) != set(fresh.classes or ()):
        return "the champion was trained on other classes"
    return ""


def _seen(
    test: pd.DataFrame, columns: list[str], champion: Path, manifest: Mapping[str, Any]
) -> np.ndarray:
    """Return which rows the champion was trained on, by those in its bundle."""
    trained_on = pd.read_parquet(io.BytesIO(bundle.verified(champion, bundle.ROWS, manifest)))
    return hashes(test, columns).isin(set(hashes(trained_on, columns))).to_numpy()


def _widened(output: np.ndarray, names: Sequence[str], every: list[str]) -> np.ndarray:
    """Return probabilities with a column for each class that either model has."""
    wide = np.zeros((len(output), len(every)))
    wide[:, [every.index(name) for name in names]] = output
    return wide
