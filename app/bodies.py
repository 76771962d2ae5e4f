"""Read a request's body within its limits."""

from __future__ import annotations

from typing import Any

from app.problems import Problem


def read(environ: dict[str, Any], largest: int) -> bytes:
    """Return the body; raise Problem where its length is not given, too large or not kept to.

    Falcon reads a chunked body as empty, so one without a length is refused.
    """
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise Problem(
            411,
            "A body must come with its length.",
            given=f"Transfer-Encoding: {environ['HTTP_TRANSFER_ENCODING']}",
            allowed="Content-Length",
            fix="send the body whole, not in chunks",
            headers={"Connection": "close"},
        )
    given = environ.get("CONTENT_LENGTH") or "0"
    if not (given.isascii() and given.isdecimal()):
        raise Problem(400, "Content-Length is not a whole number.", given=given)
    length = int(given[:20])
    if length > largest:
        raise Problem(
            413,
            "The body is too large.",
            given=f"{length} bytes",
            allowed=f"at most {largest} bytes",
            fix="send fewer records at once",
            headers={"Connection": "close"},
        )
    if length == 0:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise Problem(
            408,
            "The body ended early, or came too slowly.",
            given=f"{len(body)} of {length} bytes",
            fix="send it again",
            headers={"Connection": "close"},
        )
    return body
