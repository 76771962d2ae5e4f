"""A gunicorn worker whose threads make answers and whose main loop sends them.

gunicorn's own threaded worker sends an answer from the thread that made it, which then waits for
the client to take it: as many clients as threads that do not read freeze it. Here a thread leaves
an answer to the main loop, which sends what sockets take and can wait for all at once; of an answer
in pieces a thread makes the next one when the client has taken the one before.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from app.http.exchange import ENVIRON
from app.http.loop.outgoing import Outgoing
from app.http.loop.readers import Limits, Readers

UNSENT = 131_072  # bytes that the system keeps for a connection beside those on their way
NOTSENT_LOWAT = 25  # of Linux, whose name the socket module does not have
RESET = struct.pack("ii", 1, 0)  # close at once, and tell the client that there was more
LOOK = 1.0  # seconds between two looks at who reads
OnEvent = Callable[[TConn, socket.socket], None]
LAST = 2.0  # seconds before the end of a stop in which what is cut is recorded


class SendingWorker(ThreadWorker):
    """Send answers from the main loop; bound what those who do not take them hold."""

    linger_seconds = 2.0  # for a client to read the last answer before its connection is closed

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What is encrypted or framed otherwise is left to gunicorn's own threads.
        self.gated = (
            not self.cfg.is_ssl
            and self.cfg.protocol == "http"
            and self.cfg.proxy_protocol == "off"
            and self.cfg.http2_cleartext == "off"
        )
        self.readers = Readers(Limits())
        self.alive: bool
        self.leaving: dict[TConn, float] = {}  # answered for the last time, and until when
        self.ends_at: float | None = None  # of a worker that stops: when it cuts what it sends
        self._looked = 0.0

    def limit_readers(self, limits: Limits) -> None:
        """Set what clients that do not take their answers may hold."""
        in_all = min(limits.in_all, self.worker_connections // 2)  # others have room
        self.readers.limits = replace(limits, in_all=in_all)

    def init_process(self) -> None:
        """Serve, with little in the system's buffers; connections inherit that."""
        for listener in self.sockets:
            with suppress(OSError):  # a Unix socket has one bound alone
                listener.setsockopt(socket.IPPROTO_TCP, NOTSENT_LOWAT, UNSENT)
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        """Make the answer to a request; return it, with whether the connection is kept."""
        if not self.gated:
            return super().handle(conn)
        outgoing = conn.sock = Outgoing(conn.sock)
        try:
            outgoing.is_kept = super().handle(conn)
        finally:
            conn.sock = outgoing.sock
        return outgoing

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Have the application answer, and keep what it says."""
        if not self.gated:
            return bool(super().handle_request(req, conn))
        environ: dict[str, Any] = {}
        response = None
        try:
            self.cfg.pre_request(self, req)
            began = datetime.now()
            response, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg)
            environ["wsgi.multithread"] = True
            if not self._count():
                response.force_close()
            body = self.wsgi(environ, response.start_response)
            self._keep(conn.sock, environ, response, body)
            self.log.access(response, req, environ, datetime.now() - began)
            return not response.should_close()
        except Exception:
            conn.sock.discard()
            raise
        finally:
            self._post_request(req, environ, response)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Send what a thread has made."""
        if not self.gated:
            super().finish_request(conn, fs)
        elif fs.cancelled() or fs.exception():
            self._drop(conn)
        else:
            self._send(conn, fs.result())

    def murder_pending(self) -> None:
        """Do what time demands; the main loop calls this at least once a second."""
        now = time.monotonic()
        if not self.gated:
            super().murder_pending()
        elif now >= self._looked + LOOK:
            self._looked = now
            slow = self.readers.look(now)
            for conn in self.readers if self._has_to_end(now) else slow:
                self._cut(conn, self.readers.pop(conn))
            for conn in [conn for conn, until in self.leaving.items() if now > until]:
                self._drop(conn)

    def _count(self) -> bool:
        """Count a request, as gunicorn does; tell whether its connection may have another."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        is_full = len(self.keepalived_conns) >= self.max_keepalived
        return bool(self.alive and self.cfg.keepalive and not is_full)

    def _keep(self, outgoing: Outgoing, environ: dict[str, Any], response: Any, body: Any) -> None:
        exchange = environ.get(ENVIRON)
        outgoing.peer = exchange.client if exchange else environ["REMOTE_ADDR"]
        if not isinstance(body, list | tuple):
            outgoing.follow(response, body)
            if response._omits_body:  # as of HEAD
                outgoing.close()
            return
        for part in body:
            response.write(part)
        response.close()

    def _post_request(self, req: Any, environ: dict[str, Any], response: Any) -> None:
        try:
            self.cfg.post_request(self, req, environ, response)
        except Exception:
            self.log.exception("Exception in post_request hook")

    def _send(self, conn: TConn, outgoing: Outgoing) -> None:
        """Send what the socket takes of an answer, and see to the rest when it is its time."""
        try:
            is_taken = outgoing.flush()
        except OSError:  # the client is gone
            self._cut(conn, outgoing)
            return
        if not is_taken:
            self._await_reader(conn, outgoing)
        elif not outgoing.is_ended:
            self._pull(conn, outgoing)
        elif outgoing.is_kept:
            self._await_request(conn)
        else:
            self._leave(conn)

    def _await_reader(self, conn: TConn, outgoing: Outgoing) -> None:
        self.readers.add(conn, outgoing, time.monotonic())
        self._watch(conn, self._on_writable, EVENT_WRITE)
        while (slow := self.readers.superfluous(outgoing.peer)) is not None:
            self._cut(slow, self.readers.pop(slow))

    def _on_writable(self, conn: TConn, _: socket.socket) -> None:
        outgoing = self.readers.pop(conn)
        if outgoing is not None:  # it was not cut in this very turn
            self._unwatch(conn)
            self._send(conn, outgoing)

    def _pull(self, conn: TConn, outgoing: Outgoing) -> None:
        """Have a thread make the next piece."""
        made = self.tpool.submit(outgoing.pull)
        made.add_done_callback(
            lambda _: self.method_queue.defer(self._pulled, conn, outgoing, made)
        )

    def _pulled(self, conn: TConn, outgoing: Outgoing, made: Future[None]) -> None:
        error = made.exception()
        if error is not None:
            self.log.error("an answer could not be completed", exc_info=error)
        if error is not None or self._has_to_end(time.monotonic()):
            self._cut(conn, outgoing)
        else:
            self._send(conn, outgoing)

    def _has_to_end(self, now: float) -> bool:
        """Tell whether a worker that stops has no more time for those who read slowly."""
        if self.alive:
            return False
        if self.ends_at is None:
            self.ends_at = now + max(self.cfg.graceful_timeout - LAST, 0)
        return now >= self.ends_at

    def _cut(self, conn: TConn, outgoing: Outgoing | None) -> None:
        """End a connection in the midst of an answer, so that its client sees that it is cut."""
        self._unwatch(conn)
        with suppress(OSError):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._drop(conn)
        if outgoing is not None and not outgoing.is_ended:
            self.tpool.submit(self._give_up, outgoing)

    def _give_up(self, outgoing: Outgoing) -> None:
        try:
            outgoing.close()
        except Exception:
            self.log.exception("an answer that was cut could not be closed")

    def _await_request(self, conn: TConn) -> None:
        """Take the next request, which may have been read already, or wait for it."""
        if conn.parser and conn.parser.unreader.buf.getvalue():
            self.enqueue_req(conn)
            return
        self._keep_open(conn)
        self._watch(conn, self.on_client_socket_readable)

    def _keep_open(self, conn: TConn) -> None:
        """Keep a connection for its next request, for a while."""
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)

    def _leave(self, conn: TConn, *, watch: bool = True) -> None:
        """Close when the client has closed: before, what it still sends would void the answer."""
        self.leaving[conn] = time.monotonic() + self.linger_seconds
        if not shut(conn, socket.SHUT_WR):
            self._drop(conn)
        elif watch:
            self._watch(conn, self._on_leaving)

    def _on_leaving(self, conn: TConn, _: socket.socket) -> None:
        if receive(conn) == b"":
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        if self.leaving.pop(conn, None) is not None:
            self._unwatch(conn)
        self.nr_conns -= 1
        conn.close()

    def _watch(self, conn: TConn, callback: OnEvent, event: int = EVENT_READ) -> None:
        self.poller.register(conn.sock, event, partial(callback, conn))

    def _unwatch(self, conn: TConn) -> None:
        with suppress(KeyError, ValueError):  # it is not watched, or closed
            self.poller.unregister(conn.sock)


def receive(conn: TConn, most: int = 65_536) -> bytes | None:
    """Return what has come, nothing (b"") at its end, None where it is still to come."""
    try:
        return conn.sock.recv(most, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def shut(conn: TConn, ways: int) -> bool:
    """Close a connection in one way or both; tell whether it was open."""
    try:
        conn.sock.shutdown(ways)
    except OSError:
        return False
    return True
