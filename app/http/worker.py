"""A gunicorn worker whose threads get a request once it has arrived, so that the slow wait alone.

gunicorn's own threaded worker gives a connection to a thread at the first byte, which then waits
for the rest without an end: as many clients as threads that stop in the middle freeze it. Here the
main loop, which can wait for all at once, collects a request and hands it on when it is whole.
What it cannot collect (over 64 KiB, chunked, Expect: 100-continue) is read by a thread, under a
deadline, and never by all threads at once. Answers go to the kernel's buffer, which is made large
enough for them, so that a client that does not read holds no thread either.

An application that has `batches` is asked in the main loop itself what its `light` matches, where
it is small: threads of one interpreter take turns, and to hand over what takes 200 microseconds
takes as long again. Those that come in one turn of the loop are stored in one commit, before the
first of them is answered. While its database is not quick, threads wait for it.

    gunicorn --worker-class app.http.worker.GatedWorker app:api
"""

from __future__ import annotations

import re
import resource
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.http import problems
from app.http.request_buffer import COLLECTED, RequestBuffer
from app.http.response_buffer import Batch, Batches, ResponseBuffer, refusal, written
from src.support.errors import UserError

ANSWERS = 1_000_000  # bytes of answers that the kernel is asked to keep, for each connection
UNREAD = 65_536  # bytes of answers that a client may leave there and still ask again
SO_MEMINFO, MEMORY = 55, struct.Struct("9I")  # of Linux; the sixth number is SK_MEMINFO_WMEM_QUEUED
NO_WAIT = 0.02  # seconds that the main loop waits for a database
TURN = 16  # light requests that are answered together
SWEEP = 0.1  # seconds between two looks at the deadlines
NOTHING = re.compile(rb"(?!)")
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) ")


