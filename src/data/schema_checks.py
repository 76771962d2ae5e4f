"""What a dataset's YAML contradicts itself in, which the types of its keys cannot say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from src.data import decide as deciding
from src.data import rules
from src.data.expressions import QUOTED, Expression
from src.data.features import (
    Bounds,
    Category,
    Date,
    Datetime,
    Integer,
    Number,
    Temporal,
    Text,
    Value,
)
from src.data.kinds import instants
from src.data.past import checks as past_checks
from src.data.schema import OTHER, Dataset, figures_of_decision
from src.evaluation.metrics import BY_TASK
from src.support.errors import UserError, did_you_mean, unknown


def check(dataset: Dataset) -> None:
    """Check what types cannot say; raise UserError on the first contradiction."""
    target = dataset.target.name
    if not dataset.learnt():
        raise UserError(
            f"The dataset '{dataset.name}' has no features to learn from.",
            fix="add one to features, which is no id",
        )
    if target in dataset.features:
        raise UserError(
            f"The target '{target}' of '{dataset.name}' is also a feature.",
            fix=f"take '{target}' out of features",
        )
    _check_columns(dataset)
    _check_bounds(dataset)
    _check_metric(dataset, BY_TASK[dataset.task])
    _check_categories(dataset)
    _check_rare(dataset)
    deciding.check(dataset.decide, dataset.abstain, dataset.name, dataset.task)
    _check_rules(dataset)
    _check_split(dataset)
    _check_group(dataset)
    _check_moments(dataset)
    past_checks.check(dataset)
    _check_derived(dataset)
    _check_similar(dataset)
    _check_coverage(dataset)
    _check_causes(dataset)
    _check_monotone(dataset)


def _check_columns(dataset: Dataset) -> None:
    """Check that a header of the source's names, or of ours, or of both means one thing."""
    columns = dataset.source_columns()
    taken: dict[str, str] = {}
    for name, column in columns.items():
        other = taken.setdefault(column.strip(), name)
        if other != name or (column != name and column in columns):
            other = other if other != name else column
            raise UserError(
                f"The column '{column}' of the source is '{name}' here, and '{other}', too.",
                given=f"column: {column}",
                fix=f"give '{other}' another name, or take column out of '{name}'",
            )


def _check_bounds(dataset: Dataset) -> None:
    bounded = {name: f for name, f in dataset.features.items() if isinstance(f, Bounds)}
    for name, bounds in {**bounded, dataset.target.name: dataset.target}.items():
        low = max(limit for limit in (bounds.min, bounds.above, -math.inf) if limit is not None)
        high = min(limit for limit in (bounds.max, bounds.below, math.inf) if limit is not None)
        if low > high:
            raise UserError(f"No number is within the bounds of '{name}'.", given=bounds.words())


def _check_metric(dataset: Dataset, metrics: list[str]) -> None:
    if dataset.metric not in metrics:
        raise unknown(
            "metric",
            dataset.metric,
            metrics,
            of=f"a {dataset.task} dataset",
            fix=f"metric: {metrics[0]}, or another of these",
        )


def _check_rules(dataset: Dataset) -> None:
    classes = dataset.target.listed()
    segmented = rules.Segmented(
        [rules.COVERAGE, dataset.metric],
        [name for name, one in dataset.features.items() if not isinstance(one, Text)],
    )
    more = figures_of_decision(dataset)
    rules.check_gates(dataset.gate, dataset.task, classes, more, segmented)
    if dataset.retrain is not None:
        rules.check_retrain(dataset.retrain)


def _check_categories(dataset: Dataset) -> None:
    lists: dict[str, list[Any] | None] = {
        name: feature.listed()
        for name, feature in dataset.features.items()
        if isinstance(feature, Category)
    }
    for name, feature in dataset.features.items():
        if isinstance(feature, Category) and feature.order and feature.values:
            raise UserError(
                f"The category '{name}' has both an order and values.", fix="keep one of the two"
            )
    lists[dataset.target.name] = dataset.target.values
    for name, values in lists.items():
        if values is not None and len(set(map(_spelling, values))) < max(2, len(values)):
            raise UserError(
                f"The values of '{name}' must be two or more, and no value twice.", given=values
            )
    classes, positive = dataset.target.values, dataset.target.positive
    if dataset.task == "binary" and classes is not None and len(classes) != 2:
        raise UserError("A binary target has two values.", given=classes)
    if positive is not None and classes and str(positive) not in map(str, classes):
        raise unknown("positive class", str(positive), classes)


def _check_rare(dataset: Dataset) -> None:
    values = dataset.target.values
    if dataset.rare == "other" and values is not None and OTHER not in map(str, values):
        raise UserError(
            f"rare: other of '{dataset.name}' makes a class '{OTHER}', which is none of the "
            "target's values.",
            given=", ".join(map(str, values)),
            fix=f"add {OTHER} to target.values, or leave rare out",
        )


