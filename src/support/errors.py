"""Errors that a user can cause and mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec


class Fault(msgspec.Struct, omit_defaults=True):
    """What is wrong with one field or row: where it is, and what would be right.

    Of an array `record` counts from 0, of a file `line` counts from 1; `see` is a path that
    describes the field.
    """

    detail: str
    record: int | None = None
    line: int | None = None
    field: str | None = None
    given: Any = None
    allowed: list[str] | None = None
    fix: str | None = None
    see: str | None = None


class UserError(Exception):
    """Say what was wrong, what was given, what is allowed and what to do next.

    The code names the kind of error for programs, in words that never change; `errors` are the
    faults of single fields, `more` other facts by name.
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
    """Give each UserError that is raised inside this code."""
    try:
        yield
    except UserError as error:
        error.code = code
        raise


def did_you_mean(given: str, choices: Iterable[object]) -> str | None:
    """Suggest the choice that is spelled most like what was given."""
    close = difflib.get_close_matches(given, [str(choice) for choice in choices], n=1)
    return f"did you mean '{close[0]}'?" if close else None


def unknown(
    kind: str, given: str, choices: Iterable[object], *, code: str = "invalid"
) -> UserError:
    """Make the error for a name that is not among the choices."""
    listed = [str(choice) for choice in choices]
    what, fix = f"Unknown {kind} '{given}'.", did_you_mean(given, listed)
    return UserError(what, code=code, choices=listed, fix=fix)
