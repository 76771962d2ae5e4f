"""Read a request's body within its limits, whole or while it comes."""

from __future__ import annotations

from typing import Any

from src.support.errors import UserError

CSV, NDJSON = "text/csv", "application/x-ndjson"
STREAMED = (CSV, NDJSON, "application/ndjson", "application/jsonl")


def read(environ: dict[str, Any], largest: int) -> bytes:
    """Return the body; raise UserError where its length is not given, too large or not kept to."""
    length = announced(environ, largest)
    return Stream(environ, length).read(length) if length else b""


def announced(environ: dict[str, Any], largest: int) -> int:
    """Return how long the body is; raise UserError where that is not given, or too large.

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
    given = environ.get("CONTENT_LENGTH") or "0"
    if not (given.isascii() and given.isdecimal()):
        what = "Content-Length is not a whole number."
        raise UserError(what, code="invalid_header", given=given)
    length = int(given[:20])
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
    """Tell whether a body is of a type that can be read while it comes."""
    return environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() in STREAMED


class Stream:
    """A body that is read while it comes."""

    def __init__(self, environ: dict[str, Any], length: int) -> None:
        self._input = environ["wsgi.input"]
        self._length = length
        self._left = length

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; raise UserError where it ends early."""
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
