"""A worker's main loop in this process: real sockets, real threads, and the test turns it."""

from __future__ import annotations

import os
import socket
import time
from selectors import DefaultSelector
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn

from app.http.loop.worker import GatedWorker

PATIENCE = 20.0  # seconds for what should take a hundredth of one
CLIENT, SERVER = ("127.0.0.1", 40_000), ("127.0.0.1", 8000)


class Loop(GatedWorker):
    """A worker without a process of its own, which answers what comes through pairs of sockets."""

    def __init__(self, app: Any, *, is_plain: bool = True, **settings: Any) -> None:
        config = Config()
        for name, value in {"keepalive": 60, "threads": 2, **settings}.items():
            config.set(name, value)
        super().__init__(1, os.getppid(), [], None, 30, config, Logger(config))
        self.tpool, self.alive = self.get_thread_pool(), True
        self.poller = DefaultSelector()
        self.method_queue.init()
        self.poller.register(self.method_queue.fileno(), 1, self.method_queue.run_callbacks)
        self.made: list[TConn] = []
        self.wsgi = app
        self.know(app)
        if not is_plain:
            self.plain = None

    def connect(self) -> socket.socket:
        """Return a client's end of a new connection."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.nr_conns += 1
        self.made.append(TConn(self.cfg, ours, CLIENT, SERVER))
        self.enqueue_req(self.made[-1])
        return theirs

    def turn(self, seconds: float = 0.0) -> None:
        """Let the loop do what there is to do."""
        self.wait_for_and_dispatch_events(seconds)
        self.murder_keepalived()
        self.murder_pending()

    def answer(
        self, client: socket.socket, request: bytes, count: int = 1, *, is_all: bool = False
    ) -> bytes:
        """Send, and return what comes until there are so many answers or the connection ends.

        After `is_all` nothing more is sent, so that nothing more is waited for.
        """
        client.sendall(request)
        if is_all:
            client.shutdown(socket.SHUT_WR)
        return self.read(client, count, is_head=request.startswith(b"HEAD"))

    def read(self, client: socket.socket, count: int = 1, *, is_head: bool = False) -> bytes:
        """Return what comes until there are so many answers, or the connection ends."""
        data, until = b"", time.monotonic() + PATIENCE
        while not _has(data, count, is_head=is_head):
            assert time.monotonic() < until, data
            self.turn(0.01)
            try:
                more = client.recv(1_000_000)
            except BlockingIOError:
                continue
            if not more:
                break
            data += more
        return data

    def close(self) -> None:
        """End it, with all connections."""
        for conn in self.made:
            conn.close()
        self.tpool.shutdown()
        self.poller.close()
        self.method_queue.close()
        self.tmp.close()


def _has(data: bytes, count: int, *, is_head: bool) -> bool:
    """Tell whether there are so many whole answers."""
    for _ in range(count):
        head, blank, rest = data.partition(b"\r\n\r\n")
        if not blank:
            return False
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = 0 if is_head else int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return False
        data = rest[length:]
    return True
