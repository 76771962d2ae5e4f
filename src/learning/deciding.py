"""Choose the threshold of the positive class, and the band around it that is left to a person.

Both are chosen on out-of-fold probabilities, each by a model that did not see its row: on rows that
a model has learnt from it is too sure, and a threshold would follow what it knows by heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from src.data.decide import Abstain, Costs, Decide
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.decision import Decision, sureness
from src.evaluation.judged import Judged
from src.evaluation.metrics import DECIDED
from src.learning import calibration

FEWEST = 30  # answered rows of which a figure means something, as for intervals
SLACK = 1e-6  # a figure is rounded
HALF = 0.5  # by it the likelier of two classes is chosen
POINTS = 99  # of the curve, and the chosen one
# Of the log loss of the positives' share alone: what calibration may gain before it is said.
SPOILT = 0.05
Figures = dict[str, np.ndarray]


@dataclass(frozen=True)
class Cuts:
    """What comes of each threshold that makes a difference, the highest first.

    `right` and `called` count the positives and all rows that have at least this probability.
    """

    thresholds: np.ndarray
    right: np.ndarray
    called: np.ndarray
    positives: float
    rows: float

    @classmethod
    def of(cls, rows: Judged) -> Cuts:
        """Count rows, or add their weights, at each place between two probabilities."""
        weights = np.ones(len(rows.truth)) if rows.weights is None else rows.weights
        order = np.argsort(-rows.output[:, 1], kind="stable")
        chances, counts = rows.output[order, 1], weights[order]
        ends = np.flatnonzero(np.append(chances[1:] < chances[:-1], True))
        low = np.append(chances[ends[1:]], 0.0)
        right = np.cumsum(counts * (rows.truth[order] == 1))
        called = np.cumsum(counts)
        # Halfway between two probabilities: as far as possible from either.
        thresholds = (chances[ends] + low) / 2
        nobody = (1 + chances[0]) / 2
        return cls(
            thresholds=np.append(nobody, thresholds),
            right=np.append(0.0, right[ends]),
            called=np.append(0.0, called[ends]),
            positives=float(right[-1]),
            rows=float(called[-1]),
        )

    def figures(self, costs: Costs | None = None) -> Figures:
        """Compute the metrics of each threshold; 0 where there is nothing to divide by."""
        wrong, missed = self.called - self.right, self.positives - self.right
        found: Figures = {
            "accuracy": (self.rows - wrong - missed) / self.rows,
            "precision": _share(self.right, self.called),
            "recall": _share(self.right, self.positives),
            "f1": _share(2 * self.right, self.called + self.positives),
        }
        if costs is not None:
            spent = costs.false_positive * wrong + costs.false_negative * missed
            found["cost"] = spent / self.rows
        return found


def _share(part: np.ndarray, of: Any) -> np.ndarray:
    return np.asarray(part / np.where(np.asarray(of) > 0, of, 1))


def threshold(decide: Decide | None, rows: Judged) -> float:
    """Return the threshold that a dataset's `decide` asks for on these rows."""
    if decide is None:
        return HALF
    cuts = Cuts.of(rows)
    return float(cuts.thresholds[_chosen(decide, cuts)])


def _chosen(decide: Decide, cuts: Cuts) -> int:
    """Return the place of the best cut; of equals that of the highest threshold.

    A precision or recall that none reaches is come as near to as possible.
    """
    found = cuts.figures(decide.cost)
    if decide.metric is not None:
        return int(found[decide.metric].argmax())
    if decide.cost is not None:
        return int(found["cost"].argmin())
    limited, wanted = ("precision", "recall"), decide.min_precision
    if wanted is None:
        limited, wanted = ("recall", "precision"), decide.min_recall
    (bound, best), is_enough = limited, found[limited[0]] >= (wanted or 0.0) - 1e-12
    if not is_enough.any():
        is_enough = found[bound] == found[bound].max()
    return int(np.where(is_enough, found[best], -1.0).argmax())


def decide(dataset: Dataset, rows: Judged) -> dict[str, Any] | None:
    """Choose by the dataset's `decide` and `abstain`; None where it has neither.

    Return plain values for a bundle's manifest: the threshold and the band, by what they were
    chosen and what they come to on these out-of-fold rows, and the curve of all thresholds.
    """
    rule = dataset.decide
    if rule is None and dataset.abstain is None:
        return None
    costs = None if rule is None else rule.cost
    made = Decision(
        threshold(rule, rows),
        costs=None if costs is None else (costs.false_positive, costs.false_negative),
    )
    if dataset.abstain is not None:
        made = replace(made, band=_band(dataset.abstain, made, rows))
    document: dict[str, Any] = {
        "threshold": made.threshold,
        "by": _words(rule),
        "out_of_fold": _figures(rows, made),
        "at_half": _figures(rows, replace(made, threshold=HALF, band=None)),
        "log_loss": _log_loss(rows),
        "curve": _curve(rows, made, costs),
    }
    if costs is not None:
        document["costs"] = {
            "false_positive": costs.false_positive,
            "false_negative": costs.false_negative,
        }
    if made.band is not None:
        document["band"] = list(made.band)
    document["notes"] = _notes(dataset, document)
    return document


