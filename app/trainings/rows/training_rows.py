"""The rows of a training: the file's and the labels', as text, exactly as they are frozen."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import peewee

from app.labels import store as label_store
from app.records import csv_cells
from app.trainings.rows import authors, belonging
from src.config import tables
from src.data import cleaning, groups, sources, splitting
from src.data import prepared as preparing
from src.data.cleaning import Cleaned
from src.data.kinds.spelling import spelt
from src.data.past import rows as past
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.runs.comparison import hashes
from src.support.errors import UserError

SNAPSHOT = "snapshot.parquet"
PASSES = 3  # in search of labels that are too many, beside one for each key
LABEL = "label id"  # the name of a snapshot's index; empty for rows of the file
# A column of the file's rows: with equal numbers they agree in all that the YAML does not name. A
# copy of those columns themselves would be more than anybody asked for.
OTHERS = "other columns"


@dataclass(frozen=True)
class TrainingRows:
    """Rows of text with the ids of their labels: what a training starts from, to the byte.

    `keys` are the names of those whose word each row is, shape (rows,); `left_out` counts the
    labels that were more than their key's share. `beside` has the file's rows where they are not
    learnt from and judge nevertheless.
    """

    frame: pd.DataFrame
    source: str
    md5: str | None  # of the file
    keys: np.ndarray
    trusted: frozenset[str] = frozenset({authors.FILE})
    left_out: Mapping[str, int] = field(default_factory=dict)
    beside: pd.DataFrame | None = None

    @property
    def labels(self) -> int:
        """Count the rows that are labels."""
        return int((self.frame.index != "").sum())

    def parquet(self) -> bytes:
        """Write the rows; the same rows give the same bytes."""
        packed = io.BytesIO()
        self.frame.to_parquet(packed)
        return packed.getvalue()

    @property
    def bounded(self) -> set[str]:
        """Name the keys whose word has rows and is bounded."""
        return set(self.keys.tolist()) - self.trusted

    def too_many(self, most: float) -> list[str]:
        """Say of each key how many of its labels are left out, and by which rule."""
        return [
            f"{label_store.counted(count)} of the key '{key}' left out: the labels of one key are "
            f"at most {most:g} of the rows (labels.most_of_one_key)"
            for key, count in self.left_out.items()
        ]

    def keys_at(self, index: np.ndarray) -> np.ndarray:
        """Return whose word rows are by their index: positions, below 0 for rows of `beside`."""
        return np.where(index < 0, authors.FILE, self.keys[np.maximum(index, 0)])

    def without(self, is_left_out: np.ndarray) -> TrainingRows:
        """Return the rows without some, which are counted."""
        left_out = Counter(self.left_out) + Counter(self.keys[is_left_out].tolist())
        return replace(
            self,
            frame=self.frame[~is_left_out],
            keys=self.keys[~is_left_out],
            left_out=left_out,
        )


def gather(database: peewee.Database, dataset: Dataset, use: str) -> TrainingRows:
    """Read the labels, the file or both; labels stand first, the newest before the older.

    Where rows are one by their key the first is taken, and a person's word counts more than the
    file's. Where equal rows are kept, a label that `app snapshot` wrote into the file counts once.
    Raises UserError where there is nothing.
    """
    file, md5 = (stated((), dataset), None) if use == "labels" else _file(dataset)
    labels, keys = stated((), dataset), np.array([], dtype=object)
    if use != "file":
        labels, keys = _labels(database, dataset, file)
    trusted = authors.trusted(database, dataset)
    is_bounded = bool(set(keys.tolist()) - trusted)
    beside = _file_beside(dataset) if use == "labels" and is_bounded else None
    if is_bounded:
        # Whoever says what the file says has added nothing that could be too much.
        keys[belonging.is_in(labels, file if beside is None else beside, dataset)] = authors.FILE
    if _is_kept(file, dataset):
        # A label that may be left out yet takes no row of the file with it.
        stays = labels[np.isin(keys, list(trusted))]
        file = belonging.beyond(file, stays, dataset)
    frame = pd.concat([labels, file])
    if OTHERS in file:
        frame[OTHERS] = frame[OTHERS].fillna("")
    if frame.empty:
        raise _none(dataset)
    names = {"file": dataset.source, "labels": "labels"}
    source = names.get(use) or f"labels and {dataset.source}"
    every = np.concatenate([keys, np.full(len(file), authors.FILE, dtype=object)])
    return TrainingRows(frame, source, md5, every, trusted, beside=beside)


def bounded(gathered: TrainingRows, dataset: Dataset, seed: int) -> TrainingRows:
    """Return the rows without the labels that are more than their key's share.

    What those had taken the place of comes back, so that it is looked at again; each time the rows
    of another key may be too many.
    """
    if not gathered.bounded:
        return gathered
    words = (gathered.trusted, dataset, seed)
    others = None
    if dataset.duplicates == "first":
        others = authors.alone(gathered.frame, gathered.keys, *words)
    for _ in range(len(gathered.bounded) + PASSES):
        is_surplus = authors.surplus(gathered.frame, gathered.keys, *words, others)
        if not is_surplus.any() and others is None:
            break
        gathered, others = gathered.without(is_surplus), None
    return gathered


def additions(database: peewee.Database, dataset: Dataset) -> pd.DataFrame:
    """Return the labels as rows to be added to the file, the oldest first.

    Where equal rows are kept, without those that are in it. Raises UserError where there are none.
    """
    file, _ = _file(dataset)
    labels = _labels(database, dataset, file)[0].iloc[::-1]
    if labels.empty:
        raise _none(dataset)
    if not _is_kept(file, dataset):  # whoever merges them sees that they are there
        return labels
    return belonging.beyond(labels, file, dataset)


def stated(rows: Iterable[dict[str, Any]], dataset: Dataset) -> pd.DataFrame:
    """Return labels as rows of text, as a CSV would have them, the newest first.

    Whose a label is, is missing where it does not say so.
    """
    numbers, cells = [], []
    for label in rows:
        record = msgspec.json.decode(bytes(label["record"]))
        texts: dict[str, str | None] = {
            name: _cell(name, record.get(name), dataset) for name in dataset.source_features()
        }
        texts[dataset.target.name] = _truth(label["value"], dataset)
        for name in dataset.extra_columns():
            given = record.get(name)
            usual = _usual(name, label, dataset)
            texts[name] = usual if given is None else _cell(name, given, dataset)
        numbers.append(label["id"])
        cells.append([texts[name] for name in dataset.columns()])
    frame = pd.DataFrame(cells, columns=dataset.columns(), index=_index(numbers), dtype="str")
    return frame.iloc[::-1]


def prepare(
    gathered: TrainingRows, dataset: Dataset, seed: int, folds: int = 2
) -> tuple[Prepared, Cleaned]:
    """Clean, split and inspect the rows as the pipeline does; their index is their position."""
    from src.learning.inspection import rows  # who only takes a snapshot need not wait for it

    frame = gathered.frame.reset_index(drop=True)
    parts, cleaned = preparing.divide(frame, dataset, seed, folds)
    snapshot = hashlib.sha256(gathered.parquet()).hexdigest()
    origin = {
        "source": gathered.source,
        "md5": gathered.md5,
        "labels": gathered.labels,
        "snapshot": snapshot,
        **cleaned.quality(),
    }
    ready = Prepared(parts.train, parts.test, origin, cleaned.past)
    return rows.inspected(dataset, ready, cleaned, seed), cleaned


def judges(gathered: TrainingRows, ready: Prepared, dataset: Dataset, seed: int) -> pd.DataFrame:
    """Return the rows to judge by: those that test and, where it was not learnt from, the file's.

    The index of the file's is below 0, and no position.
    """
    if gathered.beside is None:
        return ready.test
    try:
        rows = cleaning.clean(gathered.beside.reset_index(drop=True), dataset).rows
        rows = past.added(rows, dataset)
        test = splitting.split(rows, dataset, seed).test
    except UserError:  # no reason to throw a finished training away
        return ready.test
    columns = [*dataset.features, dataset.target.name]
    if dataset.task != "regression":  # a class that nobody learnt cannot be answered
        test = test[test[dataset.target.name].isin(ready.train[dataset.target.name])]
    seen = {*hashes(ready.train, columns), *hashes(ready.test, columns)}
    test = test[~hashes(test, columns).isin(seen).to_numpy()]
    return pd.concat([ready.test, test.set_axis(-1 - np.arange(len(test)))])


def frozen(data: bytes) -> pd.DataFrame:
    """Read the rows of a snapshot."""
    return pd.read_parquet(io.BytesIO(data))


def _index(numbers: list[str]) -> pd.Index:
    return pd.Index(numbers, name=LABEL, dtype="str")


def _cell(name: str, value: Any, dataset: Dataset) -> str:
    """Write a value as a cell of the source: the file's rows and the labels are read alike."""
    cell = csv_cells.cell(name, value, dataset)
    return cell if isinstance(cell, str) else spelt(float(cell))


