"""What holds for rows that are scored from a file: the service answers with the same letters."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app.settings import Settings
from src import score
from src.config import paths
from tests.app import project
from tests.app.service import Service

ODD = {  # rows that say it otherwise, that warn, and that are none
    "stones": [
        '" 1.50 ",57.0,Ideal,NA,',
        "19.99,57,Fair,1e2,12",
        "-1,57,Ideal,3,1",
        "1.5,5.5,Bad,x,1",
        "1.5,57",
    ],
    "debts": ["250,nowhere,12,", "2.5e2,north,,1", "0,north,12,1", "250,south,soon,0"],
    "notes": ['"the ""rose"", by\nthe hedge;=1+1",garden', ",kitchen", "unheard of words,office"],
}
PAIRS = [(name, model) for name, models in project.MODELS.items() for model in models]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scored")
    project.make(made)
    with contextlib.chdir(made):
        project.retell(paths.BUNDLES / "debts" / "xgboost", "manifest.json", decide)
    return made


def decide(manifest: dict[str, Any]) -> None:
    """Let a bundle decide by a threshold, and leave some rows to a person."""
    manifest["decision"] = {"threshold": 0.42, "band": [0.2, 0.45], "costs": None}


@pytest.fixture(scope="module")
def service(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    var = tmp_path_factory.mktemp("var")
    with contextlib.chdir(folder):
        made = Service(Settings(var=str(var), disk_floor=0.0))
        yield made
        made.close()


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(("name", "model"), PAIRS)
def test_a_file_is_scored_as_the_service_answers_it(
    service: Service, folder: Path, tmp_path: Path, name: str, model: str
) -> None:
    head, *rows = (folder / "data" / f"{name}.csv").read_text().splitlines()
    lines = [f"key,{head}", *(f"k{at},{row}" for at, row in enumerate([*rows, *ODD[name]]))]
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(lines) + "\n")
    asked = f"/v1/{name}/predictions?partial=true&explain=true&model={model}"
    answer = service.ask(
        asked, "POST", body=source.read_bytes(), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    words = [f"dataset={name}", f"source={source}", f"model={model}", "rows=50", "processes=1"]
    with contextlib.chdir(folder):
        for to in ("scored.csv", "scored.parquet"):
            score.score(score.request([*words, f"to={tmp_path / to}", "explain=true"]))
    told, *expected = cells(answer.text)
    header, *found = cells((tmp_path / "scored.csv").read_bytes().decode())
    has_id = told.index("id")
    assert header == [*told[:has_id], *told[has_id + 1 :]]
    width = len(head.split(",")) + 1
    came = [[*row, *[""] * width][:width] for row in cells(source.read_text())[1:]]
    for row, one, other in zip(came, found, expected, strict=True):
        assert one[:width] == row, "as it was written, in its place"
        assert bool(one[-1]) == bool(other[-1]), "both refuse a row, each in its words"
        assert one[width:-1] == other[width:has_id]
    if (name, model) == ("debts", "xgboost"):
        assert {row[header.index("abstains")] for row in found} == {"true", "false", ""}
    assert 0 < sum(bool(row[-1]) for row in found) < len(ODD[name])
    table = pq.read_table(tmp_path / "scored.parquet").to_pylist()
    target = f"predicted_{project.TARGETS[name]}"
    for one, row in zip(found, table, strict=True):
        assert (row[target] is None) == bool(one[-1])
        assert row["key"] == one[0]
        if "low" in row and row["low"] is not None:
            assert [float(one[header.index(end)]) for end in ("low", "high")] == [
                row["low"],
                row["high"],
            ]
