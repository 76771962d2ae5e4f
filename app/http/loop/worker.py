"""A gunicorn worker whose threads get a request once it has arrived, so that the slow wait alone.

gunicorn's own threaded worker gives a connection to a thread at the first byte, which then waits
for the rest without an end: as many clients as threads that stop in the middle freeze it. Here the
main loop, which can wait for all at once, collects a request and hands it on when it is whole.
What it cannot collect (over 64 KiB, chunked, Expect: 100-continue) is read by a thread, under a
deadline, and never by all threads at once. How answers are sent: app.http.loop.sending.

An application that has `batches` is asked in the main loop itself what its `light` matches, where
it is small: threads of one interpreter take turns, and to hand over what takes 200 microseconds
takes as long again. Those that come in one turn of the loop are stored in one commit, before the
first of them is answered. While its database is not quick, threads wait for it.

    gunicorn --worker-class app.http.loop.worker.GatedWorker app:api
"""

from __future__ import annotations

import os
import re
import resource
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn

from app.http import problems
from app.http.batch import Batch, Batches, refusal, written
from app.http.exchange import ENVIRON
from app.http.loop import plain_request
from app.http.loop.outgoing import Outgoing
from app.http.loop.plain_answer import PlainAnswer
from app.http.loop.plain_request import PLAIN, PlainRequests
from app.http.loop.reloads import reloads
from app.http.loop.request_buffer import COLLECTED, RequestBuffer
from app.http.loop.sending import OnEvent, SendingWorker, receive, shut
from src.support.errors import UserError

NO_WAIT = 0.02  # seconds that the main loop waits for a database
TURN = 16  # light requests that are answered together
SWEEP = 0.1  # seconds between two looks at the deadlines
NOTHING = re.compile(rb"(?!)")
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) ")


