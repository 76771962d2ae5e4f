"""The rows of a CSV one by one, by Python's reader, and on which line each begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from src.data.sources import text
from src.support.errors import UserError

LONGEST_ROW = text.LONGEST  # of all its lines; Python takes four bytes for each character


class Lines:
    """Blocks of text as lines, and as rows, from wherever the reading has come to."""

    def __init__(self, blocks: Iterator[str], source: str, separator: str) -> None:
        self.is_marked = False  # whether anything so far could not be decoded
        self._blocks = blocks
        self._source = source
        self._block = ""
        self._lines: list[str] = []  # of the block, of which `_at` are read; none until then
        self._at = 0
        self._before = 0  # lines of the blocks before
        self._begin = 0  # the line of the row that is being read
        self._taken = 0  # its characters
        self._is_over = False
        self._blanks = " \t\r\n".replace(separator, "")
        csv.field_size_limit(LONGEST_ROW)  # Python's default, for the whole process, is less
        self._reader = csv.reader(iter(self._take, None), delimiter=separator)

    @property
    def number(self) -> int:
        """The number of the next line."""
        return self._before + self._at + 1

    def fill(self) -> bool:
        """Go to the next block if this one is read; return whether anything is left."""
        while self._at >= len(self._lines) and (self._at or not self._block):
            block = next(self._blocks, None)
            if block is None:
                return False
            self.is_marked = self.is_marked or text.is_marked(block)
            self._before += len(self._lines)
            self._block, self._lines, self._at = block, [], 0
        return True

    def _has_line(self) -> bool:
        """Go to the next line; return whether there is one."""
        if not self.fill():
            return False
        if not self._lines:
            self._lines = list(io.StringIO(self._block, newline=""))
        return True

    def peek(self) -> str:
        """Return the next line without reading it; "" at the end."""
        return self._lines[self._at] if self._has_line() else ""

    def skip(self) -> None:
        """Read a line that is a part of no row."""
        if self._has_line():
            self._at += 1

    def row(self) -> tuple[int, list[str]] | None:
        """Return the next row and the line on which it begins, past blank lines."""
        while self._has_line():
            if not self._lines[self._at].strip(self._blanks):
                self._at += 1
                continue
            self._begin, self._taken = self.number, 0
            try:
                row = next(self._reader)
            except csv.Error as error:
                raise self._refused(f"{error}") from None
            if self._is_over:
                raise self._refused("a quote is opened and never closed")
            return self._begin, row
        return None

    def rows_of_block(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that begin in this block; the last one may end in another."""
        end = self._before + len(self._lines) if self._has_line() else 0
        while self.number <= end and (row := self.row()) is not None:
            yield row

    def rest_of_block(self) -> str:
        """Return what is left of the block, its lines all ended by one sign, without reading it."""
        rest = self._block if self._at == 0 else "".join(self._lines[self._at :])
        rest = rest.replace("\r\n", "\n").replace("\r", "\n")
        return rest if rest.endswith("\n") else f"{rest}\n"

    def skip_block(self, lines: int) -> range:
        """Read the rest of the block, which is so many lines; return their numbers."""
        first = self.number
        self._before, self._at = first + lines - 1, 0
        self._block, self._lines = "", []
        return range(first, first + lines)

    def _take(self) -> str | None:
        """Hand Python's reader a line, the next one of a row if it has not ended."""
        if not self._has_line():
            self._is_over = True
            return None
        line = self._lines[self._at]
        self._at += 1
        self._taken += len(line)
        if self._taken > LONGEST_ROW:
            raise self._refused(f"it is longer than {LONGEST_ROW:,} characters; is a quote open?")
        return line

    def _refused(self, why: str) -> UserError:
        return UserError(
            f"The source is not a table: in the row on line {self._begin} {why}.",
            given=self._source,
            fix='close the quote, or double it where it is a part of the cell: "say ""x"""',
        )
