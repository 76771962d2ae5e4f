"""Read somebody's table whole, as text, with what its YAML has to say for it to be read again."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from msgspec import structs

from src.data import sources
from src.data.sources import Raw, addresses, kinds, several
from src.data.sources.options import Options
from src.description import dialect as dialects
from src.support.errors import UserError

NAMELESS = "column_{}"
LOOKED_AT = 200  # rows of a sheet, in which its header is looked for


@dataclass(frozen=True)
class Table:
    """All rows as text, under the names of the columns as the source has them.

    `options` are the keys of the YAML that say how the source is read. `is_plain` is a CSV as a
    file, which data/ can have as it is. `faults` counts the rows that are none, `repeated` are
    names that stand in the header more than once, so that nobody can ask for their columns.
    """

    source: str
    frame: pd.DataFrame
    options: dict[str, Any] = field(default_factory=dict)
    is_plain: bool = True
    nameless: list[str] = field(default_factory=list)  # columns that the header does not name
    repeated: list[str] = field(default_factory=list)
    faults: int = 0


def read(source: str, **asked: Any) -> Table:
    """Read a source of any kind; raise UserError where it is none.

    `asked` are the options that nothing tells but a person: sheet, table, query.
    """
    asked = {key: value for key, value in asked.items() if value}
    if addresses.scheme(source) in addresses.DATABASES:
        return _table(source, _raw(source, None, asked), asked, is_plain=False)
    files = several.paths(source)
    first = source if files is None else files[0]
    data = sources.fetch(first)
    if not data.strip():
        raise UserError("The source is empty.", given=source, fix="give a file with rows")
    kind, content = sources.unpacked(data, first)
    options = {**asked, **_told(kind, content, first, asked)}
    raw = _raw(source, data if files is None else None, options)
    is_plain = (
        kind == kinds.CSV and content is data and files is None and not addresses.scheme(source)
    )
    return _table(source, raw, options, is_plain=is_plain)


@contextmanager
def quietly() -> Iterator[None]:
    """Say nothing of extra columns: what is left out is told with its reason."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*ignoring the extra column")
        yield


def _told(kind: str, content: bytes, source: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a file tells by itself, where they are not the usual ones."""
    if kind == kinds.CSV:
        told = structs.asdict(dialects.of(*dialects.decode(content)))
    elif kind == kinds.EXCEL:
        told = _layout(_raw(source, content, {**asked, "header": False}).whole)
    else:
        return {}
    return {key: value for key, value in told.items() if value != getattr(Options, key)}


def _layout(sheet: pd.DataFrame) -> dict[str, Any]:
    """Tell the header of a sheet, whose index counts its rows, and what stands above it."""
    cells = sheet.head(LOOKED_AT).itertuples(index=False)
    rows = [
        (int(place), list(map(str, row))) for place, row in zip(sheet.index, cells, strict=False)
    ]
    above = dialects.lines_above(rows)
    below = [row for _, row in itertools.dropwhile(lambda one: one[0] <= above, rows)]
    return {"header": dialects.has_header(below), "skip": above}


def _raw(source: str, data: bytes | None, options: dict[str, Any]) -> Raw:
    with quietly():
        if data is None:
            return sources.read(source, columns={}, **options)
        return sources.parse(data, source, columns={}, **options)


def _table(source: str, raw: Raw, options: dict[str, Any], *, is_plain: bool) -> Table:
    rows = raw.whole[~raw.whole.index.isin(list(raw.faults))] if raw.faults else raw.whole
    header = list(rows.columns)
    names = [name or NAMELESS.format(place) for place, name in enumerate(header, start=1)]
    nameless = [own for own, name in zip(names, header, strict=True) if not name]
    frame = rows.set_axis(names, axis="columns").reset_index(drop=True)
    repeated = list(dict.fromkeys(frame.columns[frame.columns.duplicated()]))
    frame = frame.loc[:, ~frame.columns.duplicated(keep=False)]
    return Table(source, frame, options, is_plain, nameless, repeated, len(raw.faults))
