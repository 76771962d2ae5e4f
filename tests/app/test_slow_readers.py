"""Who does not read holds nobody: a real service, and sockets that ask and take no answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.store import clock, ids
from app.store import database as databases
from app.store.tables import Request
from tests.app.server import PATIENCE, Server, running

pytestmark = pytest.mark.slow

STATIC = "/docs/swagger-ui-bundle.js"
EXPORT = "/v1/requests?format=csv"
LABELS = "/v1/stones/labels?format=ndjson"
PREDICTIONS = "/v1/stones/predictions"
SMALL = 4096  # bytes that a client's kernel takes for it
SEGMENT = 536  # bytes of a packet, as over a network; on loopback they are 65,483
PROMPT = 10.0  # seconds, where a stall of threads takes 30 and more


def fill_log(server: Server, count: int) -> None:
    """Write requests into the log, of which a file is a few hundred bytes each."""
    names = [field.name for field in Request._meta.sorted_fields]
    empty = {field.name: None for field in Request._meta.sorted_fields if field.null}
    first = ids.at(time.time() - 86_400)
    rows = [
        {
            **empty,
            "id": number,
            "at": clock.stamp(),
            "method": "GET",
            "path": "/v1/" + "x" * 190,
            "query": "",
            "status": 200,
            "milliseconds": 1.0,
            "is_prediction": 0,
        }
        for number in ids.following(first, count, 0)
    ]
    database = databases.connect(f"sqlite://{server.database}", "process", PATIENCE)
    with closing(database), databases.writing(database):
        for at in range(0, count, 1000):
            chunk = [[row[name] for name in names] for row in rows[at : at + 1000]]
            Request.insert_many(chunk, names).execute(database)


@contextmanager
def asking(server: Server, path: str, count: int) -> Iterator[list[socket.socket]]:
    """Ask over as many connections, whose answers are left where they are."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(ask(server, path))) for _ in range(count)]


def ask(server: Server, path: str, version: str = "1.1") -> socket.socket:
    """Ask over a connection whose kernel takes little."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    return client


def received(client: socket.socket) -> tuple[bytes, bool]:
    """Read what there is; tell whether it has an end, by HTTP's own rules."""
    data = bytearray()
    try:
        while not data.endswith(b"\r\n0\r\n\r\n"):
            more = client.recv(65_536)
            if not more:
                break
            data += more
    except ConnectionResetError:
        return bytes(data), False
    return bytes(data), data.endswith(b"\r\n0\r\n\r\n")


def deliveries(server: Server, path: str = "/v1/requests") -> list[str | None]:
    """Return how each request of a path ended, as the log has it; the oldest first."""
    rows = server.ask("GET", f"/v1/requests?path={path}&limit=1000")[1]["requests"]
    return [row["delivery"] for row in rows if row["delivery"] is not None][::-1]


def memory(server: Server) -> float:
    """Return the megabytes that the worker holds for itself."""
    (worker,) = server.workers()
    lines = Path(f"/proc/{worker}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


@pytest.mark.parametrize("path", [STATIC, EXPORT])
def test_others_are_answered_while_forty_read_nothing(
    home: Path, tmp_path: Path, path: str
) -> None:
    with running(home, tmp_path / "var", workers="1") as server:
        fill_log(server, 20_000)
        record = server.ask("GET", "/v1/stones")[1]["example"]
        with asking(server, path, 40):
            time.sleep(1)
            for _ in range(5):
                assert server.ask("GET", "/readyz", timeout=PROMPT)[0] == 200
                assert server.ask("POST", PREDICTIONS, record, timeout=PROMPT)[0] == 200
                # This one is answered by a thread.
                assert server.ask("POST", PREDICTIONS, [record], timeout=PROMPT)[0] == 200
                assert server.ask("GET", STATIC, timeout=PROMPT)[0] == 200
    assert "Traceback" not in server.log.read_text()


def test_a_slow_reader_gets_its_whole_file(home: Path, tmp_path: Path) -> None:
    with running(home, tmp_path / "var", workers="1", stalled="8") as server:
        fill_log(server, 4000)
        with closing(ask(server, EXPORT)) as client:
            data, until = bytearray(), time.monotonic() + 20
            while time.monotonic() < until:  # for longer than one may take nothing
                data += client.recv(100)
                time.sleep(0.1)
            rest, is_whole = received(client)
        assert is_whole
        assert (bytes(data) + rest).count(b"/v1/xx") == 4000
        assert deliveries(server) == ["complete"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_stalled_one_is_cut_and_recorded_as_cut(home: Path, tmp_path: Path, version: str) -> None:
    with running(home, tmp_path / "var", workers="1", stalled="1") as server:
        fill_log(server, 20_000)
        with closing(ask(server, EXPORT, version)) as client:
            server.wait_until(lambda: deliveries(server) == ["begun"], "it is on its way")
            server.wait_until(lambda: deliveries(server) == ["cut"], "it is cut")
            data, is_whole = received(client)
            assert data
            assert not is_whole
            if version == "1.0":  # whose end is that of the connection
                assert data.startswith(b"HTTP/1.0 200")


def test_memory_stays_bounded_beside_two_hundred_stalled(home: Path, tmp_path: Path) -> None:
    with running(
        home, tmp_path / "var", workers="1", slow_readers="200", slow_readers_per_address="200"
    ) as server:
        fill_log(server, 20_000)
        server.ask("GET", EXPORT)
        before = memory(server)
        with asking(server, EXPORT, 200):
            server.wait_until(lambda: deliveries(server).count("begun") == 200, "all are begun")
            time.sleep(2)
            assert deliveries(server).count("begun") == 200
            assert memory(server) - before < 200 * 0.6  # of which a piece is half
    assert "Traceback" not in server.log.read_text()


def test_beyond_the_limit_who_took_nothing_for_the_longest_is_cut(
    home: Path, tmp_path: Path
) -> None:
    with running(home, tmp_path / "var", workers="1", slow_readers_per_address="3") as server:
        fill_log(server, 20_000)
        with ExitStack() as stack:
            clients: list[Any] = []
            for number in range(1, 6):
                clients.append(stack.enter_context(closing(ask(server, EXPORT))))
                server.wait_until(lambda n=number: len(deliveries(server)) == n, "it is begun")
                time.sleep(0.2)
            expected = ["cut", "cut", "begun", "begun", "begun"]
            server.wait_until(lambda: deliveries(server) == expected, "two are cut")
            assert received(clients[2])[1]


def test_a_stop_ends_what_is_not_read_and_records_it(home: Path, tmp_path: Path) -> None:
    with running(home, tmp_path / "var", workers="1") as server:
        fill_log(server, 20_000)
        taken: list[bool] = []
        with closing(ask(server, EXPORT)) as stalled, closing(ask(server, EXPORT)) as reader:
            server.wait_until(lambda: deliveries(server) == ["begun"] * 2, "both are begun")
            thread = threading.Thread(target=lambda: taken.append(received(reader)[1]))
            server.process.terminate()
            thread.start()
            server.process.wait(PATIENCE)
            thread.join(PATIENCE)
            assert taken == [True]
            assert stalled
        database = databases.connect(f"sqlite://{server.database}", "process", PATIENCE)
        with closing(database):
            rows = Request.select(Request.delivery).where(Request.delivery.is_null(False))
            assert {one for (one,) in rows.tuples().execute(database)} == {"cut", "complete"}
