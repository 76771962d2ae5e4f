from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from src.config import tables
from src.data.schema import Dataset


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("data/stones.csv", "data/stones.csv"),
        ("data/other.parquet", "data/other.parquet"),
        ("data/deep/stones.jsonl", "data/deep/stones.jsonl"),
        ("stones.csv", "data/stones.parquet"),
        ("data/../stones.csv", "data/stones.parquet"),
        ("data/*.csv", "data/stones.parquet"),
        ("https://example.com/data/stones.csv", "data/stones.parquet"),
        ("postgresql://host/base", "data/stones.parquet"),
    ],
)
def test_rows_are_kept_in_a_file_that_dvc_tracks(
    make_dataset: Callable[..., Dataset], source: str, path: str
) -> None:
    dataset = make_dataset(source=source)
    assert tables.path(dataset) == Path(path)
    assert tables.is_elsewhere(dataset) == (path != source)
    assert tables.kept(dataset).source == path
