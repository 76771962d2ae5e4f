"""The outermost wrapper: what came in and what goes out is committed before it is sent.

It stands outside of Falcon because Falcon writes an answer's bytes only after its own hooks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from app import bodies
from app import exchange as exchanges
from app.batches import Batches, unstored
from app.exchange import Answer, Exchange
from app.metrics import Metrics
from app.problems import Problem
from app.redaction import Redaction
from app.security import Guard
from app.store.journal import Entry, Journal, Unavailable

log = logging.getLogger(__name__)

Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]

# Asked every few seconds by machines, and to be answered while the database cannot be written.
NO_CONTENT = 204
UNRECORDED = frozenset({"/healthz", "/readyz", "/metrics"})


class Recorder:
    """Admit a request, read it, have it answered, store both, send the answer: in this order."""

    def __init__(
        self,
        app: App,
        *,
        guard: Guard,
        journal: Journal,
        redaction: Redaction,
        metrics: Metrics,
        largest_body: int,
    ) -> None:
        self._app = app
        self._guard = guard
        self.batches = Batches(journal, metrics)
        self._redaction = redaction
        self._metrics = metrics
        self._largest_body = largest_body

    def close(self) -> None:
        """Let go of the database."""
        self.batches.close()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> list[bytes]:
        """Answer a WSGI request."""
        exchange = exchanges.begin(environ)
        answer = self._answer(exchange)
        if environ["PATH_INFO"] not in UNRECORDED:
            try:
                self.batches.write(self._entry(exchange, answer))
            except Unavailable as error:
                self._metrics.log_failed()
                answer = exchanges.refusal(unstored(exchange.id, error), exchange)
        self._metrics.count(exchange, answer.code)
        headers = [*answer.headers, ("X-Request-Id", exchange.request_id)]
        headers += self._guard.headers(environ, {name.lower() for name, _ in answer.headers})
        if answer.code != NO_CONTENT:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(answer.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, exchange: Exchange) -> Answer:
        try:
            if (preflight := self._guard.preflight(exchange.environ)) is not None:
                return preflight
            exchange.caller = self._guard.admit(exchange.environ)
            exchange.body = bodies.read(exchange.environ, self._largest_body)
            return _run(self._app, exchange.environ)
        except Problem as problem:
            return exchanges.refusal(problem, exchange)
        except Exception:
            log.exception("request %s failed", exchange.id)
            exchange.predictions, exchange.is_prediction = [], False
            return exchanges.refusal(_ours(), exchange)

    def _entry(self, exchange: Exchange, answer: Answer) -> Entry:
        environ, caller = exchange.environ, exchange.caller
        own = exchange.request_id
        is_answer_stored = exchange.is_answer_stored or answer.code >= 400
        request = (
            exchange.id,
            exchange.at,
            None if own == exchange.id else self._redaction.query(own),
            environ["REQUEST_METHOD"],
            self._redaction.query(exchange.path),
            self._redaction.query(exchange.query),
            answer.code,
            exchange.dataset,
            exchange.version,
            self._guard.client(environ),
            caller.name if caller else None,
            round(exchange.milliseconds(), 3),
            int(exchange.is_prediction),
            self._redaction.body(exchange.body),
            self._redaction.body(answer.body) if is_answer_stored else None,
        )
        return Entry(request, exchange.predictions)


def _ours() -> Problem:
    return Problem(
        500,
        "Something went wrong here; it is not the request's fault.",
        fix="report the request_id to whoever runs this service",
    )


def _run(app: App, environ: dict[str, Any]) -> Answer:
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
