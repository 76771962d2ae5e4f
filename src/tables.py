"""Write which file holds each tracked dataset's rows, and its MD5: python -m src.tables.

A dataset is prepared again when its own file has changed, and not when another one has, whatever
the file's name ends with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from src.config import configuration as configs
from src.config import paths
from src.support import files
from src.support.cli import guarded
from src.support.errors import UserError


def main() -> None:
    """Run the command line."""
    argparse.ArgumentParser(prog="python -m src.tables", description=__doc__).parse_args()
    guarded(write)


def write() -> None:
    """Write a JSON for each tracked dataset; raise UserError where its file is missing."""
    configs.find_root()
    names = configs.read_params().datasets
    with files.new_folder(paths.TABLES, "The list of tables") as fresh:
        for name in names:
            values = configs.read_yaml(paths.PREPARED_CONFS / f"{name}.yaml")
            source = Path(values["dataset"]["source"])
            about = {"source": str(source), "md5": _md5(source, name)}
            files.write_json(fresh / f"{name}.json", about)


def _md5(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            return files.md5(file)
    except OSError as error:
        raise UserError(
            f"The rows of the tracked dataset '{name}' are not there.",
            given=f"{path} ({error.strerror})",
            fix=f"dvc pull, or python -m src.ingest dataset={name} mode=replace",
        ) from None


if __name__ == "__main__":
    main()
