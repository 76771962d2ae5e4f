"""What a dataset's YAML says of decisions: by what the threshold is chosen, and when to abstain."""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta

from src.support.errors import UserError, unknown
from src.support.structs import Checked

# The metrics whose best threshold is neither "all" nor "none".
CHOOSING = ("accuracy", "f1")
DEGENERATE = {"precision": "min_recall", "recall": "min_precision"}
Reached = Annotated[float, Meta(gt=0, le=1)]


class Costs(Checked, frozen=True):
    """What each kind of wrong answer costs, in any unit."""

    false_positive: float
    false_negative: float


class Decide(Checked, frozen=True):
    """By what the threshold of the positive class is chosen: exactly one of these.

    metric: the best value of it; cost: the least; min_precision: the greatest recall among the
    thresholds that reach it; min_recall: the greatest precision among those.
    """

    metric: str | None = None
    cost: Costs | None = None
    min_precision: Reached | None = None
    min_recall: Reached | None = None


class Abstain(Checked, frozen=True):
    """Which rows are left to a person: exactly one of these.

    between: those with a probability of the positive class between both; share: so many of the
    least sure; min_accuracy and min_f1: as few of them as it takes until the others reach it.
    """

    between: tuple[float, float] | None = None
    share: Annotated[float, Meta(gt=0, lt=1)] | None = None
    min_accuracy: Reached | None = None
    min_f1: Reached | None = None


def check(decide: Decide | None, abstain: Abstain | None, name: str, task: str) -> None:
    """Raise UserError on the first contradiction; `name` and `task` are the dataset's."""
    for key, rule in (("decide", decide), ("abstain", abstain)):
        if rule is None:
            continue
        if task != "binary":
            raise UserError(
                f"'{key}' of '{name}' needs a binary task: a threshold tells two classes apart.",
                given=f"task: {task}",
                fix=f"take {key} out" + (", or set task: binary" if task == "multiclass" else ""),
            )
        names = rule.__struct_fields__
        given = [one for one in names if getattr(rule, one) is not None]
        if len(given) != 1:
            raise UserError(
                f"'{key}' of '{name}' needs exactly one reason.",
                given=", ".join(given) or "none",
                choices=list(names),
            )
    if decide is not None:
        _check_decide(decide)
    if abstain is not None and abstain.between is not None:
        _check_between(abstain.between)


def _check_decide(decide: Decide) -> None:
    metric, cost = decide.metric, decide.cost
    if metric in DEGENERATE:
        whom = "everybody" if metric == "recall" else "next to nobody"
        raise UserError(
            f"The best {metric} alone is that of a threshold which calls {whom} positive.",
            given=f"decide.metric: {metric}",
            choices=[f"metric: {one}" for one in CHOOSING],
            fix=f"set {DEGENERATE[metric]} to what the other one must reach, such as "
            f"{DEGENERATE[metric]}: 0.9, and have the best {metric} of that",
        )
    if metric is not None and metric not in CHOOSING:
        raise unknown("metric that a threshold is chosen by", metric, CHOOSING)
    for name in cost.__struct_fields__ if cost is not None else ():
        value = getattr(cost, name)
        if not (math.isfinite(value) and value > 0):
            raise UserError(
                f"'decide.cost.{name}' must be a number above 0: what costs nothing would always "
                "be chosen.",
                given=value,
                fix="give each kind of wrong answer its cost, such as false_positive: 1, "
                "false_negative: 20",
            )


def _check_between(between: tuple[float, float]) -> None:
    low, high = between
    if not 0 <= low < high <= 1:
        raise UserError(
            "'abstain.between' must be two probabilities, the lower one first.",
            given=list(between),
            choices=["two numbers from 0 to 1, such as [0.4, 0.6]"],
        )