class GatedWorker(SendingWorker):
    """Collect requests in the main loop; bound the time of those that a thread reads."""

    request_seconds = 10.0  # for a request, or its first 64 KiB, to arrive
    upload_seconds = 30.0  # for the rest, and a second more for each megabyte ...
    longest_upload_seconds = 600.0  # ... but no more than this, whatever length is announced

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A worker that may open no more files dies of the next connection.
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.worker_connections = min(self.cfg.worker_connections, files // 2)
        self.max_keepalived = self.worker_connections - self.cfg.threads
        self.most_uploads = max(1, self.cfg.threads - 1)
        self.arriving: dict[TConn, RequestBuffer] = {}
        self.queued: deque[TConn] = deque()  # arriving, and waiting for a place among uploads
        self.uploads: dict[TConn, float] = {}  # that a thread reads, and until when
        self.cut: set[TConn] = set()  # those of them that took too long
        self.swept = 0.0
        self.is_replaced = False  # others take over; until they serve, this one does
        self.batches: Batches | None = None
        self.light_requests = NOTHING  # by their first lines
        self.root = ""  # the sub-path of what we write
        self.count_unlogged: Callable[[int], None] = lambda _: None  # what is refused here
        # To be answered in the main loop: plain requests by their environ, others by the parser.
        self.light: deque[tuple[TConn, dict[str, Any] | None]] = deque()
        self.plain: PlainRequests | None = None
        self.watched: set[TConn] = set()  # being answered, and watched for what comes after that

    def run(self) -> None:
        """Serve until told to stop, or the master is gone, which is noticed at once."""
        with suppress(OSError):  # it is gone already
            self.poller.register(os.pidfd_open(self.ppid), EVENT_READ, self._on_orphaned)
        reloads.serve(self.age)
        super().run()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop; where others are to take over, when they serve, or when told a second time."""
        if self.gated and reloads.is_replaced(self.age) and not self.is_replaced:
            self.is_replaced = True
            return
        super().handle_exit(sig, frame)

    def is_parent_alive(self) -> bool:
        """Tell whether the master lives; where not, let go of the port for who comes after it."""
        if super().is_parent_alive():
            return True
        self.set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        return False

    def _on_orphaned(self, pidfd: int) -> None:
        self.poller.unregister(pidfd)  # the loop looks for the master when it has been woken
        os.close(pidfd)

    def load_wsgi(self) -> None:
        """Load the application; one that has `batches` answers light requests in the main loop."""
        super().load_wsgi()
        self.know(self.wsgi)

    def know(self, app: Any) -> None:
        """Take what an application says of its requests."""
        self.batches = getattr(app, "batches", None)
        self.light_requests = getattr(app, "light", NOTHING)
        self.count_unlogged = getattr(app, "count_unlogged", self.count_unlogged)
        self.root = getattr(app, "root", "")
        takes_plain = self.gated and getattr(app, "takes_plain", False)
        if takes_plain and plain_request.are_read(self.cfg, self.log):
            self.plain = PlainRequests(self.cfg)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what clients send, then answer what is light."""
        super().wait_for_and_dispatch_events(0 if self.light else timeout)
        if self.light:
            self._answer_light()

    def enqueue_req(self, conn: TConn) -> None:
        """Wait for the next request of a connection that is new, readable or was read ahead."""
        if not self.gated:
            super().enqueue_req(conn)
            return
        ahead = conn.parser.unreader.take_buffered() if conn.parser else b""
        self._begin(conn, RequestBuffer(ahead, time.monotonic() + self.request_seconds))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Take the next request of a connection that was kept.

        One that is answered in this turn stays watched: not to watch it and to watch it again takes
        as long as to read a plain request.
        """
        if self.plain is None:
            super().on_client_socket_readable(conn, client)
            return
        if conn in self.watched:  # there is more, which has its time after the answer
            return
        data = receive(conn, COLLECTED)
        if data is None:
            return
        self.keepalived_conns.remove(conn)
        arrival = RequestBuffer(data, time.monotonic() + self.request_seconds)
        if (environ := self._plain_environ(conn, arrival)) is not None:
            self.watched.add(conn)
            self.light.append((conn, environ))
            return
        self.poller.unregister(client)
        if data:
            self._begin(conn, arrival)
        else:
            self._drop(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Leave out what the application did not read; of a whole request, that is in memory."""
        if self.gated and conn not in self.uploads:
            return bool(keepalive and conn.parser.finish_body())
        if self.gated and conn.sock.is_ended:
            conn.sock.flush()  # who still sends may be waiting for the refusal
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        """Refuse in our words what gunicorn cannot read."""
        theirs = Outgoing(client)
        super().handle_error(req, theirs, addr, exc)
        match = STATUS.match(b"".join(theirs.data))
        status, what = int(match[1]) if match else 400, f"The request is malformed: {exc}"[:200]
        self.count_unlogged(status)
        with suppress(OSError):
            client.sendall(written(refusal(problems.of_status(status, what), self.root)))

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Send what a thread has made, and let the next upload in."""
        if self.uploads.pop(conn, None):
            conn.sock.setblocking(False)
            if conn in self.cut and not fs.cancelled() and not fs.exception():
                fs.result().is_kept = False  # where its next request begins, nobody knows
            if self.queued:
                self._admit(self.queued[0], self.arriving[self.queued[0]])
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Do what time demands; the main loop calls this at least once a second."""
        super().murder_pending()
        if not self.gated:
            return
        if self.is_replaced and reloads.are_served():
            self.alive = False
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        now = time.monotonic()
        if now < self.swept + SWEEP:
            return
        self.swept = now
        # A worker that stops does not begin to wait for the slow.
        sooner = 0.0 if self.alive else self.request_seconds - self.linger_seconds
        for conn, arrival in list(self.arriving.items()):
            if now > arrival.until - sooner:
                self._refuse(conn, arrival)
        for conn in [conn for conn, until in self.uploads.items() if now > until]:
            self.cut.add(conn)
            shut(conn, socket.SHUT_RD)  # its thread reads an end

    def _make_room(self) -> None:
        """Let the slowest go, so that somebody new can come."""
        if waiting := self.leaving or self.arriving:
            self._drop(next(iter(waiting)))
        elif slow := list(self.readers):
            self._cut(slow[0], self.readers.pop(slow[0]))

    def _begin(self, conn: TConn, arrival: RequestBuffer) -> None:
        """Take what has come of a request, and wait for the rest."""
        if not self._collect(conn, arrival):
            self.arriving[conn] = arrival
            self._watch(conn, self._on_arrival)

    def _collect(self, conn: TConn, arrival: RequestBuffer) -> bool:
        """Take what has come; tell whether there is nothing more to wait for."""
        if not arrival.is_ready():
            data = receive(conn, COLLECTED)
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
        if not arrival.is_whole():
            if len(self.uploads) >= self.most_uploads:
                self.arriving[conn] = arrival
                self.queued.append(conn)
                return
            seconds = self.upload_seconds + arrival.size / 1e6
            self.uploads[conn] = time.monotonic() + min(seconds, self.longest_upload_seconds)
            conn.sock.setblocking(True)
        if (environ := self._plain_environ(conn, arrival)) is not None:
            self.light.append((conn, environ))
            return
        conn.data_ready = True
        conn.parser = conn.parser or get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(arrival.data)
        if self._is_light(arrival):
            self.light.append((conn, None))
        else:
            super().enqueue_req(conn)

    def _plain_environ(self, conn: TConn, arrival: RequestBuffer) -> dict[str, Any] | None:
        """Return the environ of a light request that needs no parser; None of any other."""
        if self.plain is None or not self._is_light(arrival):
            return None
        return self.plain.read(arrival, conn.client, conn.server)

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
        made: list[tuple[TConn, Outgoing]] = []
        with self.batches.gathering() as batch:
            for _ in range(min(len(self.light), TURN)):
                conn, environ = self.light.popleft()
                with batch.of(conn):
                    outgoing = self.handle(conn) if environ is None else self._ask(conn, environ)
                    made.append((conn, outgoing))
        if batch.store(NO_WAIT):
            self._send_all(batch, made)
        else:  # a thread waits for the database, so that this one answers others
            for conn, _ in made:
                self._unwatch(conn)
            waiting = self.tpool.submit(batch.store)
            waiting.add_done_callback(
                lambda _: self.method_queue.defer(self._send_all, batch, made)
            )

    def _ask(self, conn: TConn, environ: dict[str, Any]) -> Outgoing:
        """Make the answer to a plain request."""
        outgoing, answer = Outgoing(conn.sock), PlainAnswer()
        try:
            is_kept = self._count() and environ[PLAIN]
            body = self.wsgi(environ, answer.start_response)
            outgoing.peer = environ[ENVIRON].client
            outgoing.sendall(answer.written(body, is_kept=is_kept))
            outgoing.is_kept = is_kept
        except Exception as error:
            outgoing.discard()
            self.handle_error(None, outgoing, conn.client, error)
        return outgoing

    def _send_all(self, batch: Batch, made: list[tuple[TConn, Outgoing]]) -> None:
        """Send what is stored, and refusals in the place of what could not be."""
        refused = batch.refused()
        for conn, outgoing in made:
            if conn in refused:
                outgoing.replace(written(refused[conn]))
            self._send(conn, outgoing)

    def _await_request(self, conn: TConn) -> None:
        if conn in self.watched:
            self.watched.remove(conn)
            self._keep_open(conn)
        else:
            super()._await_request(conn)

    def _watch(self, conn: TConn, callback: OnEvent, event: int = EVENT_READ) -> None:
        if conn in self.watched:
            self._unwatch(conn)
        super()._watch(conn, callback, event)

    def _unwatch(self, conn: TConn) -> None:
        self.watched.discard(conn)
        super()._unwatch(conn)

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
        self.count_unlogged(problems.status(error))
        with suppress(OSError):
            conn.sock.send(written(refusal(error, self.root)), socket.MSG_DONTWAIT)
        self._leave(conn)

    def _leave(self, conn: TConn, *, watch: bool = True) -> None:
        """Close when the client has; one that was cut off reads as if it had."""
        super()._leave(conn, watch=watch and conn not in self.cut)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.cut.discard(conn)
        if conn in self.watched:
            self._unwatch(conn)
        super()._drop(conn)

    def _forget(self, conn: TConn) -> None:
        """Wait no more for a request, or the rest of it."""
        if self.arriving.pop(conn, None) is None:
            return  # as most are, whose request came in one piece
        with suppress(ValueError):
            self.queued.remove(conn)
        self._unwatch(conn)
