"""What each part of a single prediction costs: requests answered in one process, part by part."""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gunicorn.config import Config
from gunicorn.http import get_parser, wsgi

from app.factory import create_api
from app.http import body, exchange
from app.http.exchange import Answer, Exchange
from app.http.loop.outgoing import Outgoing
from app.http.loop.plain_answer import PlainAnswer
from app.http.loop.plain_request import PlainRequests
from app.http.loop.request_buffer import RequestBuffer
from app.predictions import answers
from app.request_log.recorder import Recorder
from app.settings import Settings
from app.store import database as databases
from app.store.migrations import migrate
from benchmarks.peers.lab import DATASET, PATH, Lab
from src.support.errors import UserError

ROUNDS = 15
COMMIT = 16  # rows that share a commit, as of requests that come in one turn of the loop
CLIENT, SERVER = ("127.0.0.1", 40_000), ("127.0.0.1", 8000)
ARRIVAL, PARSER, WSGI, FALCON = "arrival", "parser", "WSGI", "Falcon"
CHECKS = "checks: key, host, length, id"
RECORD, TREES, RANGE = "record from JSON", "trees and warnings", "range and document"
LOG, ANSWER = f"log: row, commit of {COMMIT}", "answer: headers, count, bytes"
PARTS = (ARRIVAL, PARSER, WSGI, CHECKS, FALCON, RECORD, TREES, RANGE, LOG, ANSWER)


def measure(lab: Lab) -> tuple[dict[str, float], dict[str, float]]:
    """Return CPU microseconds by part of a request's way: the short one, the long one."""
    with contextlib.chdir(lab.folder):
        settings = Settings(var=str(lab.var("parts")))
        database = databases.connect(settings.url(), settings.durability, settings.wait)
        migrate(database)
        database.close()
        api = create_api(settings, is_watching=False)
    gc.collect()
    gc.freeze()
    try:
        return _Parts(api, lab.records).measure()
    finally:
        api.close()


class _Parts:
    """A service whose parts are asked one after the other, as a worker's loop does."""

    def __init__(self, api: Recorder, records: Sequence[bytes]) -> None:
        self.api = api
        self.config, self.plain = Config(), PlainRequests(Config())
        self.requests = [
            b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (PATH.encode(), len(record), record)
            for record in records
        ]
        self.spent: Counter[str] = Counter()  # nanoseconds by part
        route: Any = api._shortcut and api._shortcut._router.find(PATH)
        self.serving = route[0].services.registry.pick(DATASET, None, None)

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        with contextlib.ExitStack() as stack:
            for owner, name, part in (
                (self.serving.records, "decode", RECORD),
                (self.serving.predictor, "output", TREES),
                (self.serving.guard, "warnings", TREES),
                (answers, "answer", RANGE),
            ):
                call = getattr(owner, name)
                setattr(owner, name, self._timed(part, call))
                stack.callback(setattr, owner, name, call)
            rounds = [(self._round(self._short), self._round(self._long)) for _ in range(ROUNDS)]
        short, long = zip(*rounds[1:], strict=True)
        return _medians(short), _medians(long)

    def _round(self, ask: Callable[[bytes], tuple[Exchange, Answer]]) -> dict[str, float]:
        """Ask all requests once, those of a commit together."""
        self.spent.clear()
        for start in range(0, len(self.requests), COMMIT):
            some = [ask(one) for one in self.requests[start : start + COMMIT]]
            self._timed(LOG, self._store)(some)
            for one in some:
                self._timed(ANSWER, self._count)(*one)
        # Each was measured with what is within it.
        self.spent[FALCON] -= self.spent[RECORD] + self.spent[RANGE]
        self.spent[RANGE] -= self.spent[TREES]
        return {part: self.spent[part] / len(self.requests) / 1000 for part in PARTS}

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*words: Any, **more: Any) -> Any:
            begun = time.thread_time_ns()
            made = call(*words, **more)
            self.spent[part] += time.thread_time_ns() - begun
            return made

        return timed

    def _short(self, request: bytes) -> tuple[Exchange, Answer]:
        arrival = self._timed(ARRIVAL, self._arrive)(request)
        environ = self._timed(PARSER, self.plain.read)(arrival, CLIENT, SERVER)
        made = self._timed(CHECKS, self._check)(environ)
        assert self.api._shortcut is not None
        answer = self._timed(FALCON, self.api._shortcut.answer)(made)
        if answer is None:
            raise UserError("The short way does not answer.", given=request)
        answer = self._timed(ANSWER, self.api._with_headers)(made, answer)
        self._timed(ANSWER, self._write)(answer)
        return made, answer

    def _long(self, request: bytes) -> tuple[Exchange, Answer]:
        self._timed(ARRIVAL, self._arrive)(request)
        parsed = self._timed(PARSER, self._parse)(request)
        response, environ = self._timed(WSGI, wsgi.create)(
            parsed, Outgoing(None), CLIENT, SERVER, self.config
        )
        made = self._timed(CHECKS, self._check)(environ)
        answer = self._timed(FALCON, exchange.run)(self.api._app, environ)
        answer = self._timed(ANSWER, self.api._with_headers)(made, answer)
        self._timed(WSGI, self._respond)(response, answer)
        return made, answer

    def _arrive(self, request: bytes) -> RequestBuffer:
        arrival = RequestBuffer(request, 0.0)
        if not (arrival.is_ready() and arrival.is_whole() and arrival.is_one_record()):
            raise UserError("A request is not whole.", given=request)
        return arrival

    def _parse(self, request: bytes) -> Any:
        return next(get_parser(self.config, iter([request]), CLIENT))

    def _check(self, environ: dict[str, Any]) -> Exchange:
        made, guard = exchange.begin(environ), self.api._guard
        made.client = guard.client(environ)
        guard.preflight(environ)
        made.caller = guard.admit(environ)
        made.body = body.read(environ, self.api._largest_body)
        return made

    def _store(self, some: list[tuple[Exchange, Answer]]) -> None:
        self.api._journal.write_all([self.api._entry(*one) for one in some])

    def _count(self, made: Exchange, answer: Answer) -> None:
        self.api._settle(made, answer, None)

    def _write(self, answer: Answer) -> None:
        made = PlainAnswer()
        made.start_response(answer.status, answer.headers)
        made.written([answer.body], is_kept=True)

    def _respond(self, response: Any, answer: Answer) -> None:
        response.start_response(answer.status, answer.headers)
        response.write(answer.body)
        response.close()


def _medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {part: statistics.median(one[part] for one in rounds) for part in PARTS}
