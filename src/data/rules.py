"""What a dataset's YAML says of its versions: the gate, promotion, a breach, retraining."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from src.data.findings import RULES as FINDINGS
from src.evaluation.metrics import BY_TASK
from src.support.errors import UserError, unknown
from src.support.structs import Checked

OnBreach = Literal["refuse", "rollback", "warn"]
Duration = str  # such as 60s, 15m, 12h, 1d, 1w; see `seconds`

Refuse = Literal["refuse"]  # what a gate says of findings: a model that has any is refused

OF_A_CLASS = ("precision", "recall", "f1")  # the metrics that each class has for itself
COVERAGE = "coverage"  # has a figure to limit, and can be found too low as well
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Limits(Checked, frozen=True):
    """The least and the most that a figure may be."""

    min: float | None = None
    max: float | None = None

    @property
    def is_none(self) -> bool:
        """Tell whether there are no limits."""
        return self.min is None and self.max is None


class Gate(Limits, frozen=True):
    """The least or most that a metric on the held-out rows may be, for all rows and by class.

    `each` limits every class and `classes` those that are named, in place of `each`; `by` limits
    the segments of these features: each value of a category, each quarter of a number.
    """

    each: Limits | None = None
    classes: dict[str | int | float, Limits] = {}
    by: dict[str, Limits] = {}

    def __post_init__(self) -> None:
        # YAML reads 0 as a number; everywhere else the name of a class is text.
        named = {str(name): limits for name, limits in self.classes.items()}
        msgspec.structs.force_setattr(self, "classes", named)

    def of(self, name: str) -> Limits | None:
        """Return the limits of a class, or None."""
        return self.classes.get(name, self.each)


Gates = Mapping[str, Gate | Refuse]


class Segmented(Checked, frozen=True):
    """The figures that are measured by segment, and the features whose values make segments."""

    figures: list[str] = []
    features: list[str] = []


class Retrain(Checked, frozen=True):
    """When the service trains by itself, and what.

    Once `after_labels` are new and none has come for `debounce`, or when `at_least_every` has
    passed and any is new, whichever comes first. Without `model` it is the champion's.
    """

    after_labels: Annotated[int, Meta(ge=1)] | None = None
    at_least_every: Duration | None = None
    debounce: Duration = "0s"
    model: str | None = None
    use: Literal["file", "labels", "both"] = "both"


class Review(Checked, frozen=True):
    """Which truths of numbers wait for a person: those far outside the range that is likely.

    `beyond` is how far outside, in half of the range's width.
    """

    beyond: Annotated[float, Meta(gt=0)] = 5.0


class Promotion(Checked, frozen=True):
    """Which change of the answers is left to a person: `most_changed` is the share it may reach."""

    most_changed: Annotated[float, Meta(ge=0, le=1)] = 0.1


Promote = Literal["auto", "manual"] | Promotion


class Trust(Checked, frozen=True):
    """What the labels of one API key may do against the file and the labels of others.

    `most_of_one_key` is a key's greatest share of the rows that train, and of those that judge;
    the labels of `trusted_keys` count as the file's rows do.
    """

    most_of_one_key: Annotated[float, Meta(gt=0, le=1)] = 0.2
    trusted_keys: list[str] = []


def seconds(duration: Duration) -> float:
    """Return a duration in seconds; raise UserError if the text is not a duration."""
    match = re.fullmatch(r"([0-9]+)([smhdw])", duration)
    if match is None:
        raise UserError(
            "This is not a duration.",
            given=duration,
            choices=["60s", "15m", "12h", "1d", "1w"],
            fix="write a whole number and its unit, without a space",
        )
    return float(int(match[1]) * _SECONDS[match[2]])


def check_gates(
    gates: Gates,
    task: str,
    classes: Collection[str] | None,
    more: Collection[str] = (),
    segmented: Segmented | None = None,
) -> None:
    """Raise UserError if a gate can never be checked.

    `classes` is None while unknown; `more` names figures that the dataset has beside its task's.
    """
    of_class = OF_A_CLASS if task != "regression" else ()
    names = [*BY_TASK[task], *of_class, *more, *FINDINGS]
    for name, gate in gates.items():
        if name not in names:
            raise unknown(
                "metric",
                name,
                dict.fromkeys(names),
                of=f"a {task} dataset",
                fix=f"take gate.{name} out, or gate another metric of these",
            )
        _check_kind(name, gate)
        if isinstance(gate, str):
            continue
        if not gate.is_none and name not in (*BY_TASK[task], *more, COVERAGE):
            raise UserError(
                f"In a {task} dataset each class has its own {name}, and there is none of all.",
                given=f"gate.{name}.{'max' if gate.min is None else 'min'}",
                choices=[f"gate.{name}.each", f"gate.{name}.classes"],
                fix=f"or gate {name}_macro, the mean over the classes",
            )
        _check_limits(name, gate)
        if gate.by:
            _check_segments(name, gate, segmented or Segmented())
        for label in gate.classes:
            if classes is not None and label not in classes:
                raise unknown(f"class in gate.{name}.classes", str(label), classes)


def _check_kind(name: str, gate: Gate | Refuse) -> None:
    """Refuse a limit of what has no figure, and `refuse` of what is nothing but one."""
    if isinstance(gate, str) and name not in FINDINGS:
        raise UserError(
            f"'{name}' is a metric: it is refused by its limits.",
            given=f"gate.{name}: {gate}",
            choices=[f"gate.{name}.min", f"gate.{name}.max"],
        )
    if not isinstance(gate, str) and name in FINDINGS and name != COVERAGE:
        raise UserError(
            f"'{name}' has no figure to limit: it is found, or it is not.",
            given=f"gate.{name}, with limits",
            choices=[f"gate.{name}: refuse"],
        )


def _check_limits(name: str, gate: Gate) -> None:
    by_class = {"each class": gate.each} if gate.each is not None else {}
    by_class |= {str(label): limits for label, limits in gate.classes.items()}
    if by_class and name not in OF_A_CLASS:
        raise UserError(
            f"'{name}' is a figure of all rows; a class has none of its own.",
            given=f"gate.{name}.{'classes' if gate.each is None else 'each'}",
            choices=[f"gate.{name}.min", f"gate.{name}.max"],
        )
    if gate.is_none and not by_class and not gate.by:
        more = ["each", "classes"] if name in OF_A_CLASS else []
        raise UserError(f"The gate on '{name}' has no limit.", choices=["min", "max", *more])
    for words, limits in by_class.items():
        if limits.is_none:
            raise UserError(
                f"The gate on '{name}' of {words} has no limit.", choices=["min", "max"]
            )


def _check_segments(name: str, gate: Gate, segmented: Segmented) -> None:
    if name not in segmented.figures:
        raise UserError(
            f"'{name}' is not measured by segment.",
            given=f"gate.{name}.by",
            choices=[f"gate.{one}.by" for one in segmented.figures],
        )
    for feature, limits in gate.by.items():
        if feature not in segmented.features:
            raise unknown(f"feature in gate.{name}.by", feature, segmented.features)
        if limits.is_none:
            raise UserError(
                f"The gate on '{name}' by {feature} has no limit.", choices=["min", "max"]
            )


def check_retrain(retrain: Retrain) -> None:
    """Raise UserError if the rule would never start a training, or would always do so."""
    if retrain.after_labels is None and retrain.at_least_every is None:
        raise UserError(
            "Nothing says when to retrain.",
            choices=["retrain.after_labels", "retrain.at_least_every"],
            fix="add one, such as after_labels: 500 or at_least_every: 1d",
        )
    for key in ("at_least_every", "debounce"):
        duration = getattr(retrain, key)
        try:
            length = 1.0 if duration is None else seconds(duration)
        except UserError as error:
            error.what = f"'retrain.{key}' is not a duration."
            raise
        if key == "at_least_every" and length == 0:
            raise UserError("Retraining every 0 seconds would never end.", given=duration)
