"""Read a request's body within its limits, at once or as a stream."""

from __future__ import annotations

from typing import Any

from src.support.errors import UserError

CSV, NDJSON = "text/csv", "application/x-ndjson"
STREAMED = (CSV, NDJSON, "application/ndjson", "application/jsonl")


def read(environ: dict[str, Any], largest: int) -> bytes:
    """Return the body; raise UserError if its length is missing, too large or wrong."""
    length = announced(environ, largest)
    return Stream(environ, length).read(length) if length else b""


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
        raise UserError(
            "The body is too large.",
            code="body_too_large",
            given=f"{length} bytes",
            choices=[f"at most {largest} bytes"],
            fix="send fewer records at once",
        )
    return length


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
