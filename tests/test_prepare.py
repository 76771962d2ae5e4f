from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from src import compose, prepare
from src.data import prepared
from src.support.errors import UserError

QUALITY = Path("metrics/stones/quality.json")
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
def tracked(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Stand in a project that tracks the dataset `stones`, composed."""
    source = project / "data" / "stones.csv"
    source.write_text(source.read_text() + "-1,3,Good,5\n0.1,0,Fair,100.5\n")
    (project / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    compose.compose()
    capsys.readouterr()
    return project


def quality() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(QUALITY.read_text())
    return found


def test_both_parts_and_the_counts_are_written(
    tracked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare.prepare("stones")
    ready = prepared.load(Path("artifacts/data/stones"))
    train, test = len(ready.train), len(ready.test)
    assert train + test == 40
    assert list(ready.train) == list(ready.test)
    assert set(ready.train) == {"carat", "facets", "cut", "price"}
    (leak,) = quality()["findings"]
    assert (leak["rule"], leak["columns"]) == ("leaks", ["carat"]), "a line without noise"
    assert ready.origin["findings"] == [leak]
    assert quality() == {
        "rows": 42,
        "accepted": 40,
        "rejected": 2,
        "rejected_share": round(2 / 42, 6),
        "by_rule": {"out_of_range": 1, "duplicate": 1},
        "findings": [leak],
    }
    rejected = Path("artifacts/data/stones/rejected.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in rejected] == ["line", "42", "43"]
    first, *rest = capsys.readouterr().out.splitlines()
    counts = f"{train} rows to train, {test} to test"
    assert first == f"stones: {counts}, 2 rejected (out_of_range 1, duplicate 1)"
    assert any("carat alone tells" in line for line in rest)


def test_without_rejected_rows_no_rule_is_named(
    tracked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tracked / "data" / "stones.csv"
    source.write_text("\n".join(source.read_text().splitlines()[:-2]))
    prepare.prepare("stones")
    assert capsys.readouterr().out.splitlines()[0].endswith(" to test, 0 rejected")


def test_where_nothing_is_found_nothing_is_said(
    tracked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tracked / "data" / "stones.csv"
    first, *lines = source.read_text().splitlines()
    prices = random.Random(1).sample([line.split(",")[3] for line in lines], len(lines))
    drawn = [f"{line.rpartition(',')[0]},{one}" for line, one in zip(lines, prices, strict=True)]
    source.write_text("\n".join([first, *drawn]))
    prepare.prepare("stones")
    assert quality()["findings"] == []
    assert "what to do" not in capsys.readouterr().out


def test_the_same_source_gives_the_same_bytes(tracked: Path) -> None:
    def outputs() -> dict[Path, bytes]:
        prepare.prepare("stones")
        paths = [QUALITY, *Path("artifacts/data/stones").iterdir()]
        return {path: path.read_bytes() for path in paths}

    assert outputs() == outputs()


def test_what_is_composed_decides_and_not_what_stands_in_conf(tracked: Path) -> None:
    path = tracked / "conf" / "dataset" / "stones.yaml"
    path.write_text(path.read_text().replace("max: 20", "max: 1"))
    prepare.prepare("stones")
    assert quality()["accepted"] == 40


def test_too_many_faults_are_told_and_the_last_parts_stay(tracked: Path) -> None:
    prepare.prepare("stones")
    before = {path: path.read_bytes() for path in Path("artifacts/data/stones").iterdir()}
    counts = QUALITY.read_bytes()
    source = tracked / "data" / "stones.csv"
    source.write_text(source.read_text().replace(",Good,", ",Nice,"))
    with pytest.raises(UserError, match="break the rules"):
        prepare.prepare("stones")
    assert {path: path.read_bytes() for path in Path("artifacts/data/stones").iterdir()} == before
    assert QUALITY.read_bytes() == counts


@pytest.mark.parametrize("name", ["stone", "diamonds", ""])
def test_a_dataset_that_is_not_tracked_lists_those_that_are(tracked: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"Unknown tracked dataset '{name}'") as caught:
        prepare.prepare(name)
    assert caught.value.choices == ["stones"]
    assert not QUALITY.exists()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("stones", 0, ""), ("stone", 1, "Error: Unknown tracked dataset 'stone'.\n")],
)
def test_the_command(tracked: Path, root: Path, name: str, code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "src.prepare", name],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert QUALITY.exists() == (code == 0)
    assert bool(done.stderr) == bool(said)
