"""Where the rows of a dataset are kept for the pipeline: a file in data/, which DVC tracks."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from src.config import paths
from src.data.schema import Dataset
from src.data.sources import addresses, several


def path(dataset: Dataset) -> Path:
    """Return the dataset's file in data/: its source, or the snapshot of what is elsewhere."""
    if is_elsewhere(dataset):
        return paths.DATA / f"{dataset.name}.parquet"
    return Path(dataset.source)


def is_elsewhere(dataset: Dataset) -> bool:
    """Return whether the source is no file in data/, but a database, an address, several files."""
    source = dataset.source
    if addresses.scheme(source) or several.is_pattern(source):
        return True
    return paths.DATA.resolve() not in Path(source).resolve().parents


def kept(dataset: Dataset) -> Dataset:
    """Return the dataset as the pipeline reads it, from its file in data/."""
    return structs.replace(dataset, source=str(path(dataset)))
