"""A prepared dataset: read, cleaned and split, ready for training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from src.data import cleaning, sources, splitting
from src.data.cleaning import Cleaned
from src.data.schema import Dataset
from src.support import files
from src.support.errors import UserError

TRAIN, TEST, REJECTED, ORIGIN = "train.parquet", "test.parquet", "rejected.csv", "origin.json"


@dataclass(frozen=True)
class Prepared:
    """The training and test rows, and their origin."""

    train: pd.DataFrame
    test: pd.DataFrame
    origin: dict[str, Any]


def prepare(dataset: Dataset, seed: int) -> tuple[Prepared, Cleaned]:
    """Read, clean and split a dataset's source."""
    raw = sources.read(
        dataset.source,
        separator=dataset.separator,
        encoding=dataset.encoding,
        columns=dataset.source_columns(),
    )
    cleaned = cleaning.clean(raw.frame, dataset)
    parts = splitting.split(cleaned.rows, dataset, seed)
    origin = {"source": dataset.source, "md5": raw.md5, **cleaned.quality()}
    return Prepared(parts.train, parts.test, origin), cleaned


def save(path: Path, prepared: Prepared, cleaned: Cleaned) -> None:
    """Write a folder with both parts, the rejected rows and the origin, atomically."""
    with files.new_folder(path, "The prepared data") as fresh:
        prepared.train.to_parquet(fresh / TRAIN)
        prepared.test.to_parquet(fresh / TEST)
        (fresh / REJECTED).write_bytes(cleaned.rejected_csv())
        files.write_json(fresh / ORIGIN, prepared.origin)


def load(path: Path) -> Prepared:
    """Read what `save` wrote."""
    try:
        origin = json.loads((path / ORIGIN).read_text(encoding="utf-8"))
        return Prepared(pd.read_parquet(path / TRAIN), pd.read_parquet(path / TEST), origin)
    except FileNotFoundError:
        raise UserError(
            "The dataset is not prepared.", given=path, fix="dvc repro, which prepares it"
        ) from None
