"""Read an upload in blocks of complete lines of UTF-8, never all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from src.support.errors import UserError

BLOCK = 256 * 1024  # bytes that are read at once
MARK = b"\xef\xbb\xbf"  # what spreadsheets put before UTF-8


class Stream(Protocol):
    """The source of an upload: wsgi.input or a file."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


class Broken(UserError):
    """An upload that cannot be read beyond some line."""

    def __init__(
        self, line: int, what: str, *, given: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(what, code="invalid_record", given=given, fix=fix)
        self.line = line


def blocks(stream: Stream, longest: int) -> Iterator[tuple[int, bytes | None]]:
    r"""Yield blocks of whole lines, each with the number of its first line.

    In place of a line of more than `longest` bytes, which must be at least BLOCK, there is None.
    A line ends with \n, \r\n or \r, as in an editor. Raises Broken where the text ends: after
    the lines before it. What a block holds depends on the bytes alone, not on how they arrive.
    """
    line, rest, skipping = 1, b"", False
    for piece in _pieces(stream):
        cut = _last_end(piece)
        if not cut:
            rest += piece
            if len(rest) > longest:
                rest, skipping = b"", True
            continue
        whole, rest = rest + piece[:cut], piece[cut:]
        # Only the first line can be long: the others are parts of one piece.
        if skipping or (len(whole) > longest and _first_end(whole) > longest):
            yield line, None
            line, whole, skipping = line + 1, whole[_first_end(whole) :], False
        yield from _text(line, whole)
        line += _ends(whole)
    if skipping:
        yield line, None
    elif rest:
        yield from _text(line, rest)


def _pieces(stream: Stream) -> Iterator[bytes]:
    r"""Yield pieces of BLOCK bytes, without the mark at the start.

    A \r that stands last waits for the next piece, for a \n may follow it.
    """
    mark, held = MARK, b""
    while True:
        parts = [held]
        missing = BLOCK
        while missing and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        piece = b"".join(parts).removeprefix(mark)
        mark, held = b"", b"\r" if missing == 0 and piece.endswith(b"\r") else b""
        if piece:
            yield piece.removesuffix(held)
        if missing:  # the stream has ended
            return


def _text(line: int, whole: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield text up to the first line that is not UTF-8, then raise Broken."""
    at, what = whole.find(b"\0"), "it has a NUL byte"
    try:
        whole.decode()
    except UnicodeDecodeError as error:
        if at < 0 or error.start < at:
            at, what = error.start, f"it has the byte 0x{whole[error.start]:02x}"
    if at < 0:
        yield line, whole
        return
    good = whole[: max(whole.rfind(b"\n", 0, at), whole.rfind(b"\r", 0, at)) + 1]
    if good:
        yield line, good
    line += _ends(good)
    raise Broken(line, f"Line {line} is not UTF-8: {what}.", fix="send it as UTF-8")


def _last_end(piece: bytes) -> int:
    """Return the end of the last complete line."""
    return max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1


def _first_end(whole: bytes) -> int:
    return len(whole.splitlines(keepends=True)[0])


def _ends(whole: bytes) -> int:
    return whole.count(b"\n") + whole.count(b"\r") - whole.count(b"\r\n")
