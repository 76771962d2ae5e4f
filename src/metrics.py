"""Names of the metrics, which way is better, and for which tasks they are computed."""

from __future__ import annotations

from src.checked import Checked


class Metric(Checked, frozen=True):
    """A figure that tells how good predictions are."""

    about: str
    tasks: tuple[str, ...]
    greater_is_better: bool = False


_REGRESSION = ("regression",)
_BINARY = ("binary",)
_MULTICLASS = ("multiclass",)
_CLASSES = ("binary", "multiclass")


def _class_metric(about: str, tasks: tuple[str, ...] = _CLASSES) -> Metric:
    return Metric(about=about, tasks=tasks, greater_is_better=True)


METRICS: dict[str, Metric] = {
    "r2": Metric(
        about="share of the variance explained", tasks=_REGRESSION, greater_is_better=True
    ),
    "mae": Metric(about="mean absolute error", tasks=_REGRESSION),
    "rmse": Metric(about="root of the mean squared error", tasks=_REGRESSION),
    "mape": Metric(about="mean absolute error as a share of the truth", tasks=_REGRESSION),
    "accuracy": _class_metric("share of right answers"),
    "precision": _class_metric("share of right answers among those called positive", _BINARY),
    "recall": _class_metric("share of the positives that were found", _BINARY),
    "f1": _class_metric("harmonic mean of precision and recall", _BINARY),
    "precision_macro": _class_metric("mean precision of the classes", _MULTICLASS),
    "recall_macro": _class_metric("mean recall of the classes", _MULTICLASS),
    "f1_macro": _class_metric("mean F1 of the classes", _MULTICLASS),
    "precision_weighted": _class_metric("mean precision, weighted by class size", _MULTICLASS),
    "recall_weighted": _class_metric("mean recall, weighted by class size", _MULTICLASS),
    "f1_weighted": _class_metric("mean F1, weighted by class size", _MULTICLASS),
    "roc_auc": _class_metric("chance that a right class ranks above a wrong one"),
    "log_loss": Metric(about="mean surprise at the truth, in nats", tasks=_CLASSES),
}

BY_TASK: dict[str, list[str]] = {
    task: [name for name, metric in METRICS.items() if task in metric.tasks]
    for task in ("regression", "binary", "multiclass")
}


def better(metric: str, one: float, other: float) -> bool:
    """Tell whether `one` is strictly better than `other`."""
    return one > other if METRICS[metric].greater_is_better else one < other
