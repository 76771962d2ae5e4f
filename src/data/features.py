"""The kinds of feature that a record has, and what each allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import msgspec

from src.data.kinds import instants
from src.data.kinds.number_format import DecimalSign, Negative, NumberFormat, ThousandsSign
from src.data.kinds.words import FALSE, TRUE, spellings
from src.support.errors import UserError
from src.support.structs import Checked

Value = str | int | float
Missing = tuple[str, ...]  # what a cell says where there is no value
Kind = Literal["number", "integer", "category", "text"]  # what a model takes a feature for
Way = Literal["up", "down"]  # how an answer may move with a feature


class Bounds(Checked, frozen=True):
    """Limit a number; `above` and `below` exclude the limit itself, `min` and `max` include it."""

    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None

    def words(self) -> str:
        """Say the bounds as a person would: "above 0 and at most 10"."""
        named = {
            "above": self.above,
            "at least": self.min,
            "below": self.below,
            "at most": self.max,
        }
        parts = [f"{word} {limit:.15g}" for word, limit in named.items() if limit is not None]
        return " and ".join(parts) or "any number"

    def hold(self, value: float) -> bool:
        """Tell whether a number is within the bounds."""
        return not (
            (self.min is not None and value < self.min)
            or (self.max is not None and value > self.max)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )


class Written(Bounds, frozen=True):
    """A bounded number, and how its column writes it; the dataset's way where it says nothing."""

    decimal: DecimalSign | None = None
    thousands: ThousandsSign | None = None
    prefix: str = ""
    suffix: str = ""
    negative: Negative = "before"

    def written(self, decimal: str, thousands: str) -> NumberFormat:
        """Return how the numbers are written, in a dataset with these signs."""
        own = (self.decimal or decimal, thousands if self.thousands is None else self.thousands)
        return NumberFormat(*own, self.prefix, self.suffix, self.negative)


class Number(Written, frozen=True, tag_field="type", tag="number"):
    """A real-valued feature."""

    kind: ClassVar[Kind | None] = "number"

    unit: str = ""
    about: str = ""
    optional: bool = False
    monotone: Way | None = None
    column: str | None = None
    missing: Missing | None = None


class Integer(Written, frozen=True, tag_field="type", tag="integer"):
    """A whole-numbered feature."""

    kind: ClassVar[Kind | None] = "integer"

    unit: str = ""
    about: str = ""
    optional: bool = False
    monotone: Way | None = None
    column: str | None = None
    missing: Missing | None = None


class Past(Number, frozen=True, tag_field="type", tag="past"):
    """What a column was in rows before, as `derived` names it: a number that no source has."""


Limit = str | float | None  # of a moment, as its text or as its number


class Temporal(Number, frozen=True, tag_field="type", tag="temporal"):
    """A number that is written as a date or a time; subclasses say which."""

    allowed: ClassVar[str] = ""
    parts: ClassVar[tuple[str, ...]] = ()

    min: Limit = None  # type: ignore[assignment]  # a float once it is made
    max: Limit = None  # type: ignore[assignment]
    above: Limit = None  # type: ignore[assignment]
    below: Limit = None  # type: ignore[assignment]
    format: str | None = None

    def __post_init__(self) -> None:
        """Convert limits from text to numbers; raise UserError where one is no moment."""
        for name in ("min", "max", "above", "below"):
            limit = getattr(self, name)
            if isinstance(limit, str):
                value = self.value(limit)
                if math.isnan(value):
                    raise UserError(
                        f"The limit '{name}' of a {type(self).__name__.lower()} is none.",
                        given=limit,
                        choices=[self.allowed],
                    )
                msgspec.structs.force_setattr(self, name, value)

    def value(self, text: str) -> float:
        """Return the number that a text stands for, in its format or in ISO 8601; NaN if none."""
        value = math.nan if self.format is None else self.read(text, self.format)
        return self.read(text, None) if math.isnan(value) else value

    def read(self, text: str, style: str | None) -> float:
        """Return the number that a text stands for in one format; NaN if it is no such moment."""
        raise NotImplementedError

    def text(self, value: float) -> str:
        """Write a number as ISO text."""
        raise NotImplementedError

    def words(self) -> str:
        """Say the bounds as a person would."""
        named = {"after": self.above, "from": self.min, "before": self.below, "until": self.max}
        parts = [f"{word} {self.text(limit)}" for word, limit in named.items() if limit is not None]  # type: ignore[arg-type]
        return " and ".join(parts) or f"any {type(self).__name__.lower()}"


class Date(Temporal, frozen=True, tag_field="type", tag="date"):
    """A day; a number of days since 1970-01-01."""

    allowed: ClassVar[str] = "a date like 2024-05-31"
    parts: ClassVar[tuple[str, ...]] = (
        "year", "month", "day", "weekday", "sin_year", "cos_year", "sin_week", "cos_week",
    )  # fmt: skip

    age_to: str | None = None  # another date, or a day: what lies between is learnt, too

    def read(self, text: str, style: str | None) -> float:
        """Return days since 1970-01-01, NaN if the text is no day; the time of it is left out."""
        return instants.days(text, style) // 1

    def text(self, value: float) -> str:
        """Write days since 1970-01-01 as ISO text."""
        return instants.iso(value, has_time=False)


