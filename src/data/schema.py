"""What a dataset is: its target, features, checks, split, metric and rules, as its YAML says."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from src.data import decide as deciding
from src.data import rules
from src.data.expressions import quoted
from src.data.features import (
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
from src.data.kinds.number_format import DecimalSign, NumberFormat, ThousandsSign
from src.data.past import windows
from src.data.past.windows import Window
from src.evaluation.metrics import OF_ANSWERED
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
