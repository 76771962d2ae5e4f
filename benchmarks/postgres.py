"""What a request costs where its row is in PostgreSQL: CPU, bytes, commits; beside SQLite.

    python -m benchmarks.postgres <postgresql://... of an empty database> [seconds]

CPU is the processes' own time, which a busy machine moves less than it moves a rate; so the server
must run on this machine, and its processes must be ours to look at. It needs wrk and what the
pipeline made. docs/cloud.md computes with the figures.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.peers import wrk
from benchmarks.peers.lab import PATH, Lab, Side
from benchmarks.support import tables
from src.config import paths
from src.support.cli import guarded

PACKED = (1, 16, 64, 100)  # rows in a gzip: what waits together, and what it costs to be few
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What a request took."""

    rate: float
    worker: float  # microseconds of CPU
    database: float
    commits: float
    logged: float  # bytes of write-ahead log

    def row(self, name: str) -> list[str]:
        """Write it as a row of a table."""
        rest = f"{self.commits:.2f}", f"{self.logged:.0f}"
        return [name, f"{self.rate:.0f}", f"{self.worker:.0f}", f"{self.database:.0f}", *rest]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.postgres",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url")
    parser.add_argument("seconds", nargs="?", type=int, default=8, help="of load")
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.url, arguments.seconds))


def run(url: str, seconds: int) -> None:
    """Print what a request costs with both databases, and what a row weighs."""
    wrk.check()
    with (
        psycopg.connect(url, autocommit=True) as connection,
        tempfile.TemporaryDirectory(prefix="postgres-", dir=paths.BUNDLES.parent) as folder,
        closing(Lab(Path(folder).resolve(), sys.executable)) as lab,
    ):
        bodies = wrk.write(lab.records, Path(folder) / "bodies")
        costs = {
            "SQLite": _load(lab, bodies, seconds, None),
            "PostgreSQL": _load(lab, bodies, seconds, connection, DATABASE_URL=url),
        }
        rows = [one.row(name) for name, one in costs.items()]
        columns = ["log", "requests/s", "worker, us", "server, us", "commits", "WAL, bytes"]
        tables.show(f"a request, {wrk.CONNECTIONS} connections, {seconds} s", columns, rows)
        tables.show("a row, bytes", ["", "bytes"], _weights(connection))


def _load(lab: Lab, bodies: Path, seconds: int, connection: Any | None, **environment: str) -> Cost:
    server = lab.service("a service", workers=1, **environment)
    server.wait(PATH, lab.records[0])
    side = Side(server, PATH, bodies)
    side.load(1)  # the first second is for what is set up when it is first needed
    theirs = [] if connection is None else _processes(connection)
    before = [_cpu(server.workers()), _cpu(theirs), *_written(connection)]
    load = side.load(seconds)
    after = [_cpu(server.workers()), _cpu(theirs), *_written(connection)]
    server.stop()
    each = [(late - early) / load.requests for early, late in zip(before, after, strict=True)]
    return Cost(load.rate, each[0] * 1e6, each[1] * 1e6, *each[2:])


def _processes(connection: Any) -> list[int]:
    """Return the server's main process and all that it started by now."""
    (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    main = int(_fields(backend)[1])
    children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="utf-8")
    return [main, *map(int, children.split())]


def _cpu(processes: Iterable[int]) -> float:
    """Return the seconds of CPU that processes have taken."""
    return sum(float(ticks) for pid in processes for ticks in _fields(pid)[11:13]) / TICKS


def _fields(pid: int) -> list[str]:
    """Return what the system tells of a process, after its name."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()


def _written(connection: Any | None) -> tuple[float, float]:
    """Return the commits, and the bytes of write-ahead log, since there is this database."""
    if connection is None:
        return 0.0, 0.0
    time.sleep(1.5)  # backends tell of their commits once a second
    commits, logged = connection.execute(
        "SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
        " FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return float(commits), float(logged)


def _weights(connection: Any) -> list[list[str]]:
    """Return the bytes of a row: in the table, as JSON, and packed."""
    connection.execute("VACUUM ANALYZE request")
    query = "SELECT pg_total_relation_size('request')::float / count(*) FROM request"
    stored = connection.execute(query).fetchone()[0]
    found = connection.execute(
        "SELECT * FROM request WHERE is_prediction = 1 ORDER BY id DESC LIMIT %s", [max(PACKED)]
    )
    names = [column.name for column in found.description]
    lines = [_line(dict(zip(names, row, strict=True))) for row in found.fetchall()]
    whole = b"".join(lines)
    return [
        ["in PostgreSQL, with indexes", f"{stored:.0f}"],
        ["as a line of JSON", f"{len(whole) / len(lines):.0f}"],
        *([f"a gzip of {rows} lines", f"{_packed(lines[:rows])}"] for rows in PACKED),
    ]


def _packed(lines: list[bytes]) -> int:
    return len(gzip.compress(b"".join(lines), 6))


def _line(row: dict[str, Any]) -> bytes:
    bodies = {name: json.loads(row[name]) for name in ("request_body", "response_body")}
    return json.dumps({**row, **bodies}, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    main()
