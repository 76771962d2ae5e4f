"""Check fresh data and merge it into data/: python -m src.ingest source=fresh.csv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd

from src.config import paths
from src.config.hydra_cli import with_hydra
from src.data import cleaning, schema, sources
from src.data.cleaning import Cleaned
from src.data.schema import Dataset
from src.data.sources import Raw
from src.runs.folders import RUNS
from src.support import dvc_lock, files
from src.support.errors import UserError
from src.support.progress import Bar
from src.support.structs import Checked, convert

_PENDING = RUNS / ".ingest.pending"  # there while data/ has what DVC may not know of
SHOWN = 10  # rejected rows on the screen; all of them are in the file


class Request(Checked, frozen=True):
    """A command line of src.ingest."""

    dataset: Dataset
    source: str | None = None
    mode: Literal["append", "replace"] = "append"


def main() -> None:
    """Run the command line."""
    with_hydra(lambda values: ingest(convert(values, Request)), "ingest", ("dataset",))


def ingest(request: Request) -> None:
    """Append a source's accepted rows to the dataset's file, or replace the file.

    Raises UserError, with nothing changed, if the source cannot be used.
    """
    dataset = request.dataset
    schema.check(dataset)
    path = _destination(dataset)
    if request.source is None:
        raise UserError("No source is given.", fix="source=<path or URL>")
    if Path(request.source).resolve() == path.resolve():
        raise UserError("The source is the dataset's own file.", given=request.source)
    # Beside data/ and not in it, where DVC would take it for data.
    with files.held(RUNS / ".ingest.lock", "The data"):
        _finish()
        _merge(request.source, dataset, path, is_append=request.mode == "append")


def _merge(source: str, dataset: Dataset, path: Path, *, is_append: bool) -> None:
    with Bar(f"{dataset.name} {source}") as bar:
        bar.stage("reading and checking", 3)
        fresh = _read(source, dataset)
        bar.step()
        before = _read(str(path), dataset) if path.is_file() and is_append else None
        bar.step()
        cleaned = cleaning.clean(fresh.frame, dataset)
        new = _unseen(fresh, cleaned, before, dataset)
    _show_rejected(cleaned, dataset)
    repeated = len(cleaned.rows) - len(new)
    if repeated:
        print(f"{repeated} rows are already in {path}")
    if new.empty and is_append:
        print(f"Nothing new; {path} is unchanged.")
        return
    with Bar(dataset.name) as bar:
        bar.stage("writing and recording with DVC", 1)
        if before is None:
            data = _written(new[list(dataset.source_columns().values())], dataset)
        else:
            data = _appended(
                path, new.reindex(columns=before.whole.columns, fill_value=""), dataset
            )
        total = len(new) + (0 if before is None else len(before.frame))
        _check_written(data, total, path, dataset)
        _replace(path, data)
    print(
        f"{len(new)} rows {'added to' if before is not None else 'written to'} {path}, "
        f"which now has {total}. Next:\n"
        f"  dvc repro\n"
        f"  git add data.dvc dvc.lock metrics && git commit -m 'data: {dataset.name}'\n"
        f"  dvc metrics diff HEAD~1"
    )


def _destination(dataset: Dataset) -> Path:
    path = Path(dataset.source)
    if "://" in dataset.source or paths.DATA.resolve() not in path.resolve().parents:
        raise UserError(
            f"'{dataset.name}' is not kept in {paths.DATA}/, so nothing can be merged into it.",
            given=f"dataset.source={dataset.source}",
            choices=[f"a file in {paths.DATA}/"],
        )
    return path


def _read(source: str, dataset: Dataset) -> Raw:
    return sources.read(
        source,
        separator=dataset.separator,
        encoding=dataset.encoding,
        columns=dataset.source_columns(),
    )


def _check_written(data: bytes, total: int, path: Path, dataset: Dataset) -> None:
    """Read back what is about to be written, since a row lost here is lost for ever."""
    again = sources.parse(
        data,
        str(path),
        separator=dataset.separator,
        encoding=dataset.encoding,
        columns=dataset.source_columns(),
    )
    if len(again.frame) != total:
        raise UserError(
            f"The merged file would have {len(again.frame)} rows in place of {total}; nothing was "
            "changed.",
            given=path,
            fix="look for unclosed quotes at the end of the file",
        )


def _unseen(fresh: Raw, cleaned: Cleaned, before: Raw | None, dataset: Dataset) -> pd.DataFrame:
    """Return the accepted rows, as text, that the file does not contain yet."""
    good = fresh.whole.iloc[cleaned.rows.index]
    if before is None or dataset.duplicates == "keep":
        return good
    columns = dataset.identity()
    present = cleaning.clean(before.frame, dataset).rows
    both = pd.concat([present[columns], cleaned.rows[columns]], ignore_index=True)
    repeated = both.duplicated().to_numpy()[len(present) :]
    return good[~repeated]


def _show_rejected(cleaned: Cleaned, dataset: Dataset) -> None:
    rejected = cleaned.rejected
    print(f"{len(cleaned.rows)} of {cleaned.total} rows accepted, {len(rejected)} rejected")
    if rejected.empty:
        return
    for said in cleaning.reasons(rejected.head(SHOWN)):
        print(f"  {said}")
    path = RUNS / dataset.name / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-rejected.csv"
    files.write(path, cleaned.rejected_csv())
    print(f"  all of them, with reasons: {path}")


def _written(frame: pd.DataFrame, dataset: Dataset) -> bytes:
    """Return the rows as a complete CSV."""
    text = _lines([list(frame.columns)], dataset, "\n") + _lines(_rows(frame), dataset, "\n")
    return text.encode(dataset.encoding)


def _appended(path: Path, frame: pd.DataFrame, dataset: Dataset) -> bytes:
    """Return the file unchanged, to the byte, followed by the rows in its columns."""
    text = path.read_bytes().decode(dataset.encoding)
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") else end
    return f"{text}{gap}{_lines(_rows(frame), dataset, end)}".encode(dataset.encoding)


def _rows(frame: pd.DataFrame) -> list[list[str]]:
    rows: list[list[str]] = frame.to_numpy().tolist()
    return rows


def _lines(rows: list[list[str]], dataset: Dataset, end: str) -> str:
    is_odd = any("\r" in cell for row in rows for cell in row)
    return files.csv_text(rows, dataset.separator, end, is_quoted=is_odd)


def _replace(path: Path, data: bytes) -> None:
    """Replace the file and add it to DVC; restore the old data if DVC fails."""
    with (
        files.explained("The data", path),
        tempfile.TemporaryDirectory(dir=RUNS) as aside,
    ):
        kept = Path(aside) / path.name
        if path.exists():
            _keep(path, kept)
        _PENDING.touch()
        files.write(path, data)
        try:
            _dvc_add("DVC could not record the new data; the old data was put back.")
        except BaseException:
            if kept.exists():
                shutil.move(kept, path)
            else:
                path.unlink()
            _PENDING.unlink()
            raise


def _keep(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept)
    except OSError:  # another file system
        shutil.copy2(path, kept)


def _finish() -> None:
    """Let DVC record what a run has written that was killed before DVC knew of it."""
    if _PENDING.exists():
        _dvc_add("DVC could not record the data that an earlier run had written.")
        print(f"An earlier run was stopped before DVC had recorded {paths.DATA}/; it is now.")


def _dvc_add(refusal: str) -> None:
    dvc_lock.mend()
    command = [sys.executable, "-m", "dvc", "add", "--quiet", str(paths.DATA)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(
            refusal,
            given=done.stderr.strip()[-500:],
            fix="python -m dvc doctor",
        )
    _PENDING.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
