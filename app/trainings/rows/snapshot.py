"""Write labels into data/, where DVC tracks them: python -m app snapshot <dataset>.

`dvc repro` trains on them then, as on any fresh data.
"""

from __future__ import annotations

import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import peewee

from app.labels import store as label_store
from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.settings import Settings
from app.store import opening
from app.store.opening import Parser
from app.trainings import store
from app.trainings.preconditions import check_hidden
from app.trainings.rows import training_rows
from src import ingest
from src.config import tables
from src.data.schema import Dataset
from src.data.sources import writing
from src.data.sources.options import Options
from src.inference import bundle
from src.support.errors import UserError, unknown

if TYPE_CHECKING:  # where it is not installed, the imports above have said so
    import pandas as pd

Mode = Literal["append", "replace"]


def add_arguments(parser: Parser) -> None:
    """Add whose labels are written, and which."""
    parser.add_argument("dataset", help="whose labels")
    parser.add_argument(
        "--use",
        choices=["both", "labels"],
        default="both",
        help="both: add them to the file; labels: put them in its place",
    )
    parser.add_argument(
        "--training", metavar="ID", help="put the very rows of this training in the file's place"
    )
    parser.set_defaults(run=_run)


def _run(arguments: Namespace, settings: Settings) -> None:
    configured = LiveConfig(settings.folder())
    configured.refresh()
    dataset = configured.get(arguments.dataset)
    if dataset is None:
        raise unknown("dataset", arguments.dataset, configured.names())
    with opening.opened(settings) as database:
        has_labels = label_store.has_live(database, dataset.name)
        check_hidden(dataset, has_labels, settings.redact)
        if arguments.training is None:
            frame, mode = _rows(database, dataset, arguments.use)
        else:
            frame, mode = _of_training(database, dataset, arguments.training, settings), "replace"
    if frame.empty:
        print(f"All labels are in {dataset.source} already; it is as it was.")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{dataset.name}.csv"
        _write(frame, path, dataset)
        ingest.ingest(ingest.Request(dataset, str(path), mode))


def _rows(database: peewee.Database, dataset: Dataset, use: str) -> tuple[pd.DataFrame, Mode]:
    """Return what the file is to be, or what is to be added to it."""
    is_there = tables.path(dataset).is_file()
    if use == "labels" or not is_there:
        return training_rows.gather(database, dataset, "labels").frame, "replace"
    if dataset.duplicates == "first":  # a label takes the place of the row that has its key
        return training_rows.gather(database, dataset, "both").frame, "replace"
    return training_rows.additions(database, dataset), "append"


def _of_training(
    database: peewee.Database, dataset: Dataset, number: str, settings: Settings
) -> pd.DataFrame:
    row = store.get(database, dataset.name, number)
    if row is None or row["version"] is None:
        known = store.latest(database, dataset.name, 20)
        raise UserError(
            f"'{dataset.name}' has no such training that came to its end.",
            given=number,
            choices=[one["id"] for one in known if one["state"] == store.DONE],
        )
    version = version_store.get(database, dataset.name, row["version"])
    path = version.path(settings.folder())
    return training_rows.frozen(bundle.verified(path, training_rows.SNAPSHOT, version.manifest))


def _write(frame: pd.DataFrame, path: Path, dataset: Dataset) -> None:
    named = frame.rename(columns=dataset.source_columns())
    try:
        path.write_bytes(writing.csv_bytes(named, Options(**dataset.reading())))
    except UnicodeEncodeError as error:
        raise UserError(
            f"A label cannot be written in the encoding of '{dataset.name}'.",
            given=f"{error.object[error.start : error.end]!r} in {dataset.encoding}",
            fix="save the file as UTF-8 and set encoding: utf-8 in the dataset's YAML",
        ) from None
