"""Answers that are held back until they are stored, and what is sent in their place."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from app.http import exchange as exchanges
from app.http.exchange import Answer
from app.store import ids
from src.support.errors import UserError


class Batch(Protocol):
    """Answers that are made and not sent yet, each under the key of whom it is for."""

    def of(self, key: Any) -> AbstractContextManager[None]:
        """Say for whom the answer is that is made now."""

    def store(self, wait: float | None = None) -> bool:
        """Store what belongs to the answers; tell whether to wait longer could store more."""

    def refused(self) -> dict[Any, Answer]:
        """Return what is to be sent in the place of answers that are not stored."""


class Batches(Protocol):
    """What an application offers that lets its answers be stored together."""

    def is_quick(self) -> bool:
        """Tell whether to store takes no longer than to make the answers."""

    def gathering(self) -> AbstractContextManager[Batch]:
        """Hold back what this thread would store."""


class ResponseBuffer:
    """A socket whose answer is held back."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.data: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep what is to be sent."""
        self.data.append(bytes(data))

    def __getattr__(self, name: str) -> Any:
        """Do all else as the socket does."""
        return getattr(self.sock, name)


def refusal(error: UserError) -> Answer:
    """Make the answer of a request that the application never saw."""
    answer = exchanges.refusal(error, ids.new())
    answer.headers.append(("Content-Length", str(len(answer.body))))
    return answer


def written(answer: Answer) -> bytes:
    """Write an answer after which the connection is closed."""
    lines = [f"HTTP/1.1 {answer.status}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in answer.headers if name != "Connection"]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1") + answer.body
