"""What a dataset is: its target, features, checks, split, metric and rules, as its YAML says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from src.data import decide as deciding
from src.data import rules
from src.data.expressions import QUOTED, Expression, quoted
from src.data.features import (
    Bounds,
    Category,
    Date,
    Datetime,
    Feature,
    Id,
    Integer,
    Missing,
    Number,
    Past,
    Temporal,
    Value,
    Written,
)
from src.data.features import Text as Text  # bundles of earlier days name it here
from src.data.kinds import instants
from src.data.kinds.number_format import DecimalSign, NumberFormat, ThousandsSign
from src.data.past import windows
from src.data.past.windows import Window
from src.evaluation.metrics import BY_TASK, OF_ANSWERED
from src.support.errors import UserError, did_you_mean, unknown
from src.support.structs import Checked, Slug, worded

Task = Literal["regression", "binary", "multiclass"]
Share = Annotated[float, Meta(ge=0, le=1)]
# What a CSV may call a column, and what an expression can name.
Column = Annotated[
    str,
    worded(
        r"^\S([^\n]*\S)?$",
        "a name on one line, with no space around it",
        fix="call it so, and give the name that the source has as its `column:`, in double quotes",
    ),
]
Name = Annotated[
    str,
    worded(r"^[A-Za-z_][A-Za-z0-9_]*$", "letters, digits and _, and no digit first"),
]
Separator = Literal[",", ";", "\t", "|", ":", "~", "^"]


class Target(Written, frozen=True, kw_only=True):
    """What is predicted; `values` lists the classes, `positive` names the class of interest."""

    name: str
    unit: str = ""
    about: str = ""
    values: list[Value] | None = None
    positive: Value | None = None
    column: str | None = None  # in the source, where its name is another
    missing: Missing | None = None

    def listed(self) -> list[str] | None:
        """List the classes as text; None where the rows tell them."""
        return None if self.values is None else [str(value) for value in self.values]


class Split(Checked, frozen=True):
    """How rows are told apart for training and testing.

    stable: by a hash of the row's content (or of the dataset's `group` or `key`); random:
    scikit-learn's train_test_split with `seed`; column: `column` says train or test; time: the
    newest rows by `column` test, the share `test` of them or those from the moment `after` on,
    and rows within `gap` different moments before those that judge are not learnt from.
    """

    method: Literal["stable", "random", "column", "time"] = "stable"
    test: Annotated[float, Meta(gt=0, lt=1)] = 0.2
    seed: int | None = None
    column: str | None = None
    after: Value | None = None
    gap: Annotated[int, Meta(ge=0)] = 0


class Similar(Checked, frozen=True):
    """How similar records are found: equal in `same`, nearest in `nearest`."""

    nearest: str
    same: list[str] = []


OTHER = "other"  # the class of rare ones, with rare: other

# The keys of a dataset that say what its source looks like.
SOURCE = ("separator", "encoding", "header", "skip", "sheet", "cells", "table", "query")
# The keys of a dataset that judge its versions and its labels, or show them, and train none.
RULES = ("gate", "promote", "on_breach", "retrain", "review", "labels", "examples")


class Dataset(Checked, frozen=True):
    """A problem: everything that is known of it before any model is trained."""

    name: Slug
    task: Task
    source: str
    target: Target
    features: dict[Column, Feature]
    metric: str
    about: str = ""
    noun: Annotated[str, Meta(min_length=1)] = "record"  # what one row is
    separator: Separator = ","
    encoding: str = "utf-8"
    decimal: DecimalSign = "."
    thousands: ThousandsSign = ""
    # Not set and not a default, so that what is resolved of other datasets stays as it is.
    header: bool | UnsetType = UNSET
    skip: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    sheet: str | int | UnsetType = UNSET
    cells: str | UnsetType = UNSET
    table: str | UnsetType = UNSET
    query: str | UnsetType = UNSET
    missing: Missing = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
    key: list[str] = []
    group: str | list[str] = []  # the columns in which rows agree that belong together
    weight: str | None = None  # the column that says how much a row counts
    derived: dict[Name, str] = {}
    duplicates: Literal["whole", "drop", "keep", "first"] = "whole"
    rare: Literal["drop", "other", "error"] = "drop"  # classes of too few rows
    max_rejected: Share = 0.05
    split: Split = Split()
    decide: deciding.Decide | None = None
    abstain: deciding.Abstain | None = None
    gate: dict[str, rules.Gate | rules.Refuse] = {}
    promote: rules.Promote = "auto"
    on_breach: rules.OnBreach = "warn"
    retrain: rules.Retrain | None = None
    review: rules.Review | Literal["never"] = rules.Review()
    labels: rules.Trust = rules.Trust()
    examples: Literal["made", "real"] = "made"  # that the service shows: no rows, or some
    coverage: Annotated[float, Meta(gt=0.5, lt=1)] = 0.9
    coverage_by: list[str] = []  # features by whose values intervals hold; found where absent
    similar: Similar | None = None
    causes: dict[str, list[str]] = {}  # features that tell the same, by what it is

    def __post_init__(self) -> None:
        """Make a feature of each window of the past: a number that records need not have."""
        past = {
            name: self._past(window)
            for name, window in self.windows().items()
            if name not in {*self.features, self.target.name}
        }
        if past:
            msgspec.structs.force_setattr(self, "features", {**self.features, **past})

    def _past(self, window: Window) -> Past:
        column = self.target if window.column == self.target.name else None
        unit = getattr(column or self.features.get(window.column), "unit", "")
        return Past(unit=unit, about=window.words(), optional=True)

    def windows(self) -> dict[str, Window]:
        """Return the windows of the past that `derived` names, by the features' names."""
        every = {name: windows.parse(text) for name, text in self.derived.items()}
        return {name: window for name, window in every.items() if window is not None}

    @property
    def series(self) -> list[str]:
        """List the columns that tell a series of rows, each of which has a past of its own."""
        return self.group_columns if self.windows() else []

    @property
    def clock(self) -> str | None:
        """The column that says when a row is, where rows look into the past.

        What is asked about lies beyond all that was learnt of it, and that is nothing to warn of.
        """
        return self.split.column if self.windows() else None

    def observed(self) -> list[str]:
        """List the numbers of which only the past is learnt: no features, and not the target."""
        every = dict.fromkeys(window.column for window in self.windows().values())
        return [name for name in every if name not in {*self.features, self.target.name}]

    def source_features(self) -> dict[str, Feature]:
        """Return the features that the source has, and no past."""
        return {name: one for name, one in self.features.items() if not isinstance(one, Past)}

    @property
    def group_columns(self) -> list[str]:
        """List the columns of `group`."""
        return [self.group] if isinstance(self.group, str) else self.group

    def reading(self) -> dict[str, Any]:
        """Return how the source is read, as `sources.read` takes it."""
        values = {name: getattr(self, name) for name in SOURCE}
        return {name: value for name, value in values.items() if value is not UNSET}

    def columns(self) -> list[str]:
        """List the columns of a row, by the names that they have here."""
        return [*self.source_features(), self.target.name, *self.extra_columns()]

    def source_columns(self) -> dict[str, str]:
        """Return what each column is called in the source."""
        own = {name: feature.column for name, feature in self.features.items()}
        own[self.target.name] = self.target.column
        return {name: own.get(name) or name for name in self.columns()}

    def markers(self, name: str) -> Missing:
        """Return what a cell of a column says where it holds no value."""
        column = self.target if name == self.target.name else self.features.get(name)
        own = None if column is None else column.missing
        return self.missing if own is None else ("", *own)

    def written(self, name: str) -> NumberFormat:
        """Return how a column writes its numbers."""
        column = self.target if name == self.target.name else self.features.get(name)
        written = column if isinstance(column, Written) else Written()
        return written.written(self.decimal, self.thousands)

    def computed(self) -> dict[str, str]:
        """Return the expression of each column that models see beside the features.

        These are the parts of dates and times, their ages, and `derived` but for windows of the
        past, which are features.
        """
        past = self.windows()
        own = {name: text for name, text in self.derived.items() if name not in past}
        return {**self._parts(), **own}

    def _parts(self) -> dict[str, str]:
        every: dict[str, str] = {}
        for name, feature in self.features.items():
            if isinstance(feature, Temporal):
                every |= {f"{name}.{part}": f"{part}({quoted(name)})" for part in feature.parts}
            if isinstance(feature, Date | Datetime) and feature.age_to is not None:
                day = feature.value(feature.age_to)
                until = quoted(feature.age_to) if math.isnan(day) else f"{day:.15g}"
                every[f"{name}.age"] = f"{until} - {quoted(name)}"
        # A table that has such a column of its own knows better.
        return {part: text for part, text in every.items() if part not in self.columns()}

    def extra_columns(self) -> list[str]:
        """List the columns that are neither features nor the target.

        They say which rows are one or belong together, how much a row counts, when it was or on
        which side it stands, and what only later rows may look at.
        """
        single = [name for name in (self.weight, self.split.column) if name is not None]
        every = dict.fromkeys([*self.key, *self.group_columns, *single, *self.observed()])
        return [name for name in every if name not in {*self.features, self.target.name}]

    def identity(self) -> list[str]:
        """List the columns in which two rows that are one agree; those of the source, with `whole`.

        The column that tells a row's side is none of them: it is no part of what the row says.
        """
        if self.duplicates == "first":
            return self.key
        side = self.split.column if self.split.method == "column" else None
        return [name for name in self.columns() if name != side]

    @property
    def most_changed(self) -> float:
        """The share of answers that a fresh version may change and come to serve by itself."""
        rule = self.promote if isinstance(self.promote, rules.Promotion) else rules.Promotion()
        return rule.most_changed

    def numeric(self) -> list[str]:
        """List the features that arithmetic may use.

        These are numbers, dates and times as numbers, and ordered categories by rank.
        """
        return [
            name
            for name, feature in self.features.items()
            if isinstance(feature, Number | Integer)
            or (isinstance(feature, Category) and feature.order is not None)
        ]

    def kinds(self) -> set[str]:
        """Name what a model takes the features for: number, integer, category, text."""
        return {one.kind for one in self.features.values() if one.kind is not None}

    def ids(self) -> list[str]:
        """List the features that are never learnt."""
        return [name for name, feature in self.features.items() if isinstance(feature, Id)]

    def learnt(self) -> list[str]:
        """List the features that models learn from."""
        return [name for name in self.features if name not in self.ids()]