class GatedWorker(ThreadWorker):
    """Collect requests in the main loop; bound the time of those that hold a thread."""

    request_seconds = 10.0  # for a request, or its first 64 KiB, to arrive
    upload_seconds = 30.0  # for the rest, and a second more for each megabyte ...
    longest_upload_seconds = 600.0  # ... but no more than this, whatever length is announced
    answer_seconds = 60.0  # for making the answer and for the client to take it
    linger_seconds = 2.0  # for a client to read the last answer before its connection is closed

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What is encrypted or framed otherwise cannot be judged from its first bytes.
        self.gated = (
            not self.cfg.is_ssl
            and self.cfg.protocol == "http"
            and self.cfg.proxy_protocol == "off"
            and self.cfg.http2_cleartext == "off"
        )
        # A worker that may open no more files dies of the next connection.
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.worker_connections = min(self.cfg.worker_connections, files // 2)
        self.max_keepalived = self.worker_connections - self.cfg.threads
        self.most_uploads = max(1, self.cfg.threads - 1)
        self.arriving: dict[TConn, RequestBuffer] = {}
        self.queued: deque[TConn] = deque()  # arriving, and waiting for a place among uploads
        self.answering: dict[TConn, float] = {}  # held by a thread, and until when
        self.uploads: dict[TConn, float] = {}  # those of them that a thread reads, and until when
        self.cut: set[TConn] = set()  # those of them that took too long
        self.leaving: dict[TConn, float] = {}  # answered for the last time, and until when
        self.swept = 0.0
        self.batches: Batches | None = None
        self.light_requests = NOTHING  # by their first lines
        self.light: deque[TConn] = deque()  # to be answered in the main loop

    def load_wsgi(self) -> None:
        """Load the application; one that has `batches` answers light requests in the main loop."""
        super().load_wsgi()
        self.batches = getattr(self.wsgi, "batches", None)
        self.light_requests = getattr(self.wsgi, "light", NOTHING)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what clients send, then answer what is light."""
        super().wait_for_and_dispatch_events(0 if self.light else timeout)
        if self.light:
            self._answer_light()

    def init_process(self) -> None:
        """Serve, with a large buffer for answers, which connections inherit from their listener."""
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWERS)
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Wait for the next request of a connection that is new, readable or was read ahead."""
        if not self.gated:
            super().enqueue_req(conn)
            return
        ahead = conn.parser.unreader.take_buffered() if conn.parser else b""
        arrival = RequestBuffer(ahead, time.monotonic() + self.request_seconds)
        if not self._collect(conn, arrival):
            self.arriving[conn] = arrival
            self._watch(conn, self._on_arrival)

    def handle(self, conn: TConn) -> Any:
        """Serve a request in a thread; its time begins now, and not when it began to wait."""
        if self.gated:
            now = time.monotonic()
            self.answering[conn] = max(now, self.uploads.get(conn, now)) + self.answer_seconds
        return super().handle(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Leave out what the application did not read; of a whole request, that is in memory."""
        if not self.gated or conn in self.uploads:
            return bool(super()._keepalive_after(conn, keepalive))
        return bool(keepalive and conn.parser.finish_body())

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Any) -> None:
        """Refuse in our words what gunicorn cannot read."""
        held = ResponseBuffer(client)
        super().handle_error(req, held, addr, exc)
        match = STATUS.match(b"".join(held.data))
        status, what = int(match[1]) if match else 400, f"The request is malformed: {exc}"[:200]
        with suppress(OSError):
            client.sendall(written(refusal(problems.of_status(status, what))))

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Keep the connection or let it go, and let the next upload in."""
        if not self.gated:
            super().finish_request(conn, fs)
            return
        self.answering.pop(conn, None)
        was_cut = conn in self.cut  # where its next request begins, nobody knows
        self.cut.discard(conn)
        if self.uploads.pop(conn, None) and self.queued:
            self._admit(self.queued[0], self.arriving[self.queued[0]])
        kept = not fs.cancelled() and not fs.exception() and fs.result()
        if kept and not was_cut:
            super().finish_request(conn, fs)
        else:
            self._leave(conn, watch=not was_cut)

    def murder_pending(self) -> None:
        """Do what time demands; the main loop calls this at least once a second."""
        if not self.gated:
            super().murder_pending()
            return
        waiting = self.leaving or self.arriving
        if waiting and self.nr_conns >= self.worker_connections:
            self._drop(next(iter(waiting)))  # the slowest makes room for somebody new
        now = time.monotonic()
        if now < self.swept + SWEEP:
            return
        self.swept = now
        # A worker that stops does not begin to wait for the slow.
        sooner = 0.0 if self.alive else self.request_seconds - self.linger_seconds
        for conn, arrival in list(self.arriving.items()):
            if now > arrival.until - sooner:
                self._refuse(conn, arrival)
        for conn in [conn for conn, until in self.leaving.items() if now > until]:
            self._drop(conn)
        for conn in [conn for conn, until in self.uploads.items() if now > until]:
            self.cut.add(conn)
            _shut(conn, socket.SHUT_RD)  # its thread reads an end
        for conn, until in list(self.answering.items()):  # at once, as threads add to it
            if now > until:
                _shut(conn, socket.SHUT_RDWR)  # its thread fails to write

    def _collect(self, conn: TConn, arrival: RequestBuffer) -> bool:
        """Take what has come; tell whether there is nothing more to wait for."""
        if not arrival.is_ready():
            data = _receive(conn)
            if data == b"":
                self._drop(conn)
                return True
            arrival.data += data or b""
            if not arrival.is_ready():
                return False
        self._admit(conn, arrival)
        return True

    def _on_arrival(self, conn: TConn, _: socket.socket) -> None:
        self._collect(conn, self.arriving[conn])

    def _admit(self, conn: TConn, arrival: RequestBuffer) -> None:
        """Give a request to a thread, or let it wait for one that may read it."""
        self._forget(conn)
        if _unread(conn) > UNREAD:  # it asks on and takes no answer
            self._leave(conn)
            return
        if not arrival.is_whole():
            if len(self.uploads) >= self.most_uploads:
                self.arriving[conn] = arrival
                self.queued.append(conn)
                return
            seconds = self.upload_seconds + arrival.size / 1e6
            self.uploads[conn] = time.monotonic() + min(seconds, self.longest_upload_seconds)
        conn.data_ready = True
        conn.parser = conn.parser or get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(arrival.data)
        if self._is_light(arrival):
            self.light.append(conn)
        else:
            super().enqueue_req(conn)

    def _is_light(self, arrival: RequestBuffer) -> bool:
        """Tell whether to answer takes less time than to hand the request to a thread and back."""
        return (
            self.batches is not None
            and arrival.is_whole()
            and (arrival.is_read() or (arrival.is_one_record() and self.batches.is_quick()))
            and self.light_requests.match(arrival.data) is not None
        )

    def _answer_light(self) -> None:
        """Answer the light requests of this turn: make all answers, store them at once, send."""
        assert self.batches is not None
        made: list[tuple[TConn, Future[Any], bytes]] = []
        with self.batches.gathering() as batch:
            for _ in range(min(len(self.light), TURN)):
                conn = self.light.popleft()
                done: Future[Any] = Future()
                held = conn.sock = ResponseBuffer(conn.sock)
                try:
                    with batch.of(conn):
                        done.set_result(self.handle(conn))
                finally:
                    conn.sock = held.sock
                made.append((conn, done, b"".join(held.data)))
        if batch.store(NO_WAIT):
            self._send(batch, made)
        else:  # a thread waits for the database, so that this one answers others
            waiting = self.tpool.submit(batch.store)
            waiting.add_done_callback(lambda _: self.method_queue.defer(self._send, batch, made))

    def _send(self, batch: Batch, made: list[tuple[TConn, Future[Any], bytes]]) -> None:
        """Send what is stored, and refusals in the place of what could not be."""
        refused = batch.refused()
        for conn, done, answer in made:
            other = refused.get(conn)
            with suppress(OSError):  # who is gone is noticed when the next request is awaited
                conn.sock.sendall(answer if other is None else written(other))
            if other is None:
                self.finish_request(conn, done)
            else:
                self.answering.pop(conn, None)
                self._leave(conn)

    def _refuse(self, conn: TConn, arrival: RequestBuffer) -> None:
        """Say why a request is not answered; say nothing where none was begun."""
        if not arrival.data:
            self._drop(conn)
            return
        late = f"The request did not arrive within {self.request_seconds:g} seconds."
        fix = "send its headers and its body without a pause"
        error = UserError(late, code="request_timeout", fix=fix)
        if conn in self.queued:
            what = "Too many large requests at once."
            error = UserError(what, code="too_many_uploads", fix="try again later")
        self._forget(conn)
        with suppress(OSError):
            conn.sock.send(written(refusal(error)), socket.MSG_DONTWAIT)
        self._leave(conn)

    def _leave(self, conn: TConn, *, watch: bool = True) -> None:
        """Close when the client has closed: before, what it still sends would void the answer."""
        self.leaving[conn] = time.monotonic() + self.linger_seconds
        if not _shut(conn, socket.SHUT_WR):
            self._drop(conn)
        elif watch:
            self._watch(conn, self._on_leaving)

    def _on_leaving(self, conn: TConn, _: socket.socket) -> None:
        if _receive(conn) == b"":
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> None:
        """Wait no more for anything from a connection."""
        deadlines = self.arriving.pop(conn, None), self.leaving.pop(conn, None)
        if deadlines == (None, None):
            return  # as most are, whose request came in one piece
        with suppress(ValueError):
            self.queued.remove(conn)
        with suppress(KeyError, ValueError):  # it is not watched, or closed
            self.poller.unregister(conn.sock)

    def _watch(self, conn: TConn, callback: Callable[[TConn, socket.socket], None]) -> None:
        self.poller.register(conn.sock, EVENT_READ, partial(callback, conn))


def _receive(conn: TConn) -> bytes | None:
    """Return what has come, nothing (b"") at its end, None where it is still to come."""
    try:
        return conn.sock.recv(COLLECTED, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _unread(conn: TConn) -> int:
    """Return how many bytes of answers the client has not taken, as the kernel counts them."""
    # The ioctl that tells the same lets go of the interpreter, which costs ten times as much.
    return int(MEMORY.unpack(conn.sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMORY.size))[5])


def _shut(conn: TConn, ways: int) -> bool:
    try:
        conn.sock.shutdown(ways)
    except OSError:
        return False
    return True
