"""The clients that have not taken their answers yet: how many there may be, and who goes first."""

from __future__ import annotations

import fcntl
import struct
import termios
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.http.loop.outgoing import Outgoing


@dataclass(frozen=True)
class Limits:
    """What clients that do not take their answers may hold of a worker."""

    in_all: int = 256  # connections
    per_address: int = 64  # of them
    size: int = 64_000_000  # bytes of answers that are kept for them
    # Seconds in which one takes nothing. A client's system keeps 128 KB for it and may ask for more
    # when it has read them all: at a kilobyte a second, every two minutes.
    rest: float = 300.0


@dataclass(slots=True)
class _Reader:
    outgoing: Outgoing
    took_at: float
    size: int
    unacknowledged: int


class Readers:
    """Connections whose answers wait to be taken, in the order in which each last took something.

    A client has taken what its system has acknowledged, and not only what ours has room for: of a
    slow one our socket has room once in minutes.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._readers: dict[Any, _Reader] = {}
        self._addresses: Counter[str] = Counter()
        self._size = 0

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, key: Any) -> bool:
        return key in self._readers

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the connections: the first took nothing for the longest."""
        return iter(list(self._readers))

    def add(self, key: Any, outgoing: Outgoing, now: float) -> None:
        """Wait for a client, new here or one that has just taken something."""
        self.pop(key)
        reader = _Reader(outgoing, now, outgoing.size, _unacknowledged(outgoing))
        self._readers[key] = reader
        self._addresses[outgoing.peer] += 1
        self._size += reader.size

    def pop(self, key: Any) -> Outgoing | None:
        """Wait no more for a client; return what it had still to take."""
        reader = self._readers.pop(key, None)
        if reader is None:
            return None
        self._size -= reader.size
        self._addresses[reader.outgoing.peer] -= 1
        if not self._addresses[reader.outgoing.peer]:
            del self._addresses[reader.outgoing.peer]
        return reader.outgoing

    def superfluous(self, address: str) -> Any:
        """Return who must go because an address or all have too many; None where nobody must."""
        if self._addresses[address] > self.limits.per_address:
            return next(key for key, one in self._readers.items() if one.outgoing.peer == address)
        is_full = len(self) > self.limits.in_all or self._size > self.limits.size
        # One alone may have an answer of any size.
        return next(iter(self._readers)) if is_full and len(self) > 1 else None

    def look(self, now: float) -> list[Any]:
        """Look at what was acknowledged; return those that have taken nothing for too long."""
        for key, reader in list(self._readers.items()):
            unacknowledged = _unacknowledged(reader.outgoing)
            if unacknowledged < reader.unacknowledged:
                reader.took_at, reader.unacknowledged = now, unacknowledged
                self._readers[key] = self._readers.pop(key)
        return [key for key, one in self._readers.items() if now > one.took_at + self.limits.rest]


def _unacknowledged(outgoing: Outgoing) -> int:
    """Return how many bytes our system keeps because the client's has not confirmed them."""
    count = fcntl.ioctl(outgoing.sock.fileno(), termios.TIOCOUTQ, bytes(4))
    return int(struct.unpack("i", count)[0])