def _band(abstain: Abstain, made: Decision, rows: Judged) -> tuple[float, float]:
    """Return the probabilities between which rows are left to a person.

    Those nearest to the threshold are left first, on both sides alike: as far as each is from the
    threshold on the way to 0 or to 1.
    """
    if abstain.between is not None:
        return abstain.between
    assert made.threshold is not None
    sure = sureness(made.threshold, rows.output[:, 1])
    order = np.argsort(sure, kind="stable")
    is_end = np.append(True, sure[order][1:] > sure[order][:-1])  # equals are left together
    left = np.flatnonzero(is_end)
    left = left[len(order) - left >= min(FEWEST, len(order))]  # of fewer a figure means nothing
    at = left[_enough(abstain, made, rows, order, left)]
    if at == 0:
        return made.threshold, made.threshold
    reach = float(sure[order[at - 1]] + sure[order[at]]) / 2
    return made.threshold * (1 - reach), made.threshold + reach * (1 - made.threshold)


def _enough(
    abstain: Abstain, made: Decision, rows: Judged, order: np.ndarray, left: np.ndarray
) -> int:
    """Return the place in `left`, numbers of rows that are left out, of the least that is enough.

    Where none is, return that of the best.
    """
    weights = np.ones(len(order)) if rows.weights is None else rows.weights
    counts, truth = weights[order], rows.truth[order] == 1
    called = made.called(rows.output)[order] == 1

    def kept(of: np.ndarray) -> np.ndarray:
        return np.append(0.0, np.cumsum((counts * of)[::-1]))[::-1][left]

    every = kept(np.ones(len(order)))
    if abstain.share is not None:
        gone = 1 - every / max(float(counts.sum()), 1e-300)
        return min(int(np.searchsorted(gone, abstain.share - 1e-12)), len(gone) - 1)
    if abstain.min_f1 is not None:
        found, wanted = _share(2 * kept(called & truth), kept(called) + kept(truth)), abstain.min_f1
    else:
        found, wanted = _share(kept(called == truth), every), abstain.min_accuracy or 0.0
    is_enough = found >= wanted - 1e-12
    return int(is_enough.argmax()) if is_enough.any() else int(found.argmax())


def _figures(rows: Judged, made: Decision) -> measures.Figures:
    found = measures.classes(rows.truth, rows.output, list(DECIDED), rows.weights, made)
    found |= measures.of_decision(rows.truth, rows.output, rows.weights, made)
    return {name: measures.rounded(value) for name, value in found.items()}


def _curve(rows: Judged, made: Decision, costs: Costs | None) -> list[dict[str, float | None]]:
    """Thin the cuts out to so many as a page draws, evenly by the positives that they find.

    Evenly by probability, a class of one row in a thousand would be on one point.
    """
    cuts = Cuts.of(rows)
    found = cuts.figures(costs) | {"called": cuts.called / cuts.rows}
    last = len(cuts.thresholds) - 1
    at = np.searchsorted(cuts.right, np.linspace(0, cuts.positives, POINTS))
    chosen = int(np.argmin(np.abs(cuts.thresholds - (made.threshold or 0.0))))
    kept = np.unique(np.append(np.minimum(at, last), chosen))
    return [
        {
            "threshold": measures.rounded(float(cuts.thresholds[one])),
            **{name: measures.rounded(float(values[one])) for name, values in found.items()},
        }
        for one in kept[::-1]
    ]


def _log_loss(rows: Judged) -> dict[str, float | None]:
    """Compare the log loss with that of the same scores, calibrated, and of the positives' share.

    A model may tell the classes apart and yet be wrong about how likely they are.
    """
    share = np.average(rows.truth == 1, weights=rows.weights)
    told = {
        "model": rows.output,
        "calibrated": calibration.straightened(rows),
        "share_alone": np.tile([1 - share, share], (len(rows.truth), 1)),
    }
    return {
        name: measures.rounded(
            measures.classes(rows.truth, output, ["log_loss"], rows.weights)["log_loss"]
        )
        for name, output in told.items()
    }


def _words(rule: Decide | None) -> str:
    """Say by what the threshold was chosen."""
    if rule is None:
        return "the likelier of the two classes"
    if rule.metric is not None:
        return f"the best {rule.metric}"
    if rule.cost is not None:
        of_positive, of_negative = rule.cost.false_positive, rule.cost.false_negative
        return f"the least cost: {of_positive:g} a false positive, {of_negative:g} a false negative"
    if rule.min_precision is not None:
        return f"the best recall at a precision of {rule.min_precision:g} or more"
    return f"the best precision at a recall of {rule.min_recall:g} or more"


def _notes(dataset: Dataset, document: Mapping[str, Any]) -> list[str]:
    """Say what was not reached, and whether the probabilities are worse than the decisions."""
    rule, abstain = dataset.decide or Decide(), dataset.abstain or Abstain()
    wanted = {
        "precision": rule.min_precision,
        "recall": rule.min_recall,
        "accuracy_answered": abstain.min_accuracy,
        "f1_answered": abstain.min_f1,
    }
    notes = []
    for name, least in wanted.items():
        reached = document["out_of_fold"].get(name)
        if least is not None and (reached is None or reached < least - SLACK):
            where = " on what is answered" if name.endswith("_answered") else ""
            what = name.removesuffix("_answered")
            notes.append(f"{what} {least:g}{where} is not reached; the best is {reached}")
    loss = document["log_loss"]
    if loss["model"] - loss["calibrated"] > SPOILT * loss["share_alone"]:
        notes.append(
            f"the probabilities are off: their log loss is {loss['model']:g}, and "
            f"{loss['calibrated']:g} once calibrated; take them for an order and not for chances"
        )
    return notes
