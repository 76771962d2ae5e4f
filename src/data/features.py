"""The kinds of feature that a record has, and what each allows."""

from __future__ import annotations

from typing import Literal

from src.support.structs import Checked

Value = str | int | float
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


class Number(Bounds, frozen=True, tag_field="type", tag="number"):
    """A real-valued feature."""

    unit: str = ""
    about: str = ""
    optional: bool = False
    monotone: Way | None = None


class Integer(Bounds, frozen=True, tag_field="type", tag="integer"):
    """A whole-numbered feature."""

    unit: str = ""
    about: str = ""
    optional: bool = False
    monotone: Way | None = None


class Category(Checked, frozen=True, tag_field="type", tag="category"):
    """A feature of few values; `order` lists them from low to high, `values` in no order.

    With neither, the values are learnt from the training rows and an unknown one is no fault.
    """

    order: list[Value] | None = None
    values: list[Value] | None = None
    about: str = ""
    optional: bool = False
    monotone: Way | None = None  # by its order

    def listed(self) -> list[str] | None:
        """List the allowed values as text, in order; None where any value is allowed."""
        values = self.order if self.order is not None else self.values
        return None if values is None else [str(value) for value in values]

    def ranks(self) -> dict[str, float]:
        """Return the rank of each allowed value, from 0."""
        return {value: float(rank) for rank, value in enumerate(self.listed() or ())}


class Text(Checked, frozen=True, tag_field="type", tag="text"):
    """A feature of free text."""

    about: str = ""
    optional: bool = False


Feature = Number | Integer | Category | Text
