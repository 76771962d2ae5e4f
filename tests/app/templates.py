"""What most tests begin with, made once and then copied: a migrated database, a started service."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from app.settings import Settings
from app.store import database as databases
from app.store.migrations import migrate
from tests.app import project
from tests.app.postgres import Server
from tests.app.service import Service

State = Literal["empty", "migrated", "started"]
DATABASE = "lapidary.db"


class Templates:
    """Databases of one kind and the var/ that belongs to them, in the states that tests ask for."""

    def __init__(self, folder: Path, trained: Callable[[], Path], server: Server | None) -> None:
        """Take the server of the databases; without one they are files of SQLite."""
        self._folder = folder
        self._trained = trained
        self._server = server
        self._urls: dict[State, str] = {}

    def database(self, state: State, folder: Path) -> str:
        """Return the URL of a new database in this state, in the folder or on the server."""
        if self._server is not None:
            template = "template1" if state == "empty" else self._url(state).rpartition("/")[2]
            return self._server.make_database(template)
        file = folder / DATABASE
        if state != "empty":
            shutil.copyfile(self._url(state).removeprefix("sqlite:///"), file)
            file.chmod(0o600)
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        """Remove a database of a server; a file is removed with its folder."""
        if self._server is not None:
            self._server.drop_database(url)

    def fill(self, var: Path) -> None:
        """Write what the start of a service leaves in var/; the versions' files are links."""
        self._url("started")
        source = self._folder / "var"
        shutil.copytree(source, var, copy_function=project.link, dirs_exist_ok=True)

    def _url(self, state: State) -> str:
        if state not in self._urls:
            folder = self._folder / state
            folder.mkdir()
            url = self.database("empty", folder)
            if state == "started":
                self._start(url)
            else:
                with closing(databases.connect(url, "process", 1.0)) as database:
                    migrate(database)
            self._urls[state] = url
        return self._urls[state]

    def _start(self, url: str) -> None:
        settings = Settings(var=str(self._folder / "var"), database_url=url, disk_floor=0.0)
        with contextlib.chdir(self._trained()):
            Service(settings).close()


@pytest.fixture(scope="session")
def sqlite_templates(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Templates:
    """Keep the templates of SQLite."""
    folder = tmp_path_factory.mktemp("sqlite_templates")
    return Templates(folder, lambda: request.getfixturevalue("trained"), None)


@pytest.fixture(scope="session")
def postgresql_templates(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, postgres: Server
) -> Templates:
    """Keep the templates of PostgreSQL."""
    folder = tmp_path_factory.mktemp("postgresql_templates")
    return Templates(folder, lambda: request.getfixturevalue("trained"), postgres)
