"""Training rows whose true value is likely to be wrong: what a model that did not see them denies.

A slipped decimal or a swapped label is denied by models that were fitted without its row. Ranked by
how strongly they deny it, such rows come first. Northcutt, Jiang and Chuang, "Confident Learning:
Estimating Uncertainty in Dataset Labels", Journal of Artificial Intelligence Research 70, 2021.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.judged import Judged
from src.learning import exporting
from src.learning.intervals import conformal

MOST = 100  # rows: more than a person looks at
LEAST = 3.0  # ways to the limit of a range: errors of clean rows of normal shape stay below it
LIKELIER = 20.0  # times another class must be likelier than that of the row
DECADES = 10.0  # positive values that span more than this factor are compared by their logarithm


def surprise(dataset: Dataset, rows: Judged) -> np.ndarray:
    """Return how strongly each row's truth is denied by its out-of-fold output, shape (rows,).

    Of a value: how far it lies from the prediction, in ways to the limit of the range on its side.
    Of a class: how many times likelier the likeliest other class is.
    """
    if dataset.task != "regression":
        others = rows.output.copy()
        others[np.arange(len(others)), rows.truth] = 0
        tiny = np.finfo(np.float64).tiny
        ratio: np.ndarray = others.max(axis=1) / np.maximum(rows.of_truth, tiny)
        return ratio
    log = _is_by_decades(rows.truth)
    output = rows.output
    if log:  # a linear model may predict less than any value
        output = np.maximum(output, rows.truth.min() / DECADES)
    alike = conformal.pooled(dataset, Judged(rows.truth, output, rows.weights), log=log)
    # Beside a bound of the target the way would be short, and each row there a surprise.
    low, high = conformal.limits({**alike, "least": None, "most": None}, output)
    ends = [rows.truth, output, low, high]
    truth, middle, low, high = (np.log(one) for one in ends) if log else ends
    ways = np.where(truth > middle, high - middle, middle - low)
    least = float(ways.mean()) * 1e-3 or 1.0  # where errors have one sign only, a way is 0
    away: np.ndarray = np.abs(truth - middle) / np.maximum(ways, least)
    return away


def find(dataset: Dataset, frame: pd.DataFrame, rows: Judged, classes: Any) -> list[dict[str, Any]]:
    """Return the rows that are denied most, the worst first; the frame has their features.

    A row is named by its index: its line in the file, or its position in a snapshot of labels.
    """
    ranks = surprise(dataset, rows)
    least = LEAST if classes is None else LIKELIER
    order = np.argsort(-ranks, kind="stable")[:MOST]
    order = order[ranks[order] >= least]
    records = exporting.shown(exporting.records(frame.iloc[order], dataset), dataset)
    picked = rows.take(order)
    described = _values(picked) if classes is None else _classes(picked, classes)
    places = zip(frame.index[order].tolist(), records, described, ranks[order], strict=True)
    return [
        {
            "row": row,
            "record": dict(zip(dataset.features, record, strict=True)),
            **one,
            "surprise": measures.rounded(float(rank)),
        }
        for row, record, one, rank in places
    ]


def _is_by_decades(truth: np.ndarray) -> bool:
    return bool(truth.min() > 0 and truth.max() > DECADES * truth.min())


def _values(rows: Judged) -> list[dict[str, Any]]:
    pairs = zip(rows.truth.tolist(), rows.output.tolist(), strict=True)
    return [{"actual": actual, "predicted": measures.rounded(value)} for actual, value in pairs]


def _classes(rows: Judged, classes: Any) -> list[dict[str, Any]]:
    likeliest = rows.output.argmax(axis=1)
    chances = rows.output.max(axis=1)
    return [
        {
            "actual": classes[actual],
            "predicted": classes[predicted],
            "probability": measures.rounded(chance),
            "truth": measures.rounded(of_truth),
        }
        for actual, predicted, chance, of_truth in zip(
            *(rows.truth.tolist(), likeliest.tolist(), chances.tolist(), rows.of_truth.tolist()),
            strict=True,
        )
    ]