def figures_of_decision(dataset: Dataset) -> list[str]:
    """Name the figures on top of the task's metrics, which `decide` and `abstain` bring about."""
    has_cost = dataset.decide is not None and dataset.decide.cost is not None
    return [*(["cost"] if has_cost else []), *(OF_ANSWERED if dataset.abstain is not None else ())]


def without_rules(dataset: Dataset) -> Dataset:
    """Return the dataset as a training sees it: other rules are no other training."""
    values = {name: getattr(dataset, name) for name in dataset.__struct_fields__}
    return Dataset(**{name: value for name, value in values.items() if name not in RULES})


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
    _check_past(dataset)
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


def _check_past(dataset: Dataset) -> None:
    for name, text in dataset.derived.items():
        windows.check(name, text)
    named = dataset.windows()
    for name, one in dataset.features.items():
        if isinstance(one, Past) and name not in named:
            raise UserError(
                f"'{name}' of '{dataset.name}' is of the past, and nothing says of which.",
                given="type: past",
                fix=f"take '{name}' out of features, and write derived: {{{name}: lag(load, 24)}}",
            )
    for name, window in named.items():
        if not isinstance(dataset.features.get(name), Past):
            raise UserError(f"The derived column '{name}' is already a column.", fix="rename it")
        _check_series(dataset, name)
        _check_looked_at(dataset, name, window.column)


