"""The rows of a training: the file's and the labels', as text, exactly as they are frozen."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import peewee

from app.labels import store as label_store
from app.records.values import spelt
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
    found = [stated((), dataset)]
    md5 = None
    if use != "file":
        found = [stated(label_store.current(database, dataset.name), dataset)]
    if use != "labels":
        raw = sources.read(
            dataset.source,
            separator=dataset.separator,
            encoding=dataset.encoding,
            columns=dataset.columns(),
        )
        md5 = raw.md5
        file = raw.frame.set_axis(_index([""] * len(raw.frame)))
        found.append(beyond(file, found[0]) if dataset.duplicates == "keep" else file)
    frame = pd.concat(found)
    if frame.empty:
        raise UserError(
            f"There are no labels of '{dataset.name}' to train on.",
            fix=f"post some to /v1/{dataset.name}/labels, or train with use=file",
        )
    names = {"file": dataset.source, "labels": "labels"}
    source = names.get(use) or f"labels and {dataset.source}"
    return TrainingRows(frame, source, md5)


def stated(rows: Iterable[dict[str, Any]], dataset: Dataset) -> pd.DataFrame:
    """Return labels as rows of text, as a CSV would have them, the newest first."""
    blank = "" if "" in dataset.missing else dataset.missing[0]
    numbers, cells = [], []
    for label in rows:
        record = msgspec.json.decode(bytes(label["record"]))
        texts = {name: _cell(record.get(name), blank) for name in dataset.features}
        texts[dataset.target.name] = label["value"]
        texts |= {name: _extra(name, label, dataset) for name in dataset.extra_columns()}
        numbers.append(label["id"])
        cells.append([texts[name] for name in dataset.columns()])
    frame = pd.DataFrame(cells, columns=dataset.columns(), index=_index(numbers), dtype=str)
    return frame.iloc[::-1]


def beyond(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without those that are known; one known row is one row less."""
    left = Counter(known.itertuples(index=False, name=None))
    is_new = []
    for row in rows.itertuples(index=False, name=None):
        is_new.append(left[row] <= 0)
        left[row] -= 1
    return rows[np.array(is_new, dtype=bool)]


def prepare(gathered: TrainingRows, dataset: Dataset, seed: int) -> tuple[Prepared, Cleaned]:
    """Clean and split the rows as the pipeline does; their index is their position."""
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
    return Prepared(parts.train, parts.test, origin), cleaned


def frozen(data: bytes) -> pd.DataFrame:
    """Read the rows of a snapshot."""
    return pd.read_parquet(io.BytesIO(data))


def _index(numbers: list[str]) -> pd.Index:
    return pd.Index(numbers, name=LABEL, dtype="str")


def _cell(value: Any, blank: str) -> str:
    if value is None:
        return blank
    return value if isinstance(value, str) else spelt(float(value))


def _extra(name: str, label: dict[str, Any], dataset: Dataset) -> str:
    """Return what a label has in a column that is neither a feature nor the target."""
    if name in {*dataset.key, *dataset.group_columns}:
        return str(label["id"])
    if name == dataset.weight:
        return "1"
    if dataset.split.method == "time":
        return str(label["at"])
    return _side(label["id"], dataset.split.test)


def _side(number: str, share: float) -> str:
    """Tell on which side a label stands for ever, where the file has a column that says so."""
    drawn = hashlib.blake2b(number.encode(), digest_size=8).digest()
    return "test" if int.from_bytes(drawn) < int(share * 2**64) else "train"
