"""A request and its answer, from the socket to the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, get_args
from urllib.parse import quote

from app.http import problems
from app.http.bodies import FileBody
from app.store import clock, ids
from src.support.errors import UserError

Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]
Scope = Literal["predict", "label", "train", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)
Unit = Literal["requests", "records", "labels", "trainings"]
UNITS: tuple[str, ...] = get_args(Unit)  # of what quotas are about

ENVIRON = "lapidary.exchange"  # where WSGI carries it
LONGEST_ID = 100
_QUERY = "!$&'()*+,/:;=?@[]~%"  # of a query, beside letters and digits


class Budget(Protocol):
    """What is left of the quotas of a key."""

    def spend(self, unit: str, number: int) -> None:
        """Use some; raise UserError, and use none, where less is left."""

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that tell what is left."""


@dataclass(frozen=True)
class Caller:
    """The caller of a request; `admin` includes every scope."""

    name: str
    scopes: frozenset[str]
    datasets: frozenset[str] | None = None  # that the caller may see; None for all
    budget: Budget | None = field(default=None, compare=False)  # None without quotas

    def may(self, scope: str) -> bool:
        """Tell whether the caller has a scope."""
        return scope in self.scopes or "admin" in self.scopes

    def sees(self, dataset: str) -> bool:
        """Tell whether the caller may see a dataset, and whether there is one."""
        return self.datasets is None or dataset in self.datasets

    @property
    def is_anyone(self) -> bool:
        """Tell whether the caller has no key."""
        return self.name == ANYONE.name


HERE = Caller("(this machine)", frozenset(SCOPES))
ANYONE = Caller("(anyone)", frozenset())
# Where keys are for some datasets only: without a key nobody learns more than with one.
ANYONE_OF_NONE = replace(ANYONE, datasets=frozenset())


@dataclass(slots=True)
class Answer:
    """An HTTP response."""

    status: str  # as WSGI writes it: "200 OK"
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """Return the status as a number."""
        return int(self.status[:3])


@dataclass(slots=True)
class Exchange:
    """A request being answered, and what is stored of both."""

    environ: dict[str, Any]
    id: str
    request_id: str  # the client's own, else ours
    at: str
    started: float
    client: str = ""  # its address
    body: bytes | None = None  # None where it was not read
    route: str = "(none)"  # the path's pattern
    caller: Caller | None = None
    dataset: str | None = None
    version: int | None = None
    reference: str | None = None  # the caller's own, of its one record
    predictions: list[tuple[Any, ...]] = field(default_factory=list)
    predicted: int = 0
    is_prediction: bool = False  # its bodies are one record and its answer
    is_answer_stored: bool = True  # not where it only repeats what is stored or derived
    stream: Iterable[bytes] | None = None  # an answer too long to be held whole
    file: FileBody | None = None  # an answer that is a file
    spent: tuple[Unit, ...] = ()  # what quotas were charged with

    @property
    def path(self) -> str:
        """Return the path in ASCII, since PostgreSQL's text does not take every character."""
        path: str = self.environ.get("PATH_INFO", "/")
        if path.isascii() and path.isprintable():
            return path
        return quote(path.encode("latin-1", "replace"))

    @property
    def query(self) -> str:
        """Return the raw query in ASCII."""
        query: str = self.environ.get("QUERY_STRING", "")
        # What tells its parameters apart stays as it is, for whoever looks for one of them.
        return query if query.isascii() and query.isprintable() else quote(query, safe=_QUERY)

    @property
    def by(self) -> str:
        """Return the name of the caller; empty if unknown."""
        return self.caller.name if self.caller else ""

    def spend(self, unit: Unit, number: int) -> None:
        """Count what the caller uses; raise UserError where a quota has less left.

        A handler may be asked twice: by the short way, and where that has no answer by Falcon.
        """
        if self.caller is None or self.caller.budget is None or unit in self.spent:
            return
        self.caller.budget.spend(unit, number)
        self.spent += (unit,)

    def milliseconds(self) -> float:
        """Return the milliseconds since the request began."""
        return (time.perf_counter() - self.started) * 1000


def begin(environ: dict[str, Any]) -> Exchange:
    """Create the exchange of a request, with its id and time."""
    new_id = ids.new()
    exchange = Exchange(
        environ=environ,
        id=new_id,
        request_id=_given_id(environ) or new_id,
        at=clock.stamp(),
        started=time.perf_counter(),
    )
    environ[ENVIRON] = exchange
    return exchange


def refusal(error: UserError, request_id: str, root: str = "") -> Answer:
    """Convert an error to an answer."""
    headers = [("Content-Type", problems.MEDIA_TYPE), *problems.headers(error).items()]
    return Answer(problems.status_line(error), headers, problems.written(error, request_id, root))


def _given_id(environ: dict[str, Any]) -> str | None:
    """Return the client's X-Request-Id; None if it does not fit a header and a column."""
    request_id: str | None = environ.get("HTTP_X_REQUEST_ID")
    if request_id is None or not request_id.isascii() or not request_id.isprintable():
        return None
    return request_id.strip()[:LONGEST_ID].strip() or None  # as a header is sent


def run(app: App, environ: dict[str, Any]) -> Answer:
    """Run a WSGI application and return its complete answer."""
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
