"""The names that a header gives, and which of them are the columns that are asked for."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping, Sequence

from src.data.sources.grid import Grid
from src.data.sources.options import Options
from src.support.errors import UserError, did_you_mean

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MOST_COLUMNS = 20_000
PREFIX = "column_"  # of a column without a header, before its number from 1
SHOWN = 30  # names in an error
LEFT_OUT = (
    "correct the dataset's YAML (python -m src.describe update=true proposes how), or the file; a "
    "column that was left out when data was brought in comes back by src.ingest with mode=replace "
    "from a file that has it"
)
_BREAK = re.compile(r"\s*[\r\n]+\s*")


def numbered(count: int) -> list[str]:
    """Name columns that have no header."""
    return [f"{PREFIX}{at}" for at in range(1, count + 1)]


def check_width(names: Collection[str], source: str) -> None:
    """Raise UserError where a table has more columns than can be meant."""
    if len(names) > MOST_COLUMNS:
        raise UserError(
            f"The source has {len(names):,} columns, more than the {MOST_COLUMNS:,} that are read.",
            given=source,
            fix="take out columns that nobody asks for, or check the separator",
        )


def matched(
    grid: Grid, source: str, columns: Mapping[str, str], options: Options
) -> tuple[list[str], list[int]]:
    """Return the names of all columns, and which of them are asked for, in that order.

    Asked for are the values of `columns`; those are called so, even where the header breaks a line.
    Raises UserError where one is absent or stands twice; warns about extra columns.
    """
    names = [name.strip() for name in grid.names]
    exact = _places(names)
    spoken = _places([_spoken(name) for name in names])
    absent, asked = [], []
    for wanted in columns.values():
        places = exact.get(wanted.strip()) or spoken.get(_spoken(wanted), [])
        if len(places) > 1:
            raise UserError(
                "Duplicate column in the header.",
                given=f"{source}: {wanted!r}",
                fix="rename one of them",
            )
        if places:
            asked.append(places[0])
        else:
            absent.append(wanted)
    if absent:
        raise _absent(absent, grid, source, columns, options)
    taken = set(asked)
    extra = [name for at, name in enumerate(names) if name and at not in taken]
    for at, name in zip(asked, columns.values(), strict=True):
        names[at] = name
    if extra:
        warnings.warn(f"{source}: ignoring the extra column(s) {_listed(extra)}", stacklevel=4)
    return names, asked


def _spoken(name: str) -> str:
    """Return a name on one line: a line break counts as a space."""
    return _BREAK.sub(" ", name.strip())


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).append(at)
    return places


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def _absent(
    absent: list[str],
    grid: Grid,
    source: str,
    columns: Mapping[str, str],
    options: Options,
) -> UserError:
    header, separator = [name.strip() for name in grid.names], options.separator
    for other, word in SEPARATORS.items() if len(header) == 1 else ():
        if other != separator and other in header[0]:
            return UserError(
                f"The source is not separated by {SEPARATORS.get(separator, separator)}s.",
                given=f"{source}, whose header is {header[0]!r}",
                fix=f"its separator seems to be a {word}: 'dataset.separator=\"{other}\"'",
            )
    what = "the column" if len(absent) == 1 else "columns"
    return UserError(
        f"The source lacks {what} {', '.join(map(repr, absent))}.",
        given=f"{source} with {_listed(header)}",
        choices=columns.values(),
        fix=_header_below(grid, columns) or did_you_mean(absent[0], header) or LEFT_OUT,
    )


def _header_below(grid: Grid, columns: Mapping[str, str]) -> str | None:
    """Suggest to skip what stands above the row that has the columns."""
    wanted = {_spoken(name) for name in columns.values()}
    for skip, row in grid.ahead:
        if wanted <= set(map(_spoken, row)):
            return f"the header seems to come further below: dataset.skip={skip}"
    return None
