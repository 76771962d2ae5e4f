"""Names of the metrics, which way is better, and for which tasks they are computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from src.support.structs import Checked


class Metric(Checked, frozen=True):
    """A figure that tells how good predictions are."""

    about: str
    tasks: tuple[str, ...]
    greater_is_better: bool = False
    is_detail: bool = False  # computed and kept, but not in a table of all models
    is_of_decision: bool = False  # of datasets alone that say how to decide
    undefined: str = "none is answered"  # of which rows it is not defined, in words


_REGRESSION = ("regression",)
_BINARY = ("binary",)
_MULTICLASS = ("multiclass",)
_CLASSES = ("binary", "multiclass")


def _class_metric(about: str, tasks: tuple[str, ...] = _CLASSES) -> Metric:
    return Metric(about=about, tasks=tasks, greater_is_better=True, undefined="a class has no row")


def _class_detail(about: str) -> Metric:
    return Metric(about=about, tasks=_MULTICLASS, greater_is_better=True, is_detail=True)


def _of_decision(about: str) -> Metric:
    return Metric(about=about, tasks=_BINARY, is_of_decision=True)


def _answered(about: str) -> Metric:
    return Metric(
        about=about, tasks=_BINARY, greater_is_better=True, is_detail=True, is_of_decision=True
    )


METRICS: dict[str, Metric] = {
    "r2": Metric(
        about="share of the variance explained",
        tasks=_REGRESSION,
        greater_is_better=True,
        undefined="there is one row alone",
    ),
    "mae": Metric(about="mean absolute error", tasks=_REGRESSION),
    "rmse": Metric(about="root of the mean squared error", tasks=_REGRESSION),
    "mape": Metric(
        about="mean absolute error as a share of the truth",
        tasks=_REGRESSION,
        undefined="a true value is 0",
    ),
    "accuracy": _class_metric("share of right answers"),
    "precision": _class_metric("share of right answers among those called positive", _BINARY),
    "recall": _class_metric("share of the positives that were found", _BINARY),
    "f1": _class_metric("harmonic mean of precision and recall", _BINARY),
    "precision_macro": _class_detail("mean precision of the classes"),
    "recall_macro": _class_detail("mean recall of the classes"),
    "f1_macro": _class_metric("mean F1 of the classes", _MULTICLASS),
    "precision_weighted": _class_detail("mean precision, weighted by class size"),
    "recall_weighted": _class_detail("mean recall, weighted by class size"),
    "f1_weighted": _class_metric("mean F1, weighted by class size", _MULTICLASS),
    "roc_auc": _class_metric("chance that a right class ranks above a wrong one"),
    "log_loss": Metric(about="mean surprise at the truth, in nats", tasks=_CLASSES),
    "cost": _of_decision("mean cost of the answers, by the costs of wrong ones"),
    "abstained": _of_decision("share of rows that are left to a person"),
    "accuracy_answered": _answered("share of right answers among the rows that are answered"),
    "precision_answered": _answered("precision on the rows that are answered"),
    "recall_answered": _answered("recall on the rows that are answered"),
    "f1_answered": _answered("F1 on the rows that are answered"),
}
# Of a dataset that abstains.
OF_ANSWERED = (
    "abstained",
    "accuracy_answered",
    "precision_answered",
    "recall_answered",
    "f1_answered",
)
# The metrics that follow from which class is answered, and not from how likely it is.
DECIDED = ("accuracy", "precision", "recall", "f1")

BY_TASK: dict[str, list[str]] = {
    task: [
        name
        for name, metric in METRICS.items()
        if task in metric.tasks and not metric.is_of_decision
    ]
    for task in ("regression", "binary", "multiclass")
}


def shown(names: Iterable[str]) -> list[str]:
    """Leave out the details, for a table of all models."""
    return [name for name in names if name not in METRICS or not METRICS[name].is_detail]


def undefined(figures: Iterable[Mapping[str, float | None]]) -> list[str]:
    """Say why figures of models are None, a sentence for each metric."""
    missing = dict.fromkeys(
        name for each in figures for name, value in each.items() if value is None
    )
    return [
        f"{name} is not defined: {METRICS[name].undefined}" for name in missing if name in METRICS
    ]


def cost(metric: str, value: float) -> float:
    """Return a figure that is the lower, the better the metric's value: for sorting."""
    return -value if METRICS[metric].greater_is_better else value
