"""An answer on its way: what its socket has not taken yet, and what the rest is made from."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

CHUNK = 262_144  # bytes that are sent in one turn, so that others have theirs
JOINED = 65_536  # bytes of parts that are sent as one


class Outgoing:
    """Stands in for a socket while an answer is made; keeps it, and sends it without waiting.

    A body that is not in memory is a file, or pieces, of which the next is made when the socket has
    taken the one before: so a client that does not read costs the memory of one.
    """

    __slots__ = (
        "_body",
        "_is_file",
        "_left",
        "_offset",
        "_pieces",
        "_response",
        "data",
        "is_kept",
        "peer",
        "sock",
    )

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.data: list[bytes | memoryview] = []
        self.peer = ""  # the client's address, as the application sees it
        self.is_kept: Any = False  # the connection, for another request
        self._response: Any = None
        self._body: Any = None  # what the rest is made from
        self._is_file = False
        self._pieces: Iterator[bytes] = iter(())
        self._offset = self._left = 0

    def sendall(self, data: bytes) -> None:
        """Keep data instead of sending it."""
        self.data.append(bytes(data))

    def send(self, data: bytes) -> int:
        """Send what cannot wait for the rest, such as `100 Continue`; raise OSError if it must."""
        sent: int = self.sock.send(data, socket.MSG_DONTWAIT)
        return sent

    def setblocking(self, flag: bool) -> None:
        """Do nothing: whether the socket waits is decided by who reads from it."""

    def __getattr__(self, name: str) -> Any:
        """Delegate everything else to the socket."""
        return getattr(self.sock, name)

    @property
    def size(self) -> int:
        """Return the bytes that it holds in memory."""
        return sum(map(len, self.data))

    @property
    def is_ended(self) -> bool:
        """Tell whether there is nothing more than what is at hand."""
        return self._body is None

    def follow(self, response: Any, body: Any) -> None:
        """Take the rest of an answer: a file (`fileno`), or an iterable of bytes."""
        response.send_headers()
        self._response, self._body = response, body
        self._is_file = hasattr(body, "fileno")
        if self._is_file:
            self._left = response.response_length
        else:
            self._pieces = iter(body)

    def discard(self) -> None:
        """Forget an answer of which nothing was sent, so that a refusal can be."""
        self.data.clear()
        self.close()

    def replace(self, data: bytes) -> None:
        """Put the last answer in the place of one of which nothing was sent."""
        self.discard()
        self.data.append(data)
        self.is_kept = False

    def flush(self) -> bool:
        """Send what the socket takes now; tell whether it took all that is at hand.

        Raises OSError where the client is gone, or a file is shorter than was said.
        """
        data = self.data
        if len(data) > 1 and self.size <= JOINED:
            data[:] = [b"".join(data)]
        left = CHUNK
        try:
            while data and left > 0:
                left -= self._send_part(left)
            while self._is_file and not data and left > 0:
                left -= self._send_file(left)
        except BlockingIOError:
            return False
        return not data and not self._is_file

    def pull(self) -> None:
        """Make the next piece, or the end where there is none; it may wait, for a database."""
        for piece in self._pieces:
            self._response.write(piece)
            if self.data:  # and not an empty one, which HTTP would take for the end
                return
        self._response.close()
        self.close()

    def close(self) -> None:
        """Let go of what the rest was to be made from; it may wait, to record that."""
        body, self._body, self._is_file = self._body, None, False
        if (close := getattr(body, "close", None)) is not None:
            close()

    def _send_part(self, most: int) -> int:
        part = self.data[0]
        chunk = part if len(part) <= most else memoryview(part)[:most]
        sent: int = self.sock.send(chunk, socket.MSG_DONTWAIT)
        if sent == len(part):
            del self.data[0]
        else:
            self.data[0] = memoryview(part)[sent:]
        return sent

    def _send_file(self, most: int) -> int:
        count = min(most, self._left)
        sent = os.sendfile(self.sock.fileno(), self._body.fileno(), self._offset, count)
        if sent == 0 and count > 0:
            raise OSError("the file has become shorter")
        self._offset += sent
        self._left -= sent
        if self._left == 0:
            self.close()
        return sent
