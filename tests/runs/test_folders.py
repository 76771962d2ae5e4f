from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from src.runs import folders
from src.runs.folders import Run
from src.support import files


@pytest.fixture(autouse=True)
def _stand_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_starts_with_what_was_asked() -> None:
    run = folders.start("stones", "ridge", {"config": {"seed": 1}, "run": None})
    request = run.request()
    started = datetime.fromisoformat(request.pop("started"))
    assert started.utcoffset() is not None
    assert started.microsecond == 0
    assert request == {"config": {"seed": 1}, "run": None}
    assert json.loads((run.path / "request.json").read_text())["config"] == {"seed": 1}


def test_the_folder_says_the_dataset_the_time_and_the_model() -> None:
    run = folders.start("stones", "elastic_net", {})
    assert run.path.parent == Path("runs/stones")
    assert re.fullmatch(r"\d{8}T\d{6}Z-elastic_net-[0-9a-f]{6}", run.path.name)
    started = datetime.fromisoformat(run.request()["started"])
    assert run.path.name.startswith(f"{started:%Y%m%dT%H%M%SZ}-")


def test_runs_that_start_at_once_have_folders_of_their_own() -> None:
    started = {folders.start("stones", "ridge", {}).path for _ in range(20)}
    assert len(started) == 20
    assert {run.path for run in folders.every()} == started


def test_a_run_is_done_when_its_manifest_is_there() -> None:
    run = folders.start("stones", "ridge", {})
    assert not run.is_done
    files.write_json(run.path / "manifest.json", {"metrics": {"mae": 1.5}})
    assert run.is_done
    assert run.manifest() == {"metrics": {"mae": 1.5}}


def test_a_run_is_done_when_its_bundle_is_there() -> None:
    run = folders.start("stones", "ridge", {})
    (run.path / "bundle").mkdir()
    assert not run.is_done
    files.write_json(run.path / "bundle" / "manifest.json", {"model": "ridge"})
    assert run.is_done
    assert run.manifest() == {"model": "ridge"}


def test_every_run_of_every_dataset_is_listed_newest_first() -> None:
    for path in (
        "trees/20260102T000000Z-ridge-aaaaaa",
        "stones/20260103T000000Z-dummy-bbbbbb",
        "stones/20260101T235959Z-xgboost-ffffff",
    ):
        files.write_json(Path("runs") / path / "request.json", {"started": path})
    assert [run.path.name[:8] for run in folders.every()] == ["20260103", "20260102", "20260101"]
    assert [run.path.parent.name for run in folders.every()] == ["stones", "trees", "stones"]


def test_what_is_no_run_is_not_listed() -> None:
    Path("runs/stones/empty").mkdir(parents=True)
    Path("runs/.sweeps/0").mkdir(parents=True)
    Path("runs/stones/note.txt").write_text("")
    assert list(folders.every()) == []


def test_without_the_folder_there_are_no_runs() -> None:
    assert list(folders.every()) == []


def test_json_that_is_no_mapping_is_read_as_nothing() -> None:
    files.write_json(Path("runs/a/b/request.json"), [1])
    assert Run(Path("runs/a/b")).request() == {}
