"""What each part of a single prediction costs, in one process, one part after the other."""

from __future__ import annotations

import contextlib
import gc
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from gunicorn.config import Config
from gunicorn.http import get_parser, wsgi

from app.factory import create_api
from app.http import body, exchange
from app.http.exchange import Answer, Exchange
from app.http.outgoing import Outgoing
from app.http.plain_answer import PlainAnswer
from app.http.plain_request import PlainRequests
from app.http.request_buffer import RequestBuffer
from app.predictions import answers
from app.request_log.recorder import Recorder
from app.settings import Settings
from app.store import database as databases
from app.store.migrations import migrate
from benchmarks.peers.lab import DATASET, PATH, Lab
from src.support.errors import UserError

ROUNDS = 25
COMMIT = 16  # rows that share a commit, as of requests that come in one turn of the loop
CLIENT, SERVER = ("127.0.0.1", 40_000), ("127.0.0.1", 8000)


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
    def __init__(self, api: Recorder, records: Sequence[bytes]) -> None:
        self.api, self.records = api, records
        route: Any = api._shortcut and api._shortcut._router.find(PATH)
        self.serving = route[0].services.registry.pick(DATASET, None, None)
        self.config, self.plain = Config(), PlainRequests(Config())
        self.requests = [
            b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (PATH.encode(), len(record), record)
            for record in records
        ]

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        arrived = [self.arrive(one) for one in self.requests]
        shared = {
            "checks: key, host, length, id": self.each(self.check, self.environs),
            "prediction: record, trees, warnings": self.each(self.predict, lambda: self.records),
            "range and document": self.range_and_document(),
            "log: row, commit of 16": self.each(self.entry, self.answered) + self.commit(),
        }
        handled = sum(list(shared.values())[1:3])
        headers = self.each(self.headers, self.answered)
        short = self.each(self.ask_shortcut, self.exchanges)
        long = self.each(self.ask_falcon, self.exchanges)
        arrival = self.each(self.arrive, lambda: self.requests)
        return (
            {
                "arrival": arrival,
                "parser": self.each(self.read, lambda: arrived),
                "WSGI": 0.0,
                "Falcon": short - handled,
                **shared,
                "answer: headers, count, bytes": headers + self.each(self.write, self.sealed),
            },
            {
                "arrival": arrival,
                "parser": self.each(self.parse, lambda: self.requests),
                "WSGI": self.wsgi_seconds(),
                "Falcon": long - handled,
                **shared,
                "answer: headers, count, bytes": headers,
            },
        )

    def each(self, call: Callable[[Any], Any], make: Callable[[], Sequence[Any]]) -> float:
        """Return what a call costs with each of these: the least of all rounds, others only add."""
        spent = []
        for _ in range(ROUNDS):
            made = make()
            begun = time.thread_time_ns()
            for one in made:
                call(one)
            spent.append((time.thread_time_ns() - begun) / len(made) / 1000)
        return min(spent)

    def arrive(self, request: bytes) -> RequestBuffer:
        arrival = RequestBuffer(request, 0.0)
        if not (arrival.is_ready() and arrival.is_whole() and arrival.is_one_record()):
            raise UserError("A request is not whole.", given=request)
        return arrival

    def read(self, arrival: RequestBuffer) -> dict[str, Any]:
        environ = self.plain.read(arrival, CLIENT, SERVER)
        if environ is None:
            raise UserError("A request is not plain.", given=bytes(arrival.data))
        return environ

    def parse(self, request: bytes) -> Any:
        return next(get_parser(self.config, iter([request]), CLIENT))

    def environs(self) -> list[dict[str, Any]]:
        return [self.read(self.arrive(one)) for one in self.requests]

    def check(self, environ: dict[str, Any]) -> Exchange:
        made = exchange.begin(environ)
        guard = self.api._guard
        made.client = guard.client(environ)
        guard.preflight(environ)
        made.caller = guard.admit(environ)
        made.body = body.read(environ, self.api._largest_body)
        return made

    def exchanges(self) -> list[Exchange]:
        return [self.check(one) for one in self.environs()]

    def ask_shortcut(self, made: Exchange) -> Answer:
        answer = self.api._shortcut.answer(made) if self.api._shortcut else None
        if answer is None:
            raise UserError("The short way does not answer.", given=made.body)
        return answer

    def ask_falcon(self, made: Exchange) -> Answer:
        return exchange.run(self.api._app, made.environ)

    def predict(self, record: bytes) -> None:
        serving = self.serving
        values = serving.records.decode(record).values
        serving.guard.warnings(values, serving.predictor.output(values))

    def range_and_document(self) -> float:
        made = [self.serving.records.decode(one).values for one in self.records]

        def whole(values: Any) -> None:
            msgspec.json.encode(answers.answer(self.serving, values, "")[0])

        def without(values: Any) -> None:
            self.serving.guard.warnings(values, self.serving.predictor.output(values))

        return self.each(whole, lambda: made) - self.each(without, lambda: made)

    def answered(self) -> list[tuple[Exchange, Answer]]:
        return [(one, self.ask_shortcut(one)) for one in self.exchanges()]

    def entry(self, one: tuple[Exchange, Answer]) -> Any:
        return self.api._entry(*one)

    def commit(self) -> float:
        def entries() -> list[list[Any]]:
            made = [self.entry(one) for one in self.answered()]
            return [made[start : start + COMMIT] for start in range(0, len(made), COMMIT)]

        return (
            self.each(self.api._journal.write_all, entries)
            * len(self.records[::COMMIT])
            / len(self.records)
        )

    def headers(self, one: tuple[Exchange, Answer]) -> Answer:
        made, answer = one
        return self.api._settle(made, self.api._with_headers(made, answer), None)

    def sealed(self) -> list[Answer]:
        return [self.api._with_headers(*one) for one in self.answered()]

    def write(self, answer: Answer) -> bytes:
        made = PlainAnswer()
        made.start_response(answer.status, answer.headers)
        return made.written([answer.body], is_kept=True)

    def wsgi_seconds(self) -> float:
        """Return what gunicorn's environ and response cost."""
        answers_ = iter(itertools.cycle(self.sealed()))

        def respond(request: Any) -> None:
            outgoing, answer = Outgoing(None), next(answers_)
            response, _ = wsgi.create(request, outgoing, CLIENT, SERVER, self.config)
            response.start_response(answer.status, answer.headers)
            response.write(answer.body)
            response.close()

        return self.each(respond, lambda: [self.parse(one) for one in self.requests])
