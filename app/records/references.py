"""The caller's own name for what it asks about: an order's number, a row's id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Meta

from app.records.fields import FieldError
from app.records.values import number
from src.data.schema import Dataset

NAME = "reference"
LONGEST = 100  # characters
# PostgreSQL's text takes no NUL, and a log or a header no other control character.
PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]+$(?!\n)"
ABOUT = "the caller's own name for this record: stored, returned, and searched by"


def is_column(dataset: Dataset) -> bool:
    """Tell whether a dataset has a column of this name, which goes before the caller's own."""
    return NAME in dataset.columns()


def of_records(own: Iterable[str | None]) -> tuple[str | None, ...]:
    """Return the references of records; none at all where no record has one."""
    found = tuple(own)
    return found if any(found) else ()


class Reference:
    """A reference as a field of a record or a column of a CSV, which may be left out."""

    name = NAME
    choices: list[str] | None = None
    wire: Any = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    allowed = f"text of 1 to {LONGEST} characters in one line"

    def check(self, value: Any) -> str | None:
        """Return a reference, None where there is none; raise FieldError if it is not valid."""
        if value is None:
            return None
        if number(value) is not None or not isinstance(value, str):
            raise FieldError(f"{NAME} is not text", f"give {self.allowed}, in quotes")
        if not 1 <= len(value) <= LONGEST:
            length = "empty" if not value else f"too long: {len(value)} characters"
            raise FieldError(f"{NAME} is {length}", f"give {self.allowed}, or leave it out")
        if re.search(PATTERN, value) is None or value != value.encode(errors="replace").decode():
            raise FieldError(f"{NAME} has a character that no line has", f"give {self.allowed}")
        return value

    def nothing(self) -> None:
        """Accept that there is none."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what `check` accepts."""
        return {
            "title": NAME,
            "description": ABOUT,
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": LONGEST,
            "pattern": PATTERN,
        }
