"""A fresh version against the champion, on the same held-out rows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.store.versions import Registered
from src import bootstrap
from src.bootstrap import LEAST, Comparison
from src.checked import convert
from src.data.schema import Dataset
from src.errors import UserError
from src.inference import bundle
from src.inference import predictor as predictors
from src.learning import exporting
from src.learning.recipe import Fitted


@dataclass(frozen=True)
class Contest:
    """What came of a comparison, or why there is none."""

    champion: int
    rows: int
    left_out: int  # rows that the champion was trained on: it would know them by heart
    metric: str
    result: Comparison | None
    note: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        found: dict[str, Any] = {
            "champion": self.champion,
            "metric": self.metric,
            "rows": self.rows,
            "left_out": self.left_out,
        }
        if self.result is None:
            return {**found, "note": self.note}
        return {
            **found,
            "this": self.result.ours,
            "that": self.result.theirs,
            "better_by": self.result.difference,
            "low": self.result.low,
            "high": self.result.high,
            "is_better": self.result.is_better,
        }


def contest(
    fitted: Fitted, dataset: Dataset, test: pd.DataFrame, champion: Registered, var: Path, seed: int
) -> Contest:
    """Compare on the test rows that the champion has not seen, by the dataset's metric."""
    number, metric = champion.number, dataset.metric
    theirs = convert(champion.manifest["config"]["dataset"], Dataset, "dataset")
    columns = [*theirs.features, theirs.target.name]
    names = champion.manifest["details"].get("classes")
    note = _other(fitted, dataset, test, theirs, columns, names)
    if note:
        return Contest(number, 0, 0, metric, None, note)
    try:
        predictor = predictors.load(champion.path(var), champion.manifest)
        fresh = test[~_seen(test, columns, champion, var)]
    except UserError as error:  # no reason to throw a finished training away
        return Contest(number, 0, 0, metric, None, error.what)
    left_out = len(test) - len(fresh)
    if len(fresh) < LEAST:
        note = f"only {len(fresh)} held-out rows are new to the champion, and {LEAST} are needed"
        return Contest(number, len(fresh), left_out, metric, None, note)
    answers = np.asarray(predictor.output(exporting.records(fresh, theirs)))
    ours, truth = fitted.output(fresh), fresh[dataset.target.name]
    if fitted.classes is None:
        truth = truth.to_numpy(dtype=np.float64)
    else:
        # In our order: of two classes the positive one is the last.
        every = list(dict.fromkeys([*fitted.classes, *names]))
        ours, answers = _widened(ours, fitted.classes, every), _widened(answers, names, every)
        truth = truth.map({name: at for at, name in enumerate(every)}).to_numpy(dtype=np.int64)
    result = bootstrap.compare(dataset.task, metric, truth, ours, answers, seed=seed)
    return Contest(number, len(fresh), left_out, metric, result)


def _other(
    fitted: Fitted,
    dataset: Dataset,
    test: pd.DataFrame,
    theirs: Dataset,
    columns: list[str],
    names: list[str] | None,
) -> str:
    """Say why the champion answers another question; nothing where it is the same."""
    if theirs.task != dataset.task or not set(columns) <= set(test.columns):
        return "the champion was trained on other columns"
    if dataset.task == "binary" and set(names or ()) != set(fitted.classes or ()):
        return "the champion was trained on other classes"
    return ""


def _seen(test: pd.DataFrame, columns: list[str], champion: Registered, var: Path) -> np.ndarray:
    """Tell which rows the champion was trained on: it has them with it."""
    data = bundle.verified(champion.path(var), bundle.ROWS, champion.manifest)
    known = pd.read_parquet(io.BytesIO(data))
    return _hashes(test, columns).isin(set(_hashes(known, columns))).to_numpy()


def _hashes(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    plain = rows[columns].astype({name: object for name in columns if rows[name].dtype == "str"})
    return pd.util.hash_pandas_object(plain, index=False)


def _widened(output: np.ndarray, names: list[str], every: list[str]) -> np.ndarray:
    """Return probabilities with a column for each class of both."""
    wide = np.zeros((len(output), len(every)))
    wide[:, [every.index(name) for name in names]] = output
    return wide