def _spelling(value: Value) -> str:
    """Write 1, 1.0 and "1" alike: a CSV does not tell them apart."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _check_split(dataset: Dataset) -> None:
    split = dataset.split
    if (split.method in ("column", "time")) != (split.column is not None):
        raise UserError(
            f"The split of '{dataset.name}' needs a column with method: column or time, and only "
            "then.",
            given=f"method: {split.method}, column: {split.column}",
            choices=["method: column, column: <name>", "method: time, column: <name>"],
        )
    if split.column == dataset.target.name or (
        split.method == "column" and split.column in dataset.features
    ):
        raise UserError(
            f"The split of '{dataset.name}' is by a column that is a feature or the target.",
            given=split.column,
            fix="take it out of features, or split by another column",
        )
    for name in ("after", "gap"):
        if getattr(split, name) and split.method != "time":
            raise UserError(
                f"split.{name} of '{dataset.name}' has a meaning with method: time only.",
                given=f"method: {split.method}, {name}: {getattr(split, name)}",
                fix=f"add method: time and a column, or take {name} out",
            )
    if dataset.duplicates == "first" and not dataset.key:
        raise UserError(
            f"'{dataset.name}' keeps the first row by key, but has no key.",
            fix="add key: [<columns that identify a row>]",
        )


def _check_group(dataset: Dataset) -> None:
    for key, names in (("group", dataset.group_columns), ("weight", [dataset.weight])):
        if dataset.target.name in [*names]:
            raise UserError(
                f"The {key} of '{dataset.name}' is its target.",
                given=dataset.target.name,
                fix=f"name another column in {key}, or leave it out",
            )
    feature = dataset.features.get(dataset.weight or "")
    if feature is not None and not isinstance(feature, Number | Integer):
        raise UserError(f"The weight '{dataset.weight}' of '{dataset.name}' is not a number.")


def _check_moments(dataset: Dataset) -> None:
    moments = {n: one for n, one in dataset.features.items() if isinstance(one, Temporal)}
    for name, moment in moments.items():
        if "`" in name:
            raise UserError(
                "The name of a date or a time has no backtick in it.",
                given=name,
                fix="name it otherwise, and name its column in the source by column:",
            )
        if isinstance(moment, Datetime):
            instants.zone_of(moment.zone)
        until = getattr(moment, "age_to", None)
        days = [one for one in moments if isinstance(moments[one], Date | Datetime)]
        if until is not None and until not in days and math.isnan(moment.value(until)):
            raise UserError(
                f"The age of '{name}' ends at what is neither a date there nor a day.",
                given=f"age_to: {until}",
                choices=[*(day for day in days if day != name), "a day like 2024-05-31"],
                fix=did_you_mean(until, days),
            )


def _check_derived(dataset: Dataset) -> None:
    for name, text in dataset.derived.items():
        if name in dataset.windows():
            continue
        parts = set(dataset.computed()).difference(dataset.derived)
        if name in dataset.features or name == dataset.target.name or name in parts:
            raise UserError(f"The derived column '{name}' is already a column.", fix="rename it")
        for used in Expression(text).names:
            if used not in dataset.numeric():
                error = unknown(f"numeric feature in {name}: {text}:", used, dataset.numeric())
                error.fix = _unquoted(text, dataset.numeric()) or error.fix
                raise error


def _unquoted(text: str, names: Iterable[str]) -> str | None:
    """Say which column should stand in backticks, where an expression has its name without."""
    for name in names:
        if not name.isidentifier() and name in QUOTED.sub("", text):
            return f"put the name of the column in backticks: `{name}`"
    return None


def _check_similar(dataset: Dataset) -> None:
    if dataset.similar is None:
        return
    for name in dataset.similar.same:
        if name not in dataset.features:
            raise unknown("feature in similar.same", name, dataset.features)
    if dataset.similar.nearest not in dataset.numeric():
        raise unknown(
            "numeric feature in similar.nearest", dataset.similar.nearest, dataset.numeric()
        )


def _check_coverage(dataset: Dataset) -> None:
    for name in dataset.coverage_by:
        if name not in dataset.features or isinstance(dataset.features[name], Text):
            possible = [one for one, kind in dataset.features.items() if not isinstance(kind, Text)]
            raise unknown("feature in coverage_by, which are no texts:", name, possible)


def _check_causes(dataset: Dataset) -> None:
    causes: dict[str, str] = {}
    for cause, names in dataset.causes.items():
        if cause in dataset.features or len(names) < 2:
            raise UserError(
                f"The cause '{cause}' of '{dataset.name}' needs two features or more, and a name "
                "that none of them has.",
                given=", ".join(names) or "no features",
            )
        for name in names:
            if name not in dataset.features:
                raise unknown(f"feature in causes.{cause}", name, dataset.features)
            if name in causes:
                raise UserError(
                    f"The feature '{name}' of '{dataset.name}' stands in two causes.",
                    given=f"{causes[name]}, {cause}",
                    fix="keep it in one",
                )
            causes[name] = cause


def _check_monotone(dataset: Dataset) -> None:
    for name, feature in dataset.features.items():
        if getattr(feature, "monotone", None) is None:
            continue
        if dataset.task == "multiclass":
            raise UserError(
                f"'{name}' of '{dataset.name}' is monotone, but of many classes none rises alone.",
                given="task: multiclass",
                choices=["regression", "binary (the chance of the positive class)"],
                fix=f"take monotone out of {name}",
            )
        if isinstance(feature, Category) and feature.order is None:
            raise UserError(
                f"'{name}' of '{dataset.name}' is monotone, but its values have no order.",
                fix="list its values from low to high in order",
            )
