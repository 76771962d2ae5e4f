"""A prepared dataset: read, cleaned and split, ready for training."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from src.data import cleaning, rare, sources, splitting
from src.data.cleaning import Cleaned
from src.data.coded import Rows, Table
from src.data.past.rows import Past
from src.data.past.series import NAME as PAST
from src.data.schema import Dataset
from src.data.sources import Fault
from src.support import files
from src.support.errors import UserError

TRAIN, TEST, REJECTED, ORIGIN = "train.parquet", "test.parquet", "rejected.csv", "origin.json"


@dataclass(frozen=True)
class Prepared(Generic[Table]):
    """The training and test rows, their origin, and the past that a service needs, if any."""

    train: Table
    test: Table
    origin: dict[str, Any]
    past: bytes | None = None


def prepare(dataset: Dataset, seed: int, folds: int = 2) -> tuple[Prepared[pd.DataFrame], Cleaned]:
    """Read, clean and split a dataset's source, for as many folds of cross-validation."""
    ready, cleaned = prepare_coded(dataset, seed, folds)
    whole = Prepared(ready.train.frame(), ready.test.frame(), ready.origin, ready.past)
    return whole, cleaned


def prepare_coded(
    dataset: Dataset, seed: int, folds: int = 2, rows: float = sources.BATCH
) -> tuple[Prepared[Rows], Cleaned]:
    """Do what `prepare` does a batch of rows at a time, and leave the rows coded.

    Of the text of a source there is one batch in memory, of typed rows the numbers of their cells.
    """
    # Whether a column has numbers or dates is seen in all of it.
    is_whole = dataset.split.method == "time" and dataset.split.column not in dataset.features
    stream = sources.Stream(
        dataset.source,
        columns=dataset.source_columns(),
        rows=math.inf if is_whole else rows,
        **dataset.reading(),
    )
    parts, cleaned = _split(_cleaned(stream, dataset), dataset, seed, folds)
    origin = {"source": dataset.source, "md5": stream.md5, **cleaned.quality()}
    return Prepared(parts.train, parts.test, origin, cleaned.past), cleaned


def _cleaned(stream: sources.Stream, dataset: Dataset) -> Cleaned:
    cleaner = cleaning.Cleaner(dataset)
    for raw in stream:
        cleaner.add(cleaning.with_others(raw, dataset), raw.faults)
    return cleaner.finished()


def divide(
    raw: pd.DataFrame,
    dataset: Dataset,
    seed: int,
    folds: int,
    of_source: Mapping[object, Fault] | None = None,
) -> tuple[splitting.Parts[pd.DataFrame], Cleaned]:
    """Clean rows of text, look into their past, split them, and set aside too rare classes.

    A class is too rare with fewer rows than there are folds.
    """
    parts, cleaned = _split(cleaning.clean(raw, dataset, of_source), dataset, seed, folds)
    return splitting.Parts(parts.train.frame(), parts.test.frame()), cleaned


def _split(
    cleaned: Cleaned, dataset: Dataset, seed: int, folds: int
) -> tuple[splitting.Parts[Rows], Cleaned]:
    cleaned = _with_past(cleaned, dataset)
    aside = rare.set_aside(splitting.split(cleaned.accepted, dataset, seed), dataset, folds)
    return aside.parts, cleaned.without(aside.dropped, cleaning.RARE, aside.note)


def _with_past(cleaned: Cleaned, dataset: Dataset) -> Cleaned:
    """Add the windows of the past to accepted rows; they ask for all rows at once."""
    if not dataset.windows():
        return cleaned
    past = Past.of(cleaned.rows, dataset)
    return replace(
        cleaned,
        accepted=Rows.of(past.added()),
        notes=(*cleaned.notes, *past.notes()),
        past=past.kept(),
    )


def save(path: Path, prepared: Prepared[Table], cleaned: Cleaned) -> None:
    """Write a folder with both parts, the rejected rows and the origin, atomically."""
    with files.new_folder(path, "The prepared data") as fresh:
        _write(fresh / TRAIN, prepared.train)
        _write(fresh / TEST, prepared.test)
        with (fresh / REJECTED).open("wb") as file:
            file.writelines(cleaned.csv_blocks())
        files.write_json(fresh / ORIGIN, prepared.origin)
        if prepared.past is not None:
            (fresh / PAST).write_bytes(prepared.past)


def _write(path: Path, part: pd.DataFrame | Rows) -> None:
    """Write rows as pandas does, a batch at a time."""
    if isinstance(part, pd.DataFrame):
        part.to_parquet(path)
        return
    first = part.batches[0]
    schema = pa.Schema.from_pandas(Rows([first.take(slice(0))]).frame())
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in part.batches:
            cells = [*(column.whole() for column in batch.columns.values()), batch.index]
            arrays = [
                pa.array(one, field.type, from_pandas=True)
                for one, field in zip(cells, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def load(path: Path) -> Prepared[pd.DataFrame]:
    """Read what `save` wrote."""
    try:
        origin = json.loads((path / ORIGIN).read_text(encoding="utf-8"))
        kept = (path / PAST).read_bytes() if (path / PAST).is_file() else None
        return Prepared(pd.read_parquet(path / TRAIN), pd.read_parquet(path / TEST), origin, kept)
    except FileNotFoundError:
        raise UserError(
            "The dataset is not prepared.", given=path, fix="dvc repro, which prepares it"
        ) from None
