"""The fields of JSON records: which values are accepted, and how they are converted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.records.enumeration import enumeration
from app.records.values import is_number, nearest, number
from src.data.features import (
    Boolean,
    Bounds,
    Category,
    Id,
    Integer,
    Number,
    Temporal,
    Text,
    type_name,
)
from src.data.kinds import instants
from src.data.kinds.spelling import canonical, plain, spelt
from src.data.kinds.words import FALSE, TRUE
from src.data.schema import Dataset

EXACT = 2**53 - 1  # up to here a number is one whole number and no other
# What str.strip() removes, as a regular expression that browsers, Rust and Python read alike.
SPACE = (
    r"[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
)

EXAMPLE = datetime(2024, 5, 31, 12, 30, 59)  # of a format


class Moment(Category, frozen=True, tag="moment"):
    """When a row was: no feature of a dataset's YAML, but what a label may say."""


class FieldDescription(msgspec.Struct, frozen=True):
    """A feature described for people."""

    name: str
    type: str
    unit: str
    about: str
    allowed: str
    choices: list[str] | None
    required: bool


class FieldError(Exception):
    """A value that is not accepted, with what is wrong and how to fix it."""

    def __init__(self, what: str, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class Field:
    """A feature in a request.

    `wire` is the type that msgspec decodes; `read`, if not None, converts it to the model's value
    or raises. `check` does both for any value, and describes what is wrong.
    """

    wire: Any
    read: Callable[[Any], Any] | None = None
    allowed: str
    choices: list[str] | None = None
    unit = ""

    def __init__(self, name: str, feature: Number | Integer | Category | Text) -> None:
        self.name = name
        self.kind = type_name(feature)
        self.about = feature.about
        self.required = not feature.optional

    def check(self, value: Any) -> Any:
        """Return the model's value; raise FieldError if it is not valid."""
        if value is not None:
            return self._check(value)
        self.nothing()
        return None

    def nothing(self) -> None:
        """Raise FieldError if the field is required."""
        if self.required:
            raise FieldError(f"{self.name} is missing", f"give {self.allowed}")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of accepted values."""
        said = ", in ".join(part for part in (self.about, self.unit) if part)
        return {"title": self.name, **({"description": said} if said else {}), **self._schema()}

    def description(self) -> FieldDescription:
        """Return the field as it is described for people."""
        return FieldDescription(
            name=self.name,
            type=self.kind,
            unit=self.unit,
            about=self.about,
            allowed=self.allowed,
            choices=self.choices,
            required=self.required,
        )

    def _or_null(self, kind: str) -> str | list[str]:
        return kind if self.required else [kind, "null"]

    def _check(self, value: Any) -> Any:
        raise NotImplementedError

    def _schema(self) -> dict[str, Any]:
        raise NotImplementedError


class Numeric(Field):
    """A number; whole ones may be written 3 or 3.0, and become 3.0 as in training rows."""

    def __init__(self, name: str, feature: Number | Integer) -> None:
        super().__init__(name, feature)
        self.unit = feature.unit
        self.whole = isinstance(feature, Integer)
        self.bounds: Bounds = feature
        self.limits = _limits(feature)
        step = 1 if self.whole else None
        self.wire = Annotated[float, Meta(**self.limits, multiple_of=step)]  # type: ignore[call-overload]
        noun = "a whole number" if self.whole else "a number"
        self.allowed = f"{noun} {feature.words()}" if self.limits else noun

    def _check(self, value: Any) -> float:
        parsed = number(value)
        if parsed is None:
            quoted = isinstance(value, str) and is_number(value)
            fix = "leave out the quotes" if quoted else f"give {self.allowed}"
            raise FieldError(f"{self.name} is not a number", fix)
        if math.isinf(parsed) or math.isnan(parsed):
            raise FieldError(f"{self.name} is too large for a number", f"give {self.allowed}")
        if self.whole and not parsed.is_integer():
            raise FieldError(f"{self.name} is not a whole number", f"give {self.allowed}")
        if not self.bounds.hold(parsed):
            raise FieldError(f"{self.name} is not {self.bounds.words()}", f"give {self.allowed}")
        return parsed

    def _schema(self) -> dict[str, Any]:
        named = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum"}
        limits = {named.get(key, "maximum"): limit for key, limit in self.limits.items()}
        return {"type": self._or_null("integer" if self.whole else "number"), **limits}


class Listed(Field):
    """One of the values that the dataset lists; numeric ones may be sent as numbers."""

    def __init__(self, name: str, feature: Category, listed: list[str]) -> None:
        super().__init__(name, feature)
        self.choices = listed
        self.allowed = f"one of {', '.join(listed)}"
        numbers = _numbers(feature, listed)
        self.known: dict[Any, str | None] = {**{text: text for text in listed}, **numbers}
        if numbers:
            self.wire = str | float
            self.read = {**self.known, None: None}.__getitem__
        else:
            self.wire = Literal[tuple(listed)]

    def _check(self, value: Any) -> str | None:
        parsed = number(value)
        key = value if parsed is None else parsed
        if isinstance(key, str | float) and key in self.known:
            return self.known[key]
        raise FieldError(
            f"{self.name} is not one of its values",
            nearest(value, self.choices or []) or f"give {self.allowed}",
        )

    def _schema(self) -> dict[str, Any]:
        values = [plain(key) for key in self.known]
        return enumeration(values, is_nullable=not self.required)


class TrueOrFalse(Field):
    """A boolean, in JSON's words or in any of the dataset's."""

    wire = bool | str | float

    def __init__(self, name: str, feature: Boolean) -> None:
        super().__init__(name, feature)
        self.choices = [FALSE, TRUE]
        self._spellings = feature.spellings()
        self.allowed = "true or false"
        self.read = self.check

    def _check(self, value: Any) -> str:
        if isinstance(value, bool):
            return TRUE if value else FALSE
        parsed = number(value)
        word = value if parsed is None else spelt(parsed)
        meaning = self._spellings.get(word) if isinstance(word, str) else None
        if meaning is None:
            raise FieldError(f"{self.name} is neither true nor false", f"give {self.allowed}")
        return meaning

    def _schema(self) -> dict[str, Any]:
        words: list[Any] = [False, True, *self._spellings]
        words += [int(word) for word in ("0", "1") if word in self._spellings]
        return {"enum": [*words, *([] if self.required else [None])]}


class DateOrTime(Field):
    """A date or a time, as ISO text or in the dataset's format; a number to the model."""

    LONGEST = 64
    FORMATS = {"date": "date", "datetime": "date-time"}

    wire = Annotated[str, Meta(max_length=LONGEST)]

    def __init__(self, name: str, feature: Temporal) -> None:
        super().__init__(name, feature)
        self._feature = feature
        own = f" or {EXAMPLE.strftime(feature.format)}" if feature.format else ""
        bounds = feature.words()
        self.allowed = f"{feature.allowed}{own}" + (
            "" if bounds.startswith("any ") else f", {bounds}"
        )
        self.read = self.check

    def _check(self, value: Any) -> float:
        is_short = isinstance(value, str) and len(value) <= self.LONGEST
        parsed = self._feature.value(value) if is_short else math.nan
        if math.isnan(parsed):
            raise FieldError(f"{self.name} is not {self._feature.allowed}", f"give {self.allowed}")
        if not self._feature.hold(parsed):
            raise FieldError(f"{self.name} is not {self._feature.words()}", f"give {self.allowed}")
        return parsed

    def _schema(self) -> dict[str, Any]:
        schema = {"type": self._or_null("string"), "maxLength": self.LONGEST}
        written = self.FORMATS.get(self.kind)
        # Of another format only the dataset knows, and JSON Schema has no word for it.
        return {**schema, **({"format": written} if written and not self._feature.format else {})}


class Open(Field):
    """Free text, or a category without listed values, read as a CSV's cell is in training.

    Surrounding space is removed. An empty text, or one of the dataset's markers, then counts as
    missing, as it does in cleaning.
    """

    def __init__(
        self, name: str, feature: Category | Text, missing: tuple[str, ...], longest: int
    ) -> None:
        super().__init__(name, feature)
        self.longest = longest
        self.missing = {marker for marker in missing if marker == marker.strip()}
        text = Annotated[str, Meta(max_length=longest)]
        self.numbers = isinstance(feature, Category | Id)
        self.wire = text | Annotated[float, Meta(ge=-EXACT, le=EXACT)] if self.numbers else text
        self.allowed = f"text of at most {longest} characters"
        if self.numbers:
            self.allowed += ", or a number"
        self.read = self._read

    def _read(self, value: Any) -> str | None:
        if isinstance(value, float):
            return spelt(value)
        text = None if value is None else value.strip()
        if text is None or text in self.missing:
            self.nothing()
            return None
        return canonical(text) if self.numbers else text

    def _check(self, value: Any) -> str | None:
        parsed = number(value)
        if parsed is not None and self.numbers:
            if abs(parsed) > EXACT:
                raise FieldError(f"{self.name} is too large for a number", "put it in quotes")
            return spelt(parsed)
        if parsed is not None or not isinstance(value, str):
            raise FieldError(f"{self.name} is not text", f"give {self.allowed}, in quotes")
        if value != value.encode(errors="replace").decode():
            raise FieldError(f"{self.name} has an unpaired surrogate", "check its \\u escapes")
        if len(value) > self.longest:
            raise FieldError(
                f"{self.name} is too long: {len(value)} characters", f"give {self.allowed}"
            )
        return self._read(value)

    def _schema(self) -> dict[str, Any]:
        kinds = ["string", *(["number"] if self.numbers else [])]
        if not self.required:
            kinds.append("null")
        schema: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0]}
        schema["maxLength"] = self.longest
        if self.numbers:
            schema.update(minimum=-EXACT, maximum=EXACT)
        if self.required and self.missing:
            # A pattern alone accepts numbers, which "not" would then refuse.
            schema["not"] = {"type": "string", "pattern": self._pattern()}
        return schema

    def _pattern(self) -> str:
        """Return a pattern of texts that count as missing."""
        words = sorted(re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", word) for word in self.missing)
        return f"^{SPACE}(?:{'|'.join(words)}){SPACE}$"


class Others(Open):
    """A category that lists values and takes others, too; a listed number has several spellings."""

    def __init__(
        self,
        name: str,
        feature: Category,
        listed: list[str],
        missing: tuple[str, ...],
        longest: int,
    ) -> None:
        markers = tuple(marker for marker in missing if marker not in listed)
        super().__init__(name, feature, markers, longest)
        self._listed = listed
        self._numbers = _numbers(feature, listed) if all(map(is_number, listed)) else {}
        self.allowed = f"one of {', '.join(listed)}, or {self.allowed}"

    def _read(self, value: Any) -> str | None:
        text = super()._read(value)
        if text is None or text in self._listed or not self._numbers or not is_number(text):
            return text
        return self._numbers.get(float(text), text)


class Instant(Open):
    """A moment, as a number or an ISO date; it stays as it is written."""

    def __init__(
        self, name: str, feature: Category, missing: tuple[str, ...], longest: int
    ) -> None:
        super().__init__(name, feature, missing, longest)
        *others, last = instants.ALLOWED
        self.allowed = f"{', '.join(others)} or {last}"

    def _read(self, value: Any) -> str | None:
        text = super()._read(value)
        if text is not None and not instants.is_one(text):
            what = f"{self.name} is not a number or an ISO date"
            raise FieldError(what, f"give {self.allowed}")
        return text


def field(name: str, dataset: Dataset, longest_text: int) -> Field:
    """Return the field of a dataset's feature."""
    feature = dataset.features[name]
    if isinstance(feature, Moment):
        return Instant(name, feature, dataset.missing, longest_text)
    if isinstance(feature, Temporal):
        return DateOrTime(name, feature)
    if isinstance(feature, Number | Integer):
        return Numeric(name, feature)
    if isinstance(feature, Boolean):
        return TrueOrFalse(name, feature)
    listed = feature.listed() if isinstance(feature, Category) else None
    if isinstance(feature, Category) and listed is not None:
        if feature.others:
            return Others(name, feature, listed, dataset.markers(name), longest_text)
        return Listed(name, feature, listed)
    return Open(name, feature, dataset.markers(name), longest_text)


def _limits(bounds: Bounds) -> dict[str, float]:
    """Return the bounds for msgspec: one limit on each side, the tighter of two."""
    limits: dict[str, float] = {}
    low, above = bounds.min, bounds.above
    if above is not None and (low is None or above >= low):
        limits["gt"] = above
    elif low is not None:
        limits["ge"] = low
    high, below = bounds.max, bounds.below
    if below is not None and (high is None or below <= high):
        limits["lt"] = below
    elif high is not None:
        limits["le"] = high
    return {key: limit for key, limit in limits.items() if math.isfinite(limit)}


def _numbers(feature: Category, listed: list[str]) -> dict[float, str]:
    """Return the listed values that may be written as numbers.

    These are the numbers of the YAML, or all values if every one is numeric, since cleaning then
    also takes 1.0 for "1" and 1 for "01".
    """
    values = (feature.order if feature.order is not None else feature.values) or []
    every = all(map(is_number, listed))
    return {
        float(text): text
        for value, text in zip(values, listed, strict=True)
        if every or not isinstance(value, str)
    }
