"""A prepared dataset: read, cleaned and split, ready for training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from src.data import cleaning, rare, sources, splitting
from src.data.cleaning import Cleaned
from src.data.past import rows as past
from src.data.past.series import NAME as PAST
from src.data.schema import Dataset
from src.data.sources import Fault
from src.support import files
from src.support.errors import UserError

TRAIN, TEST, REJECTED, ORIGIN = "train.parquet", "test.parquet", "rejected.csv", "origin.json"


@dataclass(frozen=True)
class Prepared:
    """The training and test rows, their origin, and the past that a service needs, if any."""

    train: pd.DataFrame
    test: pd.DataFrame
    origin: dict[str, Any]
    past: bytes | None = None


def prepare(dataset: Dataset, seed: int, folds: int = 2) -> tuple[Prepared, Cleaned]:
    """Read, clean and split a dataset's source, for as many folds of cross-validation."""
    raw = sources.read(dataset.source, columns=dataset.source_columns(), **dataset.reading())
    every = cleaning.with_others(raw, dataset)
    parts, cleaned = divide(every, dataset, seed, folds, raw.faults)
    origin = {"source": dataset.source, "md5": raw.md5, **cleaned.quality()}
    return Prepared(parts.train, parts.test, origin, past.kept(cleaned.rows, dataset)), cleaned


def divide(
    raw: pd.DataFrame,
    dataset: Dataset,
    seed: int,
    folds: int,
    of_source: Mapping[object, Fault] | None = None,
) -> tuple[splitting.Parts, Cleaned]:
    """Clean rows of text, look into their past, split them, and set aside too rare classes.

    A class is too rare with fewer rows than there are folds.
    """
    cleaned = cleaning.clean(raw, dataset, of_source)
    notes = (*cleaned.notes, *past.notes(cleaned.rows, dataset))
    cleaned = replace(cleaned, rows=past.added(cleaned.rows, dataset), notes=notes)
    aside = rare.set_aside(splitting.split(cleaned.rows, dataset, seed), dataset, folds)
    return aside.parts, cleaned.without(raw, aside.dropped, cleaning.RARE, aside.note)


def save(path: Path, prepared: Prepared, cleaned: Cleaned) -> None:
    """Write a folder with both parts, the rejected rows and the origin, atomically."""
    with files.new_folder(path, "The prepared data") as fresh:
        prepared.train.to_parquet(fresh / TRAIN)
        prepared.test.to_parquet(fresh / TEST)
        (fresh / REJECTED).write_bytes(cleaned.rejected_csv())
        files.write_json(fresh / ORIGIN, prepared.origin)
        if prepared.past is not None:
            (fresh / PAST).write_bytes(prepared.past)


def load(path: Path) -> Prepared:
    """Read what `save` wrote."""
    try:
        origin = json.loads((path / ORIGIN).read_text(encoding="utf-8"))
        kept = (path / PAST).read_bytes() if (path / PAST).is_file() else None
        return Prepared(pd.read_parquet(path / TRAIN), pd.read_parquet(path / TEST), origin, kept)
    except FileNotFoundError:
        raise UserError(
            "The dataset is not prepared.", given=path, fix="dvc repro, which prepares it"
        ) from None
