"""Write labels into data/, where DVC tracks them: python -m app.snapshot dataset=<name>.

`dvc repro` trains on them then, as on any fresh data.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import peewee

from app import commands
from app import settings as settings_of
from app.configured import Configured
from app.store import trainings, versions
from app.training import gathering
from src import ingest
from src.checked import Checked
from src.command import guarded
from src.data.schema import Dataset
from src.errors import UserError, unknown
from src.inference import bundle

if TYPE_CHECKING:  # where it is not installed, the imports above have said so
    import pandas as pd

USAGE = "python -m app.snapshot dataset=<name>"

Mode = Literal["append", "replace"]


class Asked(Checked, frozen=True):
    """Which labels: those of now, or the very rows of a training.

    `both` adds them to the file; `labels` puts them in its place, and so does a training.
    """

    dataset: str
    use: Literal["labels", "both"] = "both"
    training: str | None = None


def main() -> None:
    """Run the command line."""
    if not sys.argv[1:]:
        raise UserError("Of which dataset?", fix=USAGE)
    asked = commands.parse(sys.argv[1:], Asked)
    configured = Configured(settings_of.read().folder())
    configured.refresh()
    dataset = configured.get(asked.dataset)
    if dataset is None:
        raise unknown("dataset", asked.dataset, configured.names())
    with commands.opened() as database:
        frame, mode = _rows(database, dataset, asked)
    if frame.empty:
        print(f"All labels are in {dataset.source} already; it is as it was.")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{dataset.name}.csv"
        _write(frame, path, dataset)
        ingest.ingest(ingest.Request(dataset, str(path), mode))


def _rows(database: peewee.Database, dataset: Dataset, asked: Asked) -> tuple[pd.DataFrame, Mode]:
    """Return what the file is to be, or what is to be added to it."""
    if asked.training is not None:
        return _of_training(database, dataset, asked.training), "replace"
    is_there = Path(dataset.source).is_file()
    if asked.use == "labels" or not is_there:
        return gathering.gather(database, dataset, "labels").frame, "replace"
    if dataset.duplicates == "first":  # a label takes the place of the row that has its key
        return gathering.gather(database, dataset, "both").frame, "replace"
    fresh = gathering.gather(database, dataset, "labels").frame.iloc[::-1]
    if dataset.duplicates == "keep":  # else whoever merges them sees that they are there
        fresh = gathering.beyond(fresh, gathering.gather(database, dataset, "file").frame)
    return fresh, "append"


def _of_training(database: peewee.Database, dataset: Dataset, number: str) -> pd.DataFrame:
    row = trainings.get(database, dataset.name, number)
    if row is None or row["version"] is None:
        known = trainings.latest(database, dataset.name, 20)
        raise UserError(
            f"'{dataset.name}' has no such training that came to its end.",
            given=number,
            choices=[one["id"] for one in known if one["state"] == trainings.DONE],
        )
    version = versions.get(database, dataset.name, row["version"])
    path = version.path(settings_of.read().folder())
    return gathering.frozen(bundle.verified(path, gathering.SNAPSHOT, version.manifest))


def _write(frame: pd.DataFrame, path: Path, dataset: Dataset) -> None:
    words = {"sep": dataset.separator, "encoding": dataset.encoding}
    try:
        # All of it in quotes, for pandas leaves a lone carriage return without.
        frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL, **words)
    except UnicodeEncodeError as error:
        raise UserError(
            f"A label cannot be written in the encoding of '{dataset.name}'.",
            given=f"{error.object[error.start : error.end]!r} in {dataset.encoding}",
            fix="save the file as UTF-8 and set encoding: utf-8 in the dataset's YAML",
        ) from None


if __name__ == "__main__":
    guarded(main)
