from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry.store import FOLDER
from app.settings import Settings
from app.store import database as databases
from app.store.tables import Event, Version
from src.config import paths
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Service


def told(service: Service) -> list[dict[str, Any]]:
    """Return the versions and their events, but for when they came."""
    rows = [*service.rows(Version), *service.rows(Event)]
    return [{name: value for name, value in row.items() if name != "at"} for row in rows]


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_a_database_begins_empty(database_url: str) -> None:
    with closing(databases.connect(database_url, "process", 1.0)) as database:
        assert database.get_tables() == []


def test_a_migrated_one_is_each_tests_own(database: peewee.Database) -> None:
    assert "version" in database.get_tables()
    assert Version.select().count(database) == 0


def test_a_service_begins_with_what_a_first_start_leaves(
    service: Service, make_service: MakeService, settings: Settings, tmp_path: Path
) -> None:
    first = make_service(var=str(tmp_path / "new"), database_url=f"sqlite:///{tmp_path}/new.db")
    assert told(service) == told(first)
    assert files(settings.folder() / FOLDER) == files(tmp_path / "new" / FOLDER)


@pytest.mark.parametrize("path", [Path("stones/linear/manifest.json")])
def test_a_bundle_that_is_damaged_is_whole_elsewhere(home: Path, trained: Path, path: Path) -> None:
    project.damage(home / paths.BUNDLES / path)
    damaged = (home / paths.BUNDLES / path).read_bytes()
    assert damaged != (trained / paths.BUNDLES / path).read_bytes()
