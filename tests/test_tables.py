from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from src import tables
from src.support import files
from src.support.errors import UserError


@pytest.fixture
def composed(project: Path) -> Path:
    """Stand in a project whose tracked dataset has a composed file."""
    path = project / "params.yaml"
    path.write_text(
        "dataset: stones\nmodel: ridge\nsearch: none\nseed: 1\nfolds: 3\n"
        "datasets: [stones]\nruns: {}\n"
    )
    confs = project / "artifacts/conf/prepared"
    confs.mkdir(parents=True)
    (confs / "stones.yaml").write_text("dataset: {source: data/stones.csv}\nseed: 1\n")
    return project


def test_the_file_of_each_dataset_stands_with_its_md5(composed: Path) -> None:
    tables.write()
    told = json.loads((composed / "artifacts/tables/stones.json").read_text())
    md5 = hashlib.md5((composed / "data/stones.csv").read_bytes()).hexdigest()
    assert told == {"source": "data/stones.csv", "md5": md5}


def test_a_file_that_is_missing_is_told_and_nothing_is_written(composed: Path) -> None:
    (composed / "data/stones.csv").unlink()
    with pytest.raises(UserError, match="'stones' are not there") as caught:
        tables.write()
    assert "python -m src.ingest dataset=stones mode=replace" in str(caught.value.fix)
    assert not (composed / "artifacts/tables").exists()
    files.write(composed / "data/stones.csv", b"a\n1\n")
    tables.write()
