"""Read a CSV's rows as text, in batches, with their line numbers."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from app.records.invalid import Invalid
from app.records.line_blocks import Broken, Stream, blocks
from app.records.values import clipped, nearest, shown
from src.data.schema import Separator
from src.support.errors import Fault

MOST_NAMES = 100  # of columns that a message names or a suggestion considers
CHUNK = 1000  # rows in memory at once; fewer if their text fills a block


@dataclass(frozen=True)
class Batch:
    """Rows, the line on which each begins, and the error that ended the reading, if any."""

    rows: list[list[str]]
    lines: list[int]
    broken: Broken | None


class CsvReader:
    """Reads a CSV whose header has the required columns in any order."""

    def __init__(
        self,
        stream: Stream,
        *,
        dataset: str,
        separator: str,
        needed: list[str] | Callable[[list[str]], list[str]],
        longest: int,
        optional: Sequence[str] = (),
        source: Mapping[str, str] | None = None,
    ) -> None:
        """Read the header; raise Invalid if it is missing or lacks a column.

        `needed` may be a function, which the header is given to. `source` has what a column is
        called in the dataset's source, by its name here: `header` has the names here, and `written`
        those that stand there. `extra` names the columns that are neither needed nor optional.
        """
        self._dataset = dataset
        self._longest = longest  # bytes of a line, characters of a cell
        self._blocks = 0
        self._ended = False
        self._stream = stream
        self._reader = csv.reader(itertools.chain.from_iterable(self._texts()), delimiter=separator)
        self._separator = separator
        self.written = self._read_header()
        self.header = _named_here(self.written, source or {})
        if not isinstance(needed, list):
            needed = needed(self.header)
        self._check_header(needed)
        known = {*needed, *optional}
        self.extra = _named([name for name in self.header if name not in known])

    def batches(self) -> Iterator[Batch]:
        """Yield the rows after the header, without blank lines."""
        while True:
            batch, more = self._batch()
            if batch.rows or batch.broken:
                yield batch
            if not more:
                return

    def _batch(self) -> tuple[Batch, bool]:
        """Read up to CHUNK rows or the end of a block; return whether there may be more."""
        rows: list[list[str]] = []
        lines: list[int] = []
        reader, block = self._reader, self._blocks
        line = reader.line_num + 1
        csv.field_size_limit(self._longest)  # Python's default, for the whole process, is less
        try:
            for row in reader:
                if self._ended:
                    raise _open_quote(line)
                if len(row) > 1 or not _is_blank(row):
                    rows.append(row)
                    lines.append(line)
                if len(rows) == CHUNK or self._blocks != block:
                    return Batch(rows, lines, None), True
                line = reader.line_num + 1
        except csv.Error:
            return Batch(rows, lines, self._too_long(line)), False
        except Broken as error:
            return Batch(rows, lines, error), False
        return Batch(rows, lines, None), False

    def _texts(self) -> Iterator[io.StringIO]:
        """Yield the text of each block, which is iterated by lines."""
        for line, block in blocks(self._stream, self._longest):
            if block is None:
                raise self._too_long(line)
            self._blocks += 1
            yield io.StringIO(block.decode(), newline="")
        self._ended = True  # if this happens within a row, a quote has been left open

    def _too_long(self, line: int) -> Broken:
        return Broken(
            line,
            f"The row on line {line} has a cell of more than {self._longest} characters.",
            fix="see whether a quote is left open there",
        )

    def _read_header(self) -> list[str]:
        csv.field_size_limit(self._longest)
        try:
            # Names may be blank, but not all of them.
            first = next((row for row in self._reader if any(map(str.strip, row))), [])
            if self._ended and first:
                raise _open_quote(1)
        except csv.Error:
            raise self._refused(self._too_long(1)) from None
        except Broken as error:
            raise self._refused(error) from None
        return [name.strip() for name in first]

    def _check_header(self, needed: list[str]) -> None:
        names = self.header
        allowed = [self._separator.join(needed)]
        if not names:
            error = Broken(1, "The CSV has no header.", fix="name its columns")
            raise self._refused(error, allowed)
        doubled = [name for name, count in Counter(names).items() if count > 1]
        if doubled:
            what = f"Duplicate column '{clipped(doubled[0])}' in the header."
            raise self._refused(Broken(1, what, fix="rename one of them"), allowed)
        absent = [name for name in needed if name not in names]
        if absent:
            fix = self._other_separator() or nearest(absent[0], names[:MOST_NAMES])
            what = f"The CSV lacks {'a column' if len(absent) == 1 else 'columns'}: "
            error = Broken(1, f"{what}{', '.join(absent)}.", given=self._shown(), fix=fix)
            raise self._refused(error, allowed)

    def _refused(self, error: Broken, allowed: list[str] | None = None) -> Invalid:
        fault = Fault(error.what, given=error.given, allowed=allowed, fix=error.fix)
        return Invalid([fault], self._dataset, code="invalid_csv")

    def _shown(self) -> str:
        return clipped(self._separator.join(self.written))

    def _other_separator(self) -> str | None:
        """Suggest the separator that the header seems to have."""
        for other in get_args(Separator):
            if len(self.header) == 1 and other in self.header[0]:
                return f"separate cells by {shown(self._separator)}, not by {shown(other)}"
        return None


def _named_here(header: list[str], source: Mapping[str, str]) -> list[str]:
    """Return a header with the names of here in place of the source's."""
    here = {there.strip(): name for name, there in source.items()}
    return [here.get(name, name) for name in header]


def _is_blank(row: list[str]) -> bool:
    """Tell whether a row is a blank line, and not a single empty cell in quotes."""
    return not row or (row[0] != "" and not row[0].strip(" \t"))


def _named(names: list[str]) -> list[str]:
    """Return column names for a message: shortened, and not too many."""
    more = len(names) - MOST_NAMES
    return [*map(clipped, names[:MOST_NAMES]), *([f"and {more} more"] if more > 0 else [])]


def _open_quote(line: int) -> Broken:
    return Broken(line, f"The row on line {line} has a quote that is left open.", fix="close it")
