"""Profile a tracked dataset for exploration: python -m src.profile <dataset>."""

# ruff: noqa: A005 - Python's own module of this name is no part of a package

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from src.config import configuration as configs
from src.config import paths
from src.data import prepared, schema
from src.data.profile import document as profile
from src.support import files
from src.support.cli import guarded
from src.support.errors import unknown
from src.support.structs import convert


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.profile", description="Describe a tracked dataset: what is in its rows."
    )
    parser.add_argument("dataset", help="a name among datasets in params.yaml")
    name = parser.parse_args().dataset
    guarded(lambda: describe(name))


def describe(name: str) -> None:
    """Write the profile of the rows that `prepare` wrote."""
    conf = paths.PREPARED_CONFS / f"{name}.yaml"
    if not conf.is_file():
        raise unknown("tracked dataset", name, configs.read_params().datasets)
    dataset = convert(configs.read_yaml(conf)["dataset"], schema.Dataset, "dataset")
    folder = paths.PREPARED / name
    ready = prepared.load(folder)
    rejected = _rejected(folder / prepared.REJECTED)
    document = profile.profile(dataset, ready, rejected, _fingerprint(folder))
    files.write(paths.profile(name), _compact(document))
    print(f"{name}: {len(document['columns'])} columns of {document['rows']['accepted']} rows")


def _rejected(path: Path) -> pd.DataFrame:
    """Return the lines and reasons of the rejected rows."""
    return pd.read_csv(path, usecols=[0, 1], dtype=str, keep_default_na=False)


def _fingerprint(folder: Path) -> str:
    """Return a hash of the prepared rows."""
    digest = hashlib.sha256()
    for part in (prepared.TRAIN, prepared.TEST, prepared.REJECTED):
        digest.update(hashlib.sha256((folder / part).read_bytes()).digest())
    return digest.hexdigest()


def _compact(document: dict[str, Any]) -> bytes:
    """Write compact JSON, since only the service reads it."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"{text}\n".encode()


if __name__ == "__main__":
    main()
