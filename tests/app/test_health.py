from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.store import integrity
from app.store.integrity import Report
from app.store.tables import Request
from src.config import paths
from tests.app import project
from tests.app.service import Service


def ruin(service: Service, name: str) -> None:
    """Damage all versions of a dataset, and the bundles that they would be copied from again."""
    for folder in (service.settings.folder() / "versions" / name, paths.BUNDLES / name):
        for path in folder.glob("*/predictor.json"):
            project.replace(path, b"{}")


def test_it_lives(service: Service) -> None:
    assert service.ask("/healthz").json == {"status": "alive"}


def test_it_is_ready(service: Service) -> None:
    answer = service.ask("/readyz")
    assert answer.status_code == 200
    assert answer.json["status"] == "ready"
    assert answer.json["models"] == {"ok": True, "served": ["debts", "notes", "stones"]}
    assert answer.json["database"] == {"ok": True}
    assert answer.json["disk"]["free_megabytes"] > 0


def test_a_dataset_that_cannot_be_loaded_does_not_hold_the_others(
    service: Service, make_service: Callable[..., Service]
) -> None:
    ruin(service, "notes")
    answer = make_service().ask("/readyz")
    assert answer.status_code == 200
    models = answer.json["models"]
    assert (models["ok"], models["served"]) == (True, ["debts", "stones"])
    assert models["missing"] == ["notes"]
    assert "damaged" in models["refused"]["notes"]
    assert "python -m app datasets retire" in models["fix"]


def test_where_none_can_be_loaded_it_is_not_ready(
    service: Service, make_service: Callable[..., Service]
) -> None:
    for name in project.MODELS:
        ruin(service, name)
    answer = make_service().ask("/readyz")
    assert answer.status_code == 503
    assert answer.json["models"]["missing"] == ["debts", "notes", "stones"]


def test_a_full_disk_is_not_ready(make_service: Callable[..., Service]) -> None:
    answer = make_service(disk_floor=1e12).ask("/readyz")
    assert answer.status_code == 503
    assert answer.json["status"] == "not ready"
    assert [answer.json[name]["ok"] for name in ("models", "database", "disk")] == [
        True,
        True,
        False,
    ]


def test_a_database_that_takes_no_rows_is_not_ready_and_nothing_is_predicted(
    service: Service,
) -> None:
    with service.database:
        service.database.execute_sql("ALTER TABLE request RENAME TO away")
    answer = service.ask("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"]["error"]
    refused = service.predict()
    assert refused.status_code == 503
    assert "price" not in refused.text
    with service.database:
        service.database.execute_sql("ALTER TABLE away RENAME TO request")
    assert service.ask("/readyz").status_code == 200
    assert service.predict().status_code == 200
    assert b"lapidary_log_failures_total 1.0" in service.ask("/metrics").content


def test_a_folder_that_is_gone_is_not_ready(service: Service, tmp_path: Path) -> None:
    (tmp_path / "var").rename(tmp_path / "away")
    answer = service.ask("/readyz")
    assert answer.status_code == 503
    assert answer.json["disk"] == {"ok": False, "error": "No such file or directory"}


def test_damage_is_not_ready_and_a_figure(service: Service) -> None:
    assert service.ask("/readyz").json["integrity"] == {"ok": True, "state": "being checked"}
    integrity.look(service.settings)
    ready = service.ask("/readyz")
    assert ready.status_code == 200
    assert ready.json["integrity"]["state"] == "sound"
    assert b"lapidary_database_damaged 0.0" in service.ask("/metrics").content
    report = Report("2026-01-01T00:00:00Z", "quick_check", is_sound=False, errors=["Tree 3 page 9"])
    (service.settings.folder() / integrity.NAME).write_bytes(msgspec.json.encode(report))
    ready = service.ask("/readyz")
    assert ready.status_code == 503
    assert ready.json["integrity"]["state"] == "damaged"
    assert "restore a backup" in ready.json["integrity"]["fix"]
    assert "Tree" not in ready.text, "what is wrong is for the log"
    figures = service.ask("/metrics").content
    assert b"lapidary_database_damaged 1.0" in figures
    assert b"lapidary_database_checked_timestamp_seconds 1.7672256e+09" in figures


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_row_of_the_log_is_told_and_stops_nothing(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    assert service.ask("/v1/datasets").status_code == 200
    Request.update(path="/other").execute(service.database)
    integrity.look(service.settings)
    ready = service.ask("/readyz")
    assert ready.status_code == 200
    assert ready.json["integrity"]["state"] == "sound"
    assert ready.json["integrity"]["damaged_rows"] == 1
    assert b"lapidary_damaged_rows 1.0" in service.ask("/metrics").content
    assert "of request is not what was stored; answers go on" in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_leave_no_trace(service: Service, path: str, method: str) -> None:
    answer = service.ask(path, method)
    assert answer.status_code == 200
    assert (answer.text == "") == (method == "HEAD")
    assert service.rows() == []