class Datetime(Temporal, frozen=True, tag_field="type", tag="datetime"):
    """A day and a time of it; a number of days since 1970-01-01, with its fraction.

    It is the clock's time in `zone`, by which hours and weekdays mean something; text with an
    offset is converted, text without one is taken as it is.
    """

    allowed: ClassVar[str] = "a date and time like 2024-05-31T12:30:00"
    parts: ClassVar[tuple[str, ...]] = (*Date.parts, "hour", "sin_day", "cos_day")

    age_to: str | None = None
    zone: str = "UTC"

    def read(self, text: str, style: str | None) -> float:
        """Return days since 1970-01-01, NaN if the text is no moment."""
        return instants.days(text, style, self.zone)

    def text(self, value: float) -> str:
        """Write days since 1970-01-01 as ISO text."""
        return instants.iso(value, has_time=True)


class Time(Temporal, frozen=True, tag_field="type", tag="time"):
    """A time of the day; a number of hours."""

    allowed: ClassVar[str] = "a time like 12:30 or 12:30:59"
    parts: ClassVar[tuple[str, ...]] = ("sin_hours", "cos_hours")

    def read(self, text: str, style: str | None) -> float:
        """Return hours since midnight, NaN if the text is no time."""
        return instants.hours(text, style)

    def text(self, value: float) -> str:
        """Write hours since midnight as ISO text."""
        return instants.clock(value)


class Category(Checked, frozen=True, tag_field="type", tag="category"):
    """A feature of few values; `order` lists them from low to high, `values` in no order.

    With neither, the values are learnt from the training rows and an unknown one is no fault. With
    `others` that holds for values that are not listed, too: they share one level with the rare.
    """

    kind: ClassVar[Kind | None] = "category"

    order: list[Value] | None = None
    values: list[Value] | None = None
    others: bool = False
    about: str = ""
    optional: bool = False
    monotone: Way | None = None  # by its order
    column: str | None = None
    missing: Missing | None = None

    def listed(self) -> list[str] | None:
        """List the allowed values as text, in order; None where any value is allowed."""
        values = self.order if self.order is not None else self.values
        return None if values is None else [str(value) for value in values]

    def ranks(self) -> dict[str, float]:
        """Return the rank of each allowed value, from 0."""
        return {value: float(rank) for rank, value in enumerate(self.listed() or ())}


class Boolean(Category, frozen=True, tag_field="type", tag="boolean"):
    """A feature that is true or false, in any of the words for it."""

    true_words: list[Value] = []
    false_words: list[Value] = []

    def __post_init__(self) -> None:
        """Set the order, which nobody else may."""
        if self.values is not None or self.order not in (None, [FALSE, TRUE]) or self.others:
            raise UserError(
                "A boolean has no values to list.",
                given=self.order or self.values,
                choices=["true_words", "false_words"],
                fix="list its words there, or make it a category",
            )
        msgspec.structs.force_setattr(self, "order", [FALSE, TRUE])

    def spellings(self) -> dict[str, str]:
        """Return "true" or "false" for each word that stands for it, as it may be written."""
        return spellings(self.true_words, self.false_words)


class Text(Checked, frozen=True, tag_field="type", tag="text"):
    """A feature of free text."""

    kind: ClassVar[Kind | None] = "text"

    about: str = ""
    optional: bool = False
    column: str | None = None
    missing: Missing | None = None


class Id(Text, frozen=True, tag_field="type", tag="id"):
    """A name of the record: kept for look-ups, labels and joins, and never learnt."""

    kind: ClassVar[Kind | None] = None


Feature = Number | Integer | Category | Text | Date | Datetime | Time | Boolean | Id | Past


def type_name(feature: object) -> str:
    """Name a feature's type for people, to whom what was before is a number like any other."""
    return "number" if isinstance(feature, Past) else type(feature).__name__.lower()


def in_json(feature: Feature) -> Callable[[Any], Any] | None:
    """Return what converts a model's value to JSON's: dates and times to ISO text, booleans.

    None for the other kinds, whose values may stay as they are.
    """
    if isinstance(feature, Temporal):
        return feature.text
    return _is_true if isinstance(feature, Boolean) else None


def outward(feature: Feature) -> Callable[[Any], Any] | None:
    """Return what converts a model's value to JSON's, whole numbers to ints; None if nothing."""
    return int if isinstance(feature, Integer) else in_json(feature)


def as_json(features: Mapping[str, Feature], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of model's values with dates, times and booleans as JSON has them."""
    values = dict(record)
    for name, value in record.items():
        convert = in_json(features[name]) if name in features else None
        if convert is not None and value is not None:
            values[name] = convert(value)
    return values


def written_by(feature: object, otherwise: Callable[[float], str]) -> Callable[[float], str]:
    """Return what writes a feature's number for people: a date or a time as ISO text."""
    return feature.text if isinstance(feature, Temporal) else otherwise


def _is_true(value: str) -> bool:
    return value == TRUE
