"""Errors that a user can cause and fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec


class Fault(msgspec.Struct, omit_defaults=True):
    """What is wrong with one field or row, and what is allowed.

    `record` counts from 0 in an array, `line` from 1 in a file; `see` is a path that describes the
    field; `code` says to programs what a field alone does not.
    """

    detail: str
    record: int | None = None
    line: int | None = None
    field: str | None = None
    given: Any = None
    allowed: list[str] | None = None
    fix: str | None = None
    see: str | None = None
    code: str | None = None


# What databases and data frames call the types of columns.
_ELSEWHERE = {
    "timestamp": "datetime", "datetime64": "datetime", "moment": "datetime",
    "float": "number", "double": "number", "decimal": "number", "numeric": "number",
    "int": "integer", "int64": "integer", "bool": "boolean",
    "string": "text", "str": "text", "varchar": "text", "object": "text",
    "enum": "category", "factor": "category", "categorical": "category", "nominal": "category",
}  # fmt: skip


class UserError(Exception):
    """An error that says what was wrong, what was given, what is allowed and how to fix it.

    `code` identifies the kind of error for programs and never changes; `errors` lists the faults of
    single fields, `more` has other facts by name.
    """

    def __init__(
        self,
        what: str,
        *,
        code: str = "invalid",
        given: object = None,
        choices: Iterable[object] | None = None,
        fix: str | None = None,
        errors: Sequence[Fault] = (),
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.given = given
        self.choices = None if choices is None else [str(choice) for choice in choices]
        self.fix = fix
        self.errors = list(errors)
        self.more = more or {}

    def __str__(self) -> str:
        lines = [self.what]
        if self.given is not None:
            lines.append(f"  given:   {self.given}")
        if self.choices is not None:
            lines.append(f"  allowed: {', '.join(self.choices) or '(nothing)'}")
        if self.fix:
            lines.append(f"  do:      {self.fix}")
        return "\n".join(lines)


@contextmanager
def coded(code: str) -> Iterator[None]:
    """Set the code of each UserError that is raised inside."""
    try:
        yield
    except UserError as error:
        error.code = code
        raise


def did_you_mean(name: str, choices: Iterable[object]) -> str | None:
    """Suggest the choice that is called so elsewhere, or is spelled most like a name."""
    listed = [str(choice) for choice in choices]
    if (meant := _ELSEWHERE.get(name.lower())) in listed:
        return f"did you mean '{meant}'?"
    close = difflib.get_close_matches(name, listed, n=1)
    return f"did you mean '{close[0]}'?" if close else None


def unknown(
    kind: str,
    name: str,
    choices: Iterable[object],
    *,
    of: str = "",
    fix: str | None = None,
    code: str = "invalid",
) -> UserError:
    """Return the error for a name that is not among the choices.

    `of` says after the name whose choices these are, such as "a binary dataset"; `fix` what to do
    where no choice is spelled like the name.
    """
    listed = [str(choice) for choice in choices]
    what = f"Unknown {kind} '{name}'{f' of {of}' if of else ''}."
    return UserError(what, code=code, choices=listed, fix=did_you_mean(name, listed) or fix)
