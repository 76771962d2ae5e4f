"""Write the answer to a plain request as gunicorn would have written it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from gunicorn import SERVER, util

_ENDS = {True: "keep-alive", False: "close"}
_stamped = (0, "")


class PlainAnswer:
    """What an application starts its answer with, and the bytes that this makes."""

    __slots__ = ("_headers", "_status")

    def start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
        """Take the status and the headers, one of which is the length."""
        self._status, self._headers = status, headers

    def written(self, body: Iterable[bytes], *, is_kept: bool) -> bytes:
        """Return the answer's bytes; raise ValueError where a header would be more than one."""
        lines = [
            f"HTTP/1.1 {self._status}",
            f"Server: {SERVER}",
            f"Date: {_date()}",
            f"Connection: {_ENDS[is_kept]}",
        ]
        # These concern the connection, which is not the application's.
        headers = [one for one in self._headers if not util.is_hoppish(one[0])]
        lines += [f"{name}: {value}" for name, value in headers]
        text = "\r\n".join([*lines, "\r\n"])
        if not text.count("\n") == text.count("\r") == len(lines) + 1:
            raise ValueError("A header of the answer has more than one line.")
        return b"".join([text.encode("latin-1"), *body])


def _date() -> str:
    """Return the time as HTTP writes it; it is written once a second."""
    global _stamped
    second = int(time.time())
    made, text = _stamped
    if made != second:
        text = util.http_date(second)
        _stamped = (second, text)
    return text
