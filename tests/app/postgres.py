"""A PostgreSQL server for the tests, thrown away after them; a test takes `postgres_url`."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.watchdog import guarding

# What a power cut would lose was going to be thrown away. synchronous_commit stays on, since
# without it a server that is stopped at once forgets what it has acknowledged.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
"""


class Server:
    """A server on the loopback, behind a password: its superuser may run any program."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.data = folder / "data"
        self.password = secrets.token_urlsafe()
        self.port = _free_port()

    def url(self, database: str) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make the data folder, and everything in it the server's own user's."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.getuid() == 0:
            shutil.chown(self.folder, _user())
            shutil.chown(secret, _user())
        self._run(
            *("initdb", "-D", str(self.data), "--username=postgres", "--encoding=UTF8"),
            *("--no-locale", "--no-sync", "--auth=scram-sha-256", f"--pwfile={secret}"),
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}port = {self.port}\n")

    def start(self) -> None:
        """Start, and wait until it answers; a test may stop it and start it again."""
        self._run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Stop at once, as if the power had gone for those who are connected."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it and those of its processes that serve anybody, without a word to them."""
        master = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        numbers = [master, *map(int, children)]
        for number in numbers:
            os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            for number in reversed(numbers):
                os.kill(number, signal.SIGCONT)

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def make_database(self, template: str = "template1") -> str:
        """Make a database like another one, to which nobody is connected; return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def guard(self) -> AbstractContextManager[None]:
        """Stop it and remove its folder when the tests are killed: its parent is the system."""
        words = (self.programs / "pg_ctl", "stop", "-m", "immediate", "-D", self.data)
        stop = shlex.join(str(word) for word in words)
        remove = shlex.join(["rm", "-rf", str(self.folder)])
        return guarding(f"{stop}; {remove}", cwd="/", **_as_user())

    def _run(self, program: str, *words: str) -> None:
        # pg_ctl leaves the server its own output, so a pipe here would never end.
        said = self.folder / "said"
        with said.open("w") as output:
            result = subprocess.run(
                [self.programs / program, *words],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **_as_user(),
            )
        if result.returncode:
            log = self.folder / "log"
            raise RuntimeError(said.read_text() + (log.read_text() if log.exists() else ""))


@contextmanager
def running() -> Iterator[Server]:
    """Run a server, and leave nothing of it behind."""
    programs = _programs()
    if programs is None:
        raise LookupError("no PostgreSQL server here: apt-get install postgresql")
    if importlib.util.find_spec("psycopg") is None:
        raise LookupError("no driver for PostgreSQL here: pip install 'psycopg[binary]'")
    # Under /tmp whatever TMPDIR says: another user has to reach it.
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    try:
        server = Server(programs, folder)
        server.create()
        with server.guard():
            server.start()
            try:
                yield server
            finally:
                if (server.data / "postmaster.pid").exists():
                    server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run one server for all tests; without PostgreSQL, skip them, but for CI, which must not."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PG")]:
            patch.delenv(name)  # libpq reads them, and they tell of another server
        try:
            with running() as server:
                yield server
        except LookupError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error))
            pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """Give each test an empty database of its own."""
    url = postgres.make_database()
    yield url
    postgres.drop_database(url)


def _programs() -> Path | None:
    """Find the newest server's programs; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    return debian[-1].parent if debian else None


def _user() -> str:
    """Return whom the server runs as where the tests run as root, which it refuses."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    return {"user": _user(), "group": pwd.getpwnam(_user()).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
