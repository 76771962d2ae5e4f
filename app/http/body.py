"""Read a request's body within its limits, at once or as a stream."""

from __future__ import annotations

import zlib
from typing import Any

from src.support.errors import UserError

CSV, NDJSON = "text/csv", "application/x-ndjson"
PLAIN, GZIP = "identity", ("gzip", "x-gzip")
STREAMED = (CSV, NDJSON, "application/ndjson", "application/jsonl")


def read(environ: dict[str, Any], largest: int) -> bytes:
    """Return the body; raise UserError if its length is missing, too large or wrong.

    One that was compressed is returned as it was before, of the same largest size.
    """
    length = announced(environ, largest)
    data = Stream(environ, length).read(length) if length else b""
    coding = _coding(environ)
    if not data or coding == PLAIN:
        return data
    if coding not in GZIP:
        raise _refused(environ, [PLAIN, "gzip"])
    data = _unpacked(data, largest)
    del environ["HTTP_CONTENT_ENCODING"]  # it is what it is from here on
    return data


def check_streamed(environ: dict[str, Any]) -> None:
    """Raise UserError where a body that is read as it arrives was compressed."""
    if _coding(environ) != PLAIN:
        raise _refused(environ, [PLAIN])


def announced(environ: dict[str, Any], largest: int) -> int:
    """Return the length of the body; raise UserError if it is missing or too large.

    Falcon reads a chunked body as empty, so one without a length is refused.
    """
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise UserError(
            "Content-Length is required.",
            code="length_required",
            given=f"Transfer-Encoding: {environ['HTTP_TRANSFER_ENCODING']}",
            choices=["Content-Length"],
            fix="send the body whole, not in chunks",
        )
    header = environ.get("CONTENT_LENGTH") or "0"
    if not (header.isascii() and header.isdecimal()):
        what = "Content-Length is not a whole number."
        raise UserError(what, code="invalid_header", given=header)
    length = int(header[:20])
    if length > largest:
        raise _too_large(f"{length} bytes", largest)
    return length


def _coding(environ: dict[str, Any]) -> str:
    given: str = environ.get("HTTP_CONTENT_ENCODING") or PLAIN
    return given.strip().lower()


def _refused(environ: dict[str, Any], choices: list[str]) -> UserError:
    return UserError(
        "The body has a Content-Encoding that is not taken here.",
        code="unsupported_media_type",
        given=f"Content-Encoding: {environ['HTTP_CONTENT_ENCODING'][:100]}",
        choices=[f"Content-Encoding: {choice}" for choice in choices],
        fix="send it as it is, without the header",
    )


def _unpacked(data: bytes, largest: int) -> bytes:
    """Return what gzip packed; raise UserError if it is broken or larger than a body may be."""
    packed = zlib.decompressobj(wbits=31)  # gzip, with its header and checksum
    try:
        text = packed.decompress(data, largest + 1)
    except zlib.error as error:
        raise _broken(str(error)) from None
    if len(text) > largest:
        raise _too_large(f"more than {largest} bytes when unpacked", largest)
    if not packed.eof or packed.unused_data:
        raise _broken("it ends early" if not packed.eof else "more follows its end")
    return text


def _broken(why: str) -> UserError:
    return UserError(
        "The body is not gzip.",
        code="invalid_header",
        given=f"Content-Encoding: gzip ({why[:100]})",
        fix="pack it again, or send it as it is, without the header",
    )


def _too_large(given: str, largest: int) -> UserError:
    return UserError(
        "The body is too large.",
        code="body_too_large",
        given=given,
        choices=[f"at most {largest} bytes"],
        fix="send fewer records at once",
    )


def is_streamed_type(environ: dict[str, Any]) -> bool:
    """Tell whether the body's type can be streamed."""
    return environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() in STREAMED


class Stream:
    """A body that is read as it arrives."""

    def __init__(self, environ: dict[str, Any], length: int) -> None:
        self._input = environ["wsgi.input"]
        self._length = length
        self._left = length

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; raise UserError if it ends early."""
        wanted = min(size, self._left)
        if wanted == 0:
            return b""
        try:
            data: bytes = self._input.read(wanted)
        except OSError:  # the client is gone
            data = b""
        self._left -= len(data)
        if len(data) < wanted:
            raise UserError(
                "The body ended early, or came too slowly.",
                code="body_incomplete",
                given=f"{self._length - self._left} of {self._length} bytes",
                fix="send it again",
            )
        return data
