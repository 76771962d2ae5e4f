"""Collect a request that arrives in pieces, until it is complete."""

from __future__ import annotations

import re

COLLECTED = 65_536  # bytes of a request that the main loop keeps, for each connection
LIGHT = 16_384  # bytes of a request that the main loop may answer itself
FIELD = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r]*)", re.I)
READS = (b"GET ", b"HEAD ")
LENGTH = re.compile(rb"[0-9]{1,18}[ \t]*")


class RequestBuffer:
    """The bytes of a request that have arrived, and the deadline for the rest."""

    def __init__(self, data: bytes, until: float) -> None:
        self.data = bytearray(data)
        self.until = until
        self.head = 0  # bytes before the body, and ...
        self.size = 0  # of the whole request; 0 until its headers have arrived
        self.streamed = False  # its body is sent in a way that only a thread can read

    def is_whole(self) -> bool:
        """Tell whether the request is complete."""
        if not self.size:
            self._measure()
        return 0 < self.size <= len(self.data) and not self.streamed

    def is_read(self) -> bool:
        """Tell whether it is a complete GET or HEAD without a body."""
        return self.is_whole() and self.size == self.head and self.data.startswith(READS)

    def is_one_record(self) -> bool:
        """Tell whether its body is small and starts as a JSON object."""
        return self.size <= LIGHT and self.data[self.head : self.head + 1] == b"{"

    def is_ready(self) -> bool:
        """Tell whether there is nothing more to collect."""
        return self.is_whole() or self.streamed or len(self.data) >= COLLECTED

    def _measure(self) -> None:
        head = self.data.find(b"\r\n\r\n") + 4
        if head < 4:
            return
        self.head = head
        matches = FIELD.findall(self.data, 0, head)
        fields = {name.lower(): value for name, value in matches}
        length = fields.get(b"content-length", b"0")
        # Anything unusual, such as two lengths, is left to the parser in a thread.
        is_plain = len(fields) == len(matches) and LENGTH.fullmatch(length) is not None
        is_plain = is_plain and b"transfer-encoding" not in fields
        self.size = head + (int(length) if is_plain else 0)
        # A client that expects "100 Continue" sends the body after a thread's answer.
        self.streamed = not is_plain or (b"expect" in fields and len(self.data) < self.size)
