"""Store answers before they are sent, or replace them by refusals."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from app.http import exchange
from app.http.exchange import Answer
from app.store import ids
from src.support.errors import UserError


class Batch(Protocol):
    """Answers that are not sent yet, by the key of their connection."""

    def of(self, key: Any) -> AbstractContextManager[None]:
        """Assign what is answered in this context to a key."""

    def store(self, wait: float | None = None) -> bool:
        """Store what belongs to the answers; tell whether to wait longer could store more."""

    def refused(self) -> dict[Any, Answer]:
        """Return the refusals to send in place of answers that were not stored."""


class Batches(Protocol):
    """An application's interface for storing answers together."""

    def is_quick(self) -> bool:
        """Tell whether storing takes no longer than answering."""

    def gathering(self) -> AbstractContextManager[Batch]:
        """Collect what this thread would store."""


def refusal(error: UserError, root: str = "") -> Answer:
    """Return the answer to a request that the application never saw."""
    answer = exchange.refusal(error, ids.new(), root)
    answer.headers.append(("Content-Length", str(len(answer.body))))
    return answer


def written(answer: Answer) -> bytes:
    """Return the bytes of an answer after which the connection is closed."""
    lines = [f"HTTP/1.1 {answer.status}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in answer.headers if name != "Connection"]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1") + answer.body
