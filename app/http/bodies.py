"""Bodies of answers that are not held whole: a file, and pieces that are made one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

BLOCK = 65_536  # bytes of a file that are read at once, where the system does not send it itself
FIRST, MOST = 100, 1000  # rows of a page
PIECE = 262_144  # bytes of a page, about

ReadPage = Callable[[Any, int], tuple[bytes, Any]]


class FileBody:
    """A file, opened when it is sent."""

    def __init__(self, path: Path) -> None:
        """Take the path; raise OSError if there is no such file."""
        self.size = path.stat().st_size
        self._path = path
        self._file: IO[bytes] | None = None

    def fileno(self) -> int:
        """Return the descriptor of the open file."""
        return self._opened().fileno()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the file in blocks."""
        file = self._opened()
        while block := file.read(BLOCK):
            yield block

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = self._path.open("rb")
        return self._file


class Pages:
    """A file that is read a page at a time; nothing is kept of one that was taken.

    The first is made at once, while a failure can still be answered as one.
    """

    def __init__(self, read: ReadPage) -> None:
        """Take what reads a page: (the mark before it, how many rows) -> its bytes, the next mark.

        The first mark and that after the last page are None.
        """
        self._read = read
        self._mark: Any = None
        self._count = FIRST
        self._first: bytes | None = self._next()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next page."""
        if self._first is not None:
            page, self._first = self._first, None
            return page
        if self._mark is None:
            raise StopIteration
        return self._next()

    def _next(self) -> bytes:
        page, self._mark = self._read(self._mark, self._count)
        # Rows of a few bytes, or of a megabyte each.
        self._count = max(1, min(MOST, self._count * PIECE // max(len(page), 1)))
        return page
