from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store import backup, clock
from app.store.tables import Training
from tests.app.service import Service

RunCommand = Callable[..., str]


def figures(service: Service) -> dict[str, float]:
    lines = re.findall(r"^(lapidary_[^ ]+) ([^ ]+)$", service.ask("/metrics").text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def test_what_an_operator_looks_at(service: Service) -> None:
    told = figures(service)
    assert told["lapidary_disk_free_bytes"] > 0
    assert told["lapidary_database_takes_rows"] == 1
    assert told["lapidary_log_waiting"] == 0
    assert told["lapidary_backup_timestamp_seconds"] == 0
    now = clock.now().timestamp()
    for what in ("trained", "promoted"):
        name = f'lapidary_champion_{what}_timestamp_seconds{{dataset="stones",version="1"}}'
        assert 0 <= now - told[name] < 24 * 3600


def test_trainings_are_counted_by_state(service: Service) -> None:
    asked = {"model": "naive_bayes", "use": "file"}
    for _ in range(2):
        assert service.post("/v1/notes/trainings", asked).status_code == 202
    with service.database:
        newest = Training.select(Training.id).order_by(Training.id.desc()).limit(1)
        number = newest.scalar(service.database)
        Training.update(state="running").where(Training.id == number).execute(service.database)
    told = figures(service)
    assert told['lapidary_trainings{state="queued"}'] == 1
    assert told['lapidary_trainings{state="running"}'] == 1


def test_a_database_that_takes_no_rows_is_told(service: Service) -> None:
    with service.database:
        service.database.execute_sql("ALTER TABLE request RENAME TO away")
    assert figures(service)["lapidary_database_takes_rows"] == 0


def test_a_folder_that_is_gone_leaves_its_figure_out(service: Service, tmp_path: Path) -> None:
    (tmp_path / "var").rename(tmp_path / "away")
    assert "lapidary_disk_free_bytes" not in figures(service)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_is_remembered(service: Service, run_command: RunCommand, tmp_path: Path) -> None:
    before = clock.now().timestamp()
    run_command("backup", str(tmp_path / "copy.db"))
    assert figures(service)["lapidary_backup_timestamp_seconds"] >= before - 1
    (service.settings.folder() / backup.LAST).write_text("broken")
    assert figures(service)["lapidary_backup_timestamp_seconds"] == 0
