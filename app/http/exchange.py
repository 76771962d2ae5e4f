"""One request and its answer, as everything between the socket and the database sees them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import quote

from app.http import problems
from app.store import clock, ids
from src.support.errors import UserError

Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]
Scope = Literal["predict", "label", "train", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)

ENVIRON = "lapidary.exchange"  # where WSGI carries it
LONGEST_ID = 100


@dataclass(frozen=True)
class Caller:
    """Who asks; `admin` includes every scope."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Tell whether a scope is the caller's."""
        return scope in self.scopes or "admin" in self.scopes


HERE = Caller("(this machine)", frozenset(SCOPES))
ANYONE = Caller("(anyone)", frozenset())


@dataclass(slots=True)
class Answer:
    """What goes out."""

    status: str  # as WSGI writes it: "200 OK"
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """Return the status as a number."""
        return int(self.status[:3])


@dataclass(slots=True)
class Exchange:
    """A request on its way to its answer, and what is to be stored of both."""

    environ: dict[str, Any]
    id: str
    request_id: str  # the client's own, else ours
    at: str
    started: float
    body: bytes | None = None  # None where it was not read
    route: str = "(none)"  # the path's pattern
    caller: Caller | None = None
    dataset: str | None = None
    version: int | None = None
    predictions: list[tuple[Any, ...]] = field(default_factory=list)
    predicted: int = 0
    is_prediction: bool = False  # its bodies are one record and its answer
    is_answer_stored: bool = True  # not where it only repeats what is stored or derived
    stream: Iterable[bytes] | None = None  # an answer too long to be held whole

    @property
    def path(self) -> str:
        """Return the path in plain ASCII; PostgreSQL's text does not take every character."""
        path: str = self.environ.get("PATH_INFO", "/")
        if path.isascii() and path.isprintable():
            return path
        return quote(path.encode("latin-1", "replace"))

    @property
    def query(self) -> str:
        """Return the query as it came, in plain ASCII."""
        query: str = self.environ.get("QUERY_STRING", "")
        return query if query.isascii() and query.isprintable() else quote(query)

    @property
    def by(self) -> str:
        """Return the name of who asks; empty where nobody is known."""
        return self.caller.name if self.caller else ""

    def milliseconds(self) -> float:
        """Return how long it took so far."""
        return (time.perf_counter() - self.started) * 1000


def begin(environ: dict[str, Any]) -> Exchange:
    """Give a request its id and its time."""
    number = ids.new()
    exchange = Exchange(
        environ=environ,
        id=number,
        request_id=_given_id(environ) or number,
        at=clock.stamp(),
        started=time.perf_counter(),
    )
    environ[ENVIRON] = exchange
    return exchange


def refusal(error: UserError, request_id: str) -> Answer:
    """Turn an error into an answer."""
    headers = [("Content-Type", problems.MEDIA_TYPE), *problems.headers(error).items()]
    return Answer(problems.status_line(error), headers, problems.written(error, request_id))


def _given_id(environ: dict[str, Any]) -> str | None:
    """Return the client's X-Request-Id, unless it is not fit for a header and a column."""
    given: str | None = environ.get("HTTP_X_REQUEST_ID")
    if given is None or not given.isascii() or not given.isprintable():
        return None
    return given.strip()[:LONGEST_ID] or None


def run(app: App, environ: dict[str, Any]) -> Answer:
    """Run a WSGI application to its end and gather its answer."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        started[:] = [status, headers]

    if environ["REQUEST_METHOD"] == "HEAD":  # is a GET whose body is not sent
        environ = {**environ, "REQUEST_METHOD": "GET"}
    chunks = app(environ, start_response)
    body = b"".join(chunks)
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    status, headers = started
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return Answer(status, kept, body)
