"""Errors that a user can cause and mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Say what was wrong, what was given, what is allowed and what to do next."""

    def __init__(
        self,
        what: str,
        *,
        given: object = None,
        choices: Iterable[object] | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.given = given
        self.choices = None if choices is None else [str(choice) for choice in choices]
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.given is not None:
            lines.append(f"  given:   {self.given}")
        if self.choices is not None:
            lines.append(f"  allowed: {', '.join(self.choices) or '(nothing)'}")
        if self.fix:
            lines.append(f"  do:      {self.fix}")
        return "\n".join(lines)


def did_you_mean(given: str, choices: Iterable[object]) -> str | None:
    """Suggest the choice that is spelled most like what was given."""
    close = difflib.get_close_matches(given, [str(choice) for choice in choices], n=1)
    return f"did you mean '{close[0]}'?" if close else None


def unknown(kind: str, given: str, choices: Iterable[object]) -> UserError:
    """Make the error for a name that is not among the choices."""
    listed = [str(choice) for choice in choices]
    return UserError(f"Unknown {kind} '{given}'.", choices=listed, fix=did_you_mean(given, listed))
