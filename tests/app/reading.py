"""A service for all the tests of a file that change nothing; a test takes `reader`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from tests.app import project
from tests.app.service import LOG, TABLES, Service
from tests.app.templates import Templates


@dataclass(frozen=True)
class Shared:
    """A service that is not to be changed, and the project that it stands in."""

    home: Path
    service: Service

    def state(self) -> list[Any]:
        """Return what tells whether a test has changed anything but the log."""
        rows = [self.service.rows(table) for table in TABLES if table not in LOG]
        paths = [path for path in self.home.rglob("*") if path.is_file()]
        return [rows, {path: project.stamp(path) for path in paths}]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_service(
    request: pytest.FixtureRequest, trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    """Start a service on each kind of database in turn, and see that nobody has changed it."""
    templates: Templates = request.getfixturevalue(f"{request.param}_templates")
    folder = tmp_path_factory.mktemp("shared")
    project.copy(trained, folder / "home")
    url, var = templates.database("started", folder), folder / "var"
    templates.fill(var)
    settings = Settings(var=str(var), database_url=url, wait=0.3, disk_floor=0.0)
    with contextlib.chdir(folder / "home"):
        service = Service(settings)
    with closing(service):
        shared = Shared(folder / "home", service)
        before = shared.state()
        yield shared
        assert shared.state() == before, "a test of this file changes what it shares with others"
    templates.drop(url)


@pytest.fixture
def reader(shared_service: Shared, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Return a service that other tests use too, with an empty log: nothing else may change."""
    monkeypatch.chdir(shared_service.home)
    service = shared_service.service
    service.empty_log()
    return service
