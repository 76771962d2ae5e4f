"""Check, clean and split a tracked dataset: python -m src.prepare <dataset>."""

from __future__ import annotations

import argparse

from src.config import configuration as configs
from src.config import paths
from src.data import findings, prepared, schema
from src.support import files, text_tables
from src.support.cli import guarded
from src.support.errors import unknown
from src.support.structs import convert


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.prepare", description="Check, clean and split a tracked dataset."
    )
    parser.add_argument("dataset", help="a name among datasets in params.yaml")
    name = parser.parse_args().dataset
    guarded(lambda: prepare(name))


def prepare(name: str) -> None:
    """Write the training and test rows, the rejected rows, the counts and what was found."""
    from src.learning.inspection import rows  # a misspelt name need not wait for scikit-learn

    path = paths.PREPARED_CONFS / f"{name}.yaml"
    if not path.is_file():
        raise unknown("tracked dataset", name, configs.read_params().datasets)
    values = configs.read_yaml(path)
    dataset = convert(values["dataset"], schema.Dataset, "dataset")
    ready, cleaned = prepared.prepare_coded(dataset, values["seed"], values["folds"])
    ready = rows.inspected(dataset, ready, cleaned, values["seed"])
    found = ready.origin["findings"]
    prepared.save(paths.PREPARED / name, ready, cleaned)
    files.write_json(paths.quality(name), {**cleaned.quality(), "findings": found})
    reasons = cleaned.words()
    print(
        f"{name}: {len(ready.train)} rows to train, {len(ready.test)} to test, "
        f"{len(cleaned.refused)} rejected{f' ({reasons})' if reasons else ''}"
    )
    for note in cleaned.notes:
        print(f"  {note}")
    if found:
        text_tables.show("", findings.HEAD, findings.table([(findings.ROWS, found)]))


if __name__ == "__main__":
    main()