def _truth(value: str, dataset: Dataset) -> str:
    is_number = dataset.task == "regression"
    return dataset.written(dataset.target.name).words(value) if is_number else value


def _usual(name: str, label: dict[str, Any], dataset: Dataset) -> str | None:
    """Return what a label has in a column that it says nothing of; None where others tell."""
    if name == dataset.weight:
        return "1"
    if name in dataset.observed():
        return ""
    if name == dataset.split.column and dataset.split.method == "time":
        return str(label["at"])
    return None


def _labels(
    database: peewee.Database, dataset: Dataset, file: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the labels that count, each with a key, a group and a side, and whose word each is."""
    posted: dict[str, str] = {}

    def noted() -> Iterator[dict[str, Any]]:
        for row in label_store.current(database, dataset.name):
            posted[row["id"]] = row["key"]
            yield row

    labels = belonging.filled(stated(noted(), dataset), file, dataset)[dataset.columns()]
    keys = [posted[label] for label in labels.index]
    return labels, np.array(keys, dtype=object)


def _file(dataset: Dataset) -> tuple[pd.DataFrame, str]:
    """Return the file's rows, which have no ids, and its MD5."""
    kept = tables.path(dataset)
    source = str(kept) if kept.is_file() else dataset.source
    raw = sources.read(source, columns=dataset.source_columns(), **dataset.reading())
    every = cleaning.with_others(raw, dataset)
    if raw.faults:
        cleaning.clean(every, dataset, raw.faults)  # which refuses them if they are too many
        every = every.loc[raw.readable.index]
    frame = every[dataset.columns()].set_axis(_index([""] * len(every)))
    others = every.drop(columns=dataset.columns())
    if dataset.duplicates == "whole" and len(others.columns):
        cells = others.apply(lambda column: column.str.strip())
        numbers = pd.Series(groups.number(cells, list(cells)), dtype="str").to_numpy()
        frame = frame.assign(**{OTHERS: np.where((cells == "").all(axis=1), "", numbers)})
    return frame, raw.md5


def _is_kept(file: pd.DataFrame, dataset: Dataset) -> bool:
    """Tell whether rows of the file stay that agree in all that labels have."""
    return dataset.duplicates == "keep" or OTHERS in file


def _file_beside(dataset: Dataset) -> pd.DataFrame | None:
    """Return the file's rows where there is a file that can be read: none is needed for labels."""
    try:
        return _file(dataset)[0]
    except UserError:
        return None


def _none(dataset: Dataset) -> UserError:
    return UserError(
        f"There are no labels of '{dataset.name}' to train on.",
        fix=f"post some to /v1/{dataset.name}/labels, or train with use=file",
    )
