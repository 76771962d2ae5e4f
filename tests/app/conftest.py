"""What the tests of the service share: a trained project, both databases, and the api on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import falcon.testing
import peewee
import pytest

from app import __main__ as command_line
from app.registry import loaded
from app.registry import store as version_store
from app.registry.loaded import LoadedVersion
from app.registry.store import Registered
from app.request_log.recorder import Recorder
from app.settings import Settings
from app.store import database as databases
from src.config import paths
from src.inference import bundle
from src.support import extras
from tests.app import project
from tests.app.hands import Hands
from tests.app.postgres import postgres, postgres_url  # noqa: F401 - pytest finds them here
from tests.app.reading import reader, shared_service  # noqa: F401
from tests.app.service import Service
from tests.app.templates import (  # noqa: F401 - pytest finds the fixtures here
    State,
    Templates,
    postgresql_templates,
    sqlite_templates,
)

MakeService = Callable[..., Service]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with two bundles of each of three datasets; it is not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    project.make(folder)
    return folder


@pytest.fixture(scope="session")
def bundle_files(trained: Path) -> list[Path]:
    """List the files of the trained bundles, to which copies of the project are linked."""
    return [path for path in (trained / paths.BUNDLES).rglob("*") if path.is_file()]


@pytest.fixture
def home(
    trained: Path, bundle_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Stand in a copy of the trained project, as the service does; a test may change it.

    The bundles' files are links: they are replaced, and not written to.
    """
    folder = tmp_path / "home"
    project.copy(trained, folder)
    monkeypatch.chdir(folder)
    # What a power cut would lose is going to be thrown away.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    before = [project.stamp(path) for path in bundle_files]
    yield folder
    now = [project.stamp(path) for path in bundle_files]
    assert now == before, "a bundle was written to, and not replaced"


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Let time pass only when the test says so."""
    return Hands(monkeypatch)


@pytest.fixture
def serves_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be installed but what the service needs."""
    monkeypatch.setattr(extras, "has", lambda _: False)


@pytest.fixture
def load_serving(home: Path, tmp_path: Path) -> Callable[..., LoadedVersion]:
    """Return a function that loads a bundle as the service does, its manifest changed or not."""

    def load(dataset: str, model: str, change: Callable[[Any], Any] | None = None) -> LoadedVersion:
        path = paths.BUNDLES / dataset / model
        if change is not None:
            project.retell(path, "manifest.json", change)
        manifest = bundle.read_manifest(path)
        version = Registered(dataset, 3, version_store.digest(manifest), model, "", manifest)
        place = version.path(tmp_path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(path.absolute())
        return loaded.load(version, tmp_path, most_records=10, longest_text=100)

    return load


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database, of each kind in turn, as the other fixtures begin with it."""
    templates: Templates = request.getfixturevalue(f"{request.param}_templates")
    states: dict[str, State] = {"service": "started", "database": "migrated"}
    state = next((states[name] for name in states if name in request.fixturenames), "empty")
    url = templates.database(state, tmp_path)
    yield url
    templates.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[peewee.Database]:
    """Open a database that has the tables and nothing in them."""
    with closing(databases.connect(database_url, "process", 1.0)) as database:
        yield database


@pytest.fixture
def run_command(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Return a function that runs a command of the service and returns what it prints."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LAPIDARY_VAR", str(tmp_path / "var"))

    def run(*words: str) -> str:
        capsys.readouterr()
        command_line.run(words)
        return capsys.readouterr().out

    return run


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    var = str(tmp_path / "var")
    return Settings(var=var, database_url=database_url, wait=0.3, disk_floor=0.0)


@pytest.fixture
def make_service(home: Path, settings: Settings) -> Iterator[MakeService]:
    """Return a function that starts the service, with other settings where they are given."""
    with ExitStack() as stack:

        def make(**changes: Any) -> Service:
            given = {name: getattr(settings, name) for name in settings.__struct_fields__}
            return stack.enter_context(closing(Service(Settings(**{**given, **changes}))))

        yield make


@pytest.fixture
def service(
    make_service: MakeService, settings: Settings, request: pytest.FixtureRequest
) -> Service:
    """Start the service on what its first start has left: nothing is registered anew."""
    kind = settings.database_url.partition(":")[0]
    request.getfixturevalue(f"{kind}_templates").fill(settings.folder())
    return make_service()


@pytest.fixture
def api(service: Service) -> Recorder:
    return service.api


@pytest.fixture
def client(service: Service) -> falcon.testing.TestClient:
    return service.client
