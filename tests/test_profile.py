from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from src import compose, prepare, profile
from src.config import paths
from src.support.errors import UserError

PARAMS = {
    "dataset": "stones",
    "model": "dummy",
    "search": "none",
    "seed": 7,
    "folds": 3,
    "datasets": ["stones"],
    "runs": {"stones-dummy": {"dataset": "stones", "model": "dummy", "plot": "scatter"}},
}


@pytest.fixture
def prepared(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Stand in a project whose dataset `stones` is prepared."""
    (project / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    source = project / "data" / "stones.csv"
    source.write_text(source.read_text() + "-1,3,Good,5\n")
    compose.compose()
    prepare.prepare("stones")
    capsys.readouterr()
    return project


def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(paths.profile("stones").read_text(encoding="utf-8"))
    return found


def test_train_and_test_rows_are_described(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile.describe("stones")
    assert capsys.readouterr().out == "stones: 4 columns of 40 rows\n"
    document = told()
    assert document["rows"]["accepted"] == 40
    assert document["columns"][0]["rows"] == 40
    assert document["rejected"]["reasons"] == [
        {"reason": "carat is not above 0 and at most 20", "rows": 1, "lines": [42]}
    ]
    assert paths.profile("stones").read_text().count("\n") == 1


def test_it_names_the_rows_that_it_describes(prepared: Path) -> None:
    profile.describe("stones")
    first = told()["data"]
    profile.describe("stones")
    assert told()["data"] == first
    source = prepared / "data" / "stones.csv"
    source.write_text(source.read_text().replace("\n0.1,", "\n0.15,"))
    prepare.prepare("stones")
    profile.describe("stones")
    assert told()["data"]["md5"] != first["md5"]
    assert told()["data"]["prepared"] != first["prepared"]


def test_without_rejected_rows_no_reason_is_given(prepared: Path) -> None:
    source = prepared / "data" / "stones.csv"
    source.write_text("\n".join(source.read_text().splitlines()[:-1]))
    prepare.prepare("stones")
    profile.describe("stones")
    assert told()["rejected"] == {"by_rule": {}, "reasons": []}


def test_a_feature_may_be_called_as_the_table_of_the_rejected_is(prepared: Path) -> None:
    path = prepared / "conf" / "dataset" / "stones.yaml"
    path.write_text(path.read_text().replace("facets", "reasons"))
    source = prepared / "data" / "stones.csv"
    source.write_text(source.read_text().replace("facets", "reasons"))
    compose.compose()
    prepare.prepare("stones")
    profile.describe("stones")
    assert told()["rejected"]["reasons"][0]["lines"] == [42]


def test_a_dataset_that_is_not_prepared_says_what_to_do(project: Path) -> None:
    (project / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    compose.compose()
    with pytest.raises(UserError, match="not prepared"):
        profile.describe("stones")
    assert not paths.profile("stones").exists()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("stones", 0, ""), ("stone", 1, "Error: Unknown tracked dataset 'stone'.\n")],
)
def test_the_command(prepared: Path, root: Path, name: str, code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "src.profile", name],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == bool(said)
