"""The rows of a training: the file's and the labels', as text, exactly as they are frozen."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import pandas as pd
import peewee

from app.labels import store as label_store
from app.records.values import spelt
from app.trainings import belonging
from src.data import cleaning, sources, splitting
from src.data.cleaning import Cleaned
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.support.errors import UserError

SNAPSHOT = "snapshot.parquet"
LABEL = "label id"  # the name of a snapshot's index; empty for rows of the file


@dataclass(frozen=True)
class TrainingRows:
    """Rows of text with the ids of their labels: what a training starts from, to the byte."""

    frame: pd.DataFrame
    source: str
    md5: str | None  # of the file

    @property
    def labels(self) -> int:
        """Count the rows that are labels."""
        return int((self.frame.index != "").sum())

    def parquet(self) -> bytes:
        """Write the rows; the same rows give the same bytes."""
        packed = io.BytesIO()
        self.frame.to_parquet(packed)
        return packed.getvalue()


def gather(database: peewee.Database, dataset: Dataset, use: str) -> TrainingRows:
    """Read the labels, the file or both; labels stand first, the newest before the older.

    Where rows are one by their key the first is taken, and a person's word counts more than the
    file's. Where equal rows are kept, a label that `app snapshot` wrote into the file counts once.
    Raises UserError where there is nothing.
    """
    file, md5 = (stated((), dataset), None) if use == "labels" else _file(dataset)
    labels = stated((), dataset) if use == "file" else _labels(database, dataset, file)
    if dataset.duplicates == "keep":
        file = belonging.beyond(file, labels, dataset)
    frame = pd.concat([labels, file])
    if frame.empty:
        raise _none(dataset)
    names = {"file": dataset.source, "labels": "labels"}
    source = names.get(use) or f"labels and {dataset.source}"
    return TrainingRows(frame, source, md5)


def additions(database: peewee.Database, dataset: Dataset) -> pd.DataFrame:
    """Return the labels as rows to be added to the file, the oldest first.

    Where equal rows are kept, without those that are in it. Raises UserError where there are none.
    """
    file, _ = _file(dataset)
    labels = _labels(database, dataset, file).iloc[::-1]
    if labels.empty:
        raise _none(dataset)
    if dataset.duplicates != "keep":  # else whoever merges them sees that they are there
        return labels
    return belonging.beyond(labels, file, dataset)


def stated(rows: Iterable[dict[str, Any]], dataset: Dataset) -> pd.DataFrame:
    """Return labels as rows of text, as a CSV would have them, the newest first.

    Whose a label is, is missing where it does not say so.
    """
    blank = "" if "" in dataset.missing else dataset.missing[0]
    numbers, cells = [], []
    for label in rows:
        record = msgspec.json.decode(bytes(label["record"]))
        texts: dict[str, str | None] = {
            name: _cell(record.get(name), blank) for name in dataset.features
        }
        texts[dataset.target.name] = label["value"]
        for name in dataset.extra_columns():
            given = record.get(name)
            texts[name] = _usual(name, label, dataset) if given is None else _cell(given, blank)
        numbers.append(label["id"])
        cells.append([texts[name] for name in dataset.columns()])
    frame = pd.DataFrame(cells, columns=dataset.columns(), index=_index(numbers), dtype="str")
    return frame.iloc[::-1]


def prepare(gathered: TrainingRows, dataset: Dataset, seed: int) -> tuple[Prepared, Cleaned]:
    """Clean, split and inspect the rows as the pipeline does; their index is their position."""
    from src.learning.inspection import rows  # who only takes a snapshot need not wait for it

    cleaned = cleaning.clean(gathered.frame.reset_index(drop=True), dataset)
    parts = splitting.split(cleaned.rows, dataset, seed)
    snapshot = hashlib.sha256(gathered.parquet()).hexdigest()
    origin = {
        "source": gathered.source,
        "md5": gathered.md5,
        "labels": gathered.labels,
        "snapshot": snapshot,
        **cleaned.quality(),
    }
    ready = Prepared(parts.train, parts.test, origin)
    return rows.inspected(dataset, ready, cleaned, seed), cleaned


def frozen(data: bytes) -> pd.DataFrame:
    """Read the rows of a snapshot."""
    return pd.read_parquet(io.BytesIO(data))


def _index(numbers: list[str]) -> pd.Index:
    return pd.Index(numbers, name=LABEL, dtype="str")


def _cell(value: Any, blank: str) -> str:
    if value is None:
        return blank
    return value if isinstance(value, str) else spelt(float(value))


def _usual(name: str, label: dict[str, Any], dataset: Dataset) -> str | None:
    """Return what a label has in a column that it says nothing of; None where others tell."""
    if name == dataset.weight:
        return "1"
    if name == dataset.split.column and dataset.split.method == "time":
        return str(label["at"])
    return None


def _labels(database: peewee.Database, dataset: Dataset, file: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that count, each with a key, a group and a side."""
    labels = stated(label_store.current(database, dataset.name), dataset)
    return belonging.filled(labels, file, dataset)


def _file(dataset: Dataset) -> tuple[pd.DataFrame, str]:
    """Return the file's rows, which have no ids, and its MD5."""
    raw = sources.read(
        dataset.source,
        separator=dataset.separator,
        encoding=dataset.encoding,
        columns=dataset.columns(),
    )
    return raw.frame.set_axis(_index([""] * len(raw.frame))), raw.md5


def _none(dataset: Dataset) -> UserError:
    return UserError(
        f"There are no labels of '{dataset.name}' to train on.",
        fix=f"post some to /v1/{dataset.name}/labels, or train with use=file",
    )
