"""The outermost wrapper: what came in and what goes out is committed before it is sent.

It stands outside of Falcon because Falcon writes an answer's bytes only after its own hooks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from app.auth.guard import Guard
from app.http import body
from app.http import exchange as exchanges
from app.http import root as roots
from app.http.exchange import Answer, App, Exchange, Start
from app.http.loop.plain_request import PLAIN
from app.http.prometheus import Metrics
from app.http.resource import RouteTable
from app.http.shortcut import Shortcut
from app.request_log.batches import Batches
from app.request_log.delivery import BEGUN, Deliveries
from app.request_log.journal import Entry, Journal, Unavailable
from app.request_log.strangers import Strangers
from app.store import log_lines
from app.store.redaction import HIDDEN, Redaction, without_keys
from src.support.errors import UserError

log = logging.getLogger(__name__)

NO_CONTENT = 204
# Bytes of a body that anyone may send, whose key is not known: a form to sign in with is less.
LARGEST_OF_ANYONE = 16_000


class Recorder:
    """Admit a request, read it, have it answered, store both, send the answer: in this order."""

    def __init__(
        self,
        app: App,
        *,
        routes: RouteTable,
        guard: Guard,
        journal: Journal,
        deliveries: Deliveries,
        redaction: Redaction,
        metrics: Metrics,
        strangers: Strangers,
        largest_body: int,
        largest_upload: int,
        shortcut: Shortcut | None = None,
    ) -> None:
        self._app = app
        self._shortcut = shortcut
        self.takes_plain = shortcut is not None  # requests that no parser has read
        self._routes = routes
        self.light = routes.light
        self.root = routes.root
        self._guard = guard
        self._journal = journal
        self._deliveries = deliveries
        self.batches = Batches(journal, self._settle)
        self._redaction = redaction
        self._metrics = metrics
        self._strangers = strangers
        self._largest_body = largest_body
        self._largest_upload = largest_upload

    def close(self) -> None:
        """Let go of the database."""
        self._journal.close()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a WSGI request."""
        roots.enter(environ, self.root)
        exchange = exchanges.begin(environ)
        with log_lines.answering(exchange.request_id):
            return self._record(exchange, start_response)

    def _record(self, exchange: Exchange, start_response: Start) -> Iterable[bytes]:
        """Answer, store and begin to send."""
        environ = exchange.environ
        exchange.client = self._guard.client(environ)
        answer = self._with_headers(exchange, self._answer(exchange))
        batch = self.batches.mine()
        is_recorded = self._is_recorded(exchange, answer.code)
        if not is_recorded:
            answer = self._settle(exchange, answer, None)
        elif batch is not None:
            batch.add(self._entry(exchange, answer), exchange, answer)
        else:
            answer = self._settle(exchange, answer, self._store(self._entry(exchange, answer)))
        start_response(answer.status, answer.headers)
        return self._body(exchange, answer, is_recorded=is_recorded)

    def count_unlogged(self, status: int) -> None:
        """Count an answer that is not logged, as is what the server itself refuses."""
        self._strangers.count(status)
        self._metrics.count_unlogged(status)

    def _is_recorded(self, exchange: Exchange, status: int) -> bool:
        """Tell whether a request is logged; of those without a key others are counted."""
        if not self._routes.is_recorded(exchange.environ["PATH_INFO"], status):
            return False
        caller = exchange.caller
        if caller is not None and not caller.is_anyone:
            return True
        if self._strangers.is_logged(exchange.client):
            return True
        self.count_unlogged(status)
        return False

    def _body(self, exchange: Exchange, answer: Answer, *, is_recorded: bool) -> Iterable[bytes]:
        """Return what is sent after the headers."""
        if exchange.environ["REQUEST_METHOD"] == "HEAD":
            return []
        if answer.code >= 400:
            return [answer.body]
        if exchange.stream is not None:
            stream = exchange.stream
            return self._deliveries.follow(exchange.id, stream) if is_recorded else stream
        return [answer.body] if exchange.file is None else exchange.file

    def _store(self, entry: Entry) -> Exception | None:
        try:
            self._journal.write(entry)
        except Unavailable as error:
            return error
        return None

    def _settle(self, exchange: Exchange, answer: Answer, error: Exception | None) -> Answer:
        """Return the last answer and count it: what is not stored was never said."""
        if error is not None:
            with log_lines.answering(exchange.request_id):  # maybe one of several that are stored
                log.error("request %s was not stored: %s", exchange.id, error)
            self._metrics.log_failed()
            answer = self._with_headers(
                exchange, exchanges.refusal(_unstored(), exchange.request_id, self.root)
            )
        self._metrics.count(exchange, answer.code)
        return answer

    def _with_headers(self, exchange: Exchange, answer: Answer) -> Answer:
        """Add what every answer carries."""
        present = {name.lower() for name, _ in answer.headers}
        answer.headers += [("X-Request-Id", exchange.request_id)]
        answer.headers += self._guard.headers(exchange.environ, present)
        if exchange.caller is not None and exchange.caller.budget is not None:
            answer.headers += exchange.caller.budget.headers()
        if answer.code >= 400 or (answer.code != NO_CONTENT and exchange.stream is None):
            file = exchange.file if answer.code < 400 else None
            length = len(answer.body) if file is None else file.size
            answer.headers.append(("Content-Length", str(length)))
        return answer

    def _answer(self, exchange: Exchange) -> Answer:
        try:
            if (preflight := self._guard.preflight(exchange.environ)) is not None:
                return preflight
            exchange.caller = self._guard.admit(exchange.environ)
            exchange.spend("requests", 1)
            if self._is_streamed(exchange.environ):
                body.announced(exchange.environ, self._largest_upload)
                body.check_streamed(exchange.environ)
            else:
                is_anyone = exchange.caller.is_anyone
                largest = LARGEST_OF_ANYONE if is_anyone else self._largest_body
                exchange.body = body.read(exchange.environ, min(largest, self._largest_body))
            answer = None
            if self._shortcut is not None and PLAIN in exchange.environ:
                answer = self._shortcut.answer(exchange)
            return answer or exchanges.run(self._app, exchange.environ)
        except UserError as error:
            return exchanges.refusal(error, exchange.request_id, self.root)
        except Exception:
            log.exception("request %s failed", exchange.id)
            exchange.predictions, exchange.is_prediction = [], False
            return exchanges.refusal(_ours(), exchange.request_id, self.root)

    def _is_streamed(self, environ: dict[str, Any]) -> bool:
        """Tell whether the handler reads the body while it comes."""
        return body.is_streamed_type(environ) and self._routes.is_streamed(
            environ["REQUEST_METHOD"], environ["PATH_INFO"]
        )

    def _entry(self, exchange: Exchange, answer: Answer) -> Entry:
        environ, caller = exchange.environ, exchange.caller
        own = exchange.request_id
        body, encoding = exchange.body, environ.get("HTTP_CONTENT_ENCODING", "identity")
        if body and encoding != "identity" and not exchange.is_prediction:
            body = HIDDEN.encode()  # what cannot be read cannot be searched
        is_answer_stored = exchange.is_answer_stored or answer.code >= 400
        is_sent = environ["REQUEST_METHOD"] != "HEAD" and answer.code < 400
        is_streamed = exchange.stream is not None and is_sent
        request = (
            exchange.id,
            exchange.at,
            None if own == exchange.id else self._redaction.query(own),
            without_keys(environ["REQUEST_METHOD"]),
            self._redaction.query(exchange.path),
            self._redaction.query(exchange.query),
            answer.code,
            exchange.dataset,
            exchange.version,
            without_keys(exchange.client),
            caller.name if caller else None,
            round(exchange.milliseconds(), 3),
            int(exchange.is_prediction),
            self._redaction.body(body),
            self._redaction.body(answer.body) if is_answer_stored else None,
            self._redaction.reference(exchange.reference),
            BEGUN if is_streamed else None,
        )
        return Entry(request, exchange.predictions)


def _unstored() -> UserError:
    """Refuse with nothing of the answer."""
    return UserError(
        "The answer could not be stored, so it is not given.",
        code="answer_not_stored",
        fix="send the request again; see /readyz for the reason",
    )


def _ours() -> UserError:
    return UserError(
        "Something went wrong here; it is not the request's fault.",
        code="internal_error",
        fix="report the request_id to whoever runs this service",
    )