def _check_looked_at(dataset: Dataset, name: str, column: str) -> None:
    """Check that a window looks at a column of numbers."""
    numbers = [one for one, kind in dataset.features.items() if type(kind) in (Number, Integer)]
    if dataset.task == "regression":
        numbers.insert(0, dataset.target.name)
    beside = {*dataset.features, *dataset.key, *dataset.group_columns, dataset.target.name}
    if column not in numbers and column in beside:
        raise UserError(
            f"'{name}' looks at the past of '{column}', which is no column of numbers.",
            given=f"{name}: {dataset.derived[name]}",
            choices=[*numbers, "a column of numbers that is no feature"],
        )


def _check_series(dataset: Dataset, name: str) -> None:
    """Check that the dataset says when rows were, of which series, and splits them by time."""
    text, split = f"{name}: {dataset.derived[name]}", dataset.split
    if split.method != "time":
        raise UserError(
            f"'{name}' looks into the past, and the split of '{dataset.name}' is not by time: of "
            "rows drawn at random a model would be judged that has learnt from later ones.",
            given=f"{text}; split.method: {split.method}",
            fix="write split: {method: time, column: <the column that says when a row was>}",
        )
    time = dataset.features.get(str(split.column))
    if type(time) not in (Date, Datetime, Number, Integer) or getattr(time, "optional", False):
        kinds = ("datetime", "date", "integer")
        raise UserError(
            f"'{name}' looks into the past, so each record of '{dataset.name}' must say when it "
            f"is: '{split.column}' has to be a feature, not optional: a date, a time or a number.",
            given=f"{text}; split.column: {split.column}",
            choices=[f"{split.column}: {{type: {kind}}}" for kind in kinds],
            fix=f"name '{split.column}' in features so",
        )
    for column in dataset.group_columns:
        if getattr(dataset.features.get(column), "optional", True):
            raise UserError(
                f"'{name}' looks into the past of a series, so each record of '{dataset.name}' "
                f"must say of which: '{column}' of group has to be a feature, and not optional.",
                given=f"{text}; group: {', '.join(dataset.group_columns)}",
                choices=[f"{column}: {{type: category}}", f"{column}: {{type: id}}"],
                fix=f"name '{column}' in features so; an id is never learnt",
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
