"""A request that comes in pieces: when it is whole, and what can be told of it by then."""

from __future__ import annotations

import re

COLLECTED = 65_536  # bytes of a request that the main loop keeps, for each connection
LIGHT = 16_384  # bytes of a request that the main loop may answer itself
FIELD = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r]*)", re.I)
READS = (b"GET ", b"HEAD ")
LENGTH = re.compile(rb"[0-9]{1,18}[ \t]*")


class RequestBuffer:
    """What has come of a request, and until when the rest may."""

    def __init__(self, data: bytes, until: float) -> None:
        self.data = bytearray(data)
        self.until = until
        self.head = 0  # bytes before the body, and ...
        self.size = 0  # of the whole request; known when its headers are there
        self.streamed = False  # it comes, or its length is told, in a way that only a thread reads

    def is_whole(self) -> bool:
        """Tell whether the parser will find all of it."""
        if not self.size:
            self._measure()
        return 0 < self.size <= len(self.data) and not self.streamed

    def is_read(self) -> bool:
        """Tell whether it asks for something and sends nothing."""
        return self.is_whole() and self.size == self.head and self.data.startswith(READS)

    def is_one_record(self) -> bool:
        """Tell whether it sends something small that is no list."""
        return self.size <= LIGHT and self.data[self.head : self.head + 1] == b"{"

    def is_ready(self) -> bool:
        """Tell whether there is nothing more to collect."""
        return self.is_whole() or self.streamed or len(self.data) >= COLLECTED

    def _measure(self) -> None:
        head = self.data.find(b"\r\n\r\n") + 4
        if head < 4:
            return
        self.head = head
        found = FIELD.findall(self.data, 0, head)
        fields = {name.lower(): value for name, value in found}
        length = fields.get(b"content-length", b"0")
        # Of what is unusual, such as two lengths, the parser in the thread is the judge.
        known = len(fields) == len(found) and LENGTH.fullmatch(length) is not None
        known = known and b"transfer-encoding" not in fields
        self.size = head + (int(length) if known else 0)
        # Whoever expects "100 Continue" sends the body after a thread has said so.
        self.streamed = not known or (b"expect" in fields and len(self.data) < self.size)
