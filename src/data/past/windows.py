"""A window of the past, as `derived` names one: lag(load, 24), or mean(load, 1..168)."""

from __future__ import annotations

import re
from typing import NamedTuple

from src.support.errors import UserError

FUNCTIONS = ("lag", "mean", "min", "max", "sum", "std")
LONGEST = 100_000  # steps: more than eleven years of hours
EXAMPLES = ("lag(load, 24)", "mean(load, 1..168)", *(f"{one}(load, 1..7)" for one in FUNCTIONS[2:]))
ALONE = (
    "a window stands alone in its line of derived: name it there, and use the name in another line"
)
_WINDOW = re.compile(
    r"\s*(?P<function>[a-z]+)\s*\(\s*(?:`(?P<quoted>[^`\n]+)`|(?P<word>[^\W\d]\w*))\s*,"
    r"\s*(?P<first>[+-]?\d+)\s*(?:\.\.\s*(?P<last>[+-]?\d+)\s*)?\)\s*"
)
# min(x, 1) is arithmetic, and lag, mean, sum and std are no functions of arithmetic.
_MEANT = re.compile(r"\.\.|\b(?:lag|mean|sum|std)\s*\(")


class Window(NamedTuple):
    """A function of a column's values from `first` to `last` steps before a row, both included."""

    function: str
    column: str
    first: int
    last: int

    def words(self) -> str:
        """Say it as a person would: "load, 24 steps before"."""
        if self.first == self.last:
            steps = "1 step" if self.first == 1 else f"{self.first} steps"
        else:
            steps = f"{self.first} to {self.last} steps"
        function = "" if self.function == "lag" else f"{self.function} of "
        return f"{function}{self.column}, {steps} before"


def parse(text: str) -> Window | None:
    """Read a window; None where the text is no window at all, but arithmetic."""
    match = _WINDOW.fullmatch(text)
    if match is None or match["function"] not in FUNCTIONS:
        return None
    if (match["function"] == "lag") == (match["last"] is not None):
        return None
    first = int(match["first"])
    last = first if match["last"] is None else int(match["last"])
    return Window(match["function"], match["quoted"] or match["word"], first, last)


def check(name: str, text: str) -> None:
    """Raise UserError where a line of `derived` is a window that cannot be, or means to be one."""
    window = parse(text)
    if window is None:
        if _MEANT.search(text):
            raise UserError(
                f"The derived column '{name}' is no window of the past.",
                given=text,
                choices=EXAMPLES,
                fix=ALONE,
            )
        return
    if window.first < 1:
        raise UserError(
            f"The derived column '{name}' looks at its own row, or into the future.",
            given=text,
            choices=EXAMPLES,
            fix="begin 1 step before the row, or earlier",
        )
    if window.last < window.first or (window.first == window.last and window.function != "lag"):
        raise UserError(
            f"The window of '{name}' goes from the nearer step to the farther one.",
            given=text,
            choices=EXAMPLES,
        )
    if window.last > LONGEST:
        raise UserError(
            f"The window of '{name}' is longer than {LONGEST:,} steps.",
            given=text,
            fix="look less far back",
        )
