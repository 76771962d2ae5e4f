"""Bytes -> text, a block of whole lines at a time; what cannot be decoded is marked."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from src.data.sources.raw import TOO_LONG, UNDECODABLE, Fault
from src.support.errors import UserError

BLOCK = 2**20
LONGEST = 2**26  # characters of a row: a cell of text may be a whole book
# Lone surrogates, which no encoding brings about: a byte is U+DC00 and its value, a line that was
# left out since it never ended is U+DFFF.
LEFT_OUT = "\udfff"
MARKS = re.compile("[\udc00-\udfff]")
_MARK = "lapidary.mark"
_ENCODINGS = ["utf-8", "latin-1", "cp1252", "utf-16"]


def _marked(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_MARK, _marked)


def blocks(file: BinaryIO, source: str, encoding: str) -> Iterator[str]:
    """Yield the text in blocks that end where a line does.

    Raises UserError where the bytes are no text at all, or of another kind of encoding.
    """
    decoder = _codec(encoding).incrementaldecoder(errors=_MARK)
    _check_mark_of_order(file, source, encoding)
    is_first, rest, is_skipping = True, "", False
    while True:
        data = file.read(BLOCK)
        fresh = decoder.decode(data, final=not data)
        if is_first and fresh:
            fresh, is_first = fresh.removeprefix("\ufeff"), False
        text = rest + fresh
        if "\0" in text:
            raise _nul(data, source)
        end = _end(text) if data else len(text)
        block, rest = text[:end], text[end:]
        if is_skipping and block:
            block, is_skipping = _without_first(block), False
        if is_skipping or len(rest) > LONGEST:
            is_skipping, rest = True, rest[-1:] if rest.endswith("\r") else ""
        if block:
            yield block
        if not data:
            if is_skipping:
                yield LEFT_OUT
            return


def _end(text: str) -> int:
    """Return where the last whole line ends; a carriage return at the very end may go on."""
    return max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1


def _without_first(block: str) -> str:
    """Return the block with a mark in place of the end of a line that is too long."""
    ends = [at for at in (block.find("\n"), block.find("\r")) if at >= 0]
    return LEFT_OUT + block[min(ends) :] if ends else LEFT_OUT


def _codec(encoding: str) -> codecs.CodecInfo:
    # Spreadsheets put a byte order mark before UTF-8; it is no part of the first column's name.
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        codec = None
    if codec is None or not codec._is_text_encoding or codec.incrementaldecoder is None:
        raise UserError("Unknown encoding.", given=encoding, choices=_ENCODINGS)
    return codec


def _check_mark_of_order(file: BinaryIO, source: str, encoding: str) -> None:
    mark = file.read(4)
    file.seek(0)
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return
    if mark in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise _other(source, encoding, "UTF-32")
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _other(source, encoding, "UTF-16")


def _other(source: str, encoding: str, name: str) -> UserError:
    return UserError(
        f"The source is not {encoding}: this looks like {name}.",
        given=source,
        fix=f"dataset.encoding={name.lower()}",
    )


def _nul(data: bytes, source: str) -> UserError:
    even, odd = data[::2].count(0), data[1::2].count(0)
    order = "le" if odd > even else "be"
    is_wide = max(even, odd) > len(data) / 8 and min(even, odd) < max(even, odd) / 8
    return UserError(
        "The source is not text: it has NUL bytes.",
        given=source,
        fix=f"this looks like UTF-16: dataset.encoding=utf-16-{order}" if is_wide else None,
    )


def is_marked(text: str) -> bool:
    """Return whether any of a text could not be decoded, or was left out."""
    return not text.isascii() and MARKS.search(text) is not None


def unmarked(text: str) -> str:
    """Write marks as people can read them, in hexadecimal digits."""
    return MARKS.sub(lambda mark: _written(mark[0]), text)


def _written(mark: str) -> str:
    return "..." if mark == LEFT_OUT else f"\\x{ord(mark) - 0xDC00:02x}"


def fault(row: Sequence[str], encoding: str) -> Fault | None:
    """Return why a row cannot be read; None where it can."""
    marks = [mark for cell in row for mark in MARKS.findall(cell)]
    if not marks:
        return None
    if LEFT_OUT in marks:
        return Fault(TOO_LONG, f"longer than {LONGEST:,} characters")
    other = "latin-1" if codecs.lookup(encoding).name == "utf-8" else "utf-8"
    words = f"not {encoding}: it has the byte 0x{ord(marks[0]) - 0xDC00:02x}"
    return Fault(UNDECODABLE, f"{words} (perhaps dataset.encoding={other})")
