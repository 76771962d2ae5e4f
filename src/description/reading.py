"""Read somebody's table whole, as text, with what its YAML has to say for it to be read again."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pandas as pd
from msgspec import structs

from src.data import sources
from src.data.sources import Raw, addresses, kinds, several
from src.data.sources.options import Options
from src.description import dialect as dialects

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
    with _opened(source) as opened:
        return _table(opened, opened.told(asked))


def read_by(source: str, options: Mapping[str, Any]) -> Table:
    """Read a source by these options, whatever it tells; raise UserError where that fails."""
    with _opened(source) as opened:
        return _table(opened, options)


@dataclass(frozen=True)
class _Source:
    """A source and its content without the packing, of several files the first one's.

    There is none of a database.
    """

    source: str
    kind: str = ""
    content: BinaryIO | None = None
    is_packed: bool = False

    def told(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was asked, and the options that a file tells by itself."""
        asked = {key: value for key, value in asked.items() if value}
        if self.kind == kinds.CSV and self.content is not None:
            told = structs.asdict(dialects.of(*dialects.decode(self.content)))
        elif self.kind == kinds.EXCEL:
            told = _layout(self.raw({**asked, "header": False}).whole)
        else:
            return asked
        own = {key: value for key, value in told.items() if value != getattr(Options, key)}
        return {**asked, **own}

    def raw(self, options: Mapping[str, Any]) -> Raw:
        """Read all rows by these options."""
        with quietly():
            if self.content is None or self.is_several:
                return sources.read(self.source, columns={}, **options)
            return sources.read_file(self.content, self.source, columns={}, **options)

    @property
    def is_several(self) -> bool:
        """Tell whether there are several files."""
        return several.is_pattern(self.source)

    @property
    def is_plain(self) -> bool:
        """Tell whether it is a CSV as a file."""
        is_here = not addresses.scheme(self.source) and not self.is_several
        return is_here and self.kind == kinds.CSV and not self.is_packed


@contextmanager
def _opened(source: str) -> Iterator[_Source]:
    if addresses.scheme(source) in addresses.DATABASES:
        yield _Source(source)
        return
    files = several.paths(source)
    first = source if files is None else files[0]
    with addresses.open_file(first) as file, sources.content(file, first) as content:
        yield _Source(source, *content)


@contextmanager
def quietly() -> Iterator[None]:
    """Say nothing of extra columns: what is left out is told with its reason."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*ignoring the extra column")
        yield


def _layout(sheet: pd.DataFrame) -> dict[str, Any]:
    """Tell the header of a sheet, whose index counts its rows, and what stands above it."""
    cells = sheet.head(LOOKED_AT).itertuples(index=False)
    rows = [
        (int(place), list(map(str, row))) for place, row in zip(sheet.index, cells, strict=False)
    ]
    above = dialects.lines_above(rows)
    below = [row for _, row in itertools.dropwhile(lambda one: one[0] <= above, rows)]
    return {"header": dialects.has_header(below), "skip": above}


def _table(opened: _Source, options: Mapping[str, Any]) -> Table:
    raw = opened.raw(options)
    rows = raw.whole[~raw.whole.index.isin(list(raw.faults))] if raw.faults else raw.whole
    header = list(rows.columns)
    names = [name or NAMELESS.format(place) for place, name in enumerate(header, start=1)]
    nameless = [own for own, name in zip(names, header, strict=True) if not name]
    frame = rows.set_axis(names, axis="columns").reset_index(drop=True)
    repeated = list(dict.fromkeys(frame.columns[frame.columns.duplicated()]))
    frame = frame.loc[:, ~frame.columns.duplicated(keep=False)]
    return Table(
        opened.source,
        frame,
        dict(options),
        opened.is_plain,
        nameless,
        repeated,
        len(raw.faults),
    )
