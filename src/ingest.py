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

import numpy as np
import pandas as pd
from msgspec import structs

from src.config import configuration as configs
from src.config import paths, tables
from src.config.hydra_cli import with_hydra
from src.data import cleaning, groups, schema, schema_checks, sources
from src.data.cleaning import Cleaned
from src.data.schema import Dataset
from src.data.sources import Raw, addresses, kinds, writing
from src.data.sources.options import Options
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
    schema_checks.check(dataset)
    path, source = _destination(dataset), request.source
    if tables.is_elsewhere(dataset):
        _check_replaced(dataset, request.mode)
        source = source or dataset.source
    if source is None:
        raise UserError("No source is given.", fix="source=<path, pattern or address>")
    if not addresses.scheme(source) and Path(source).resolve() == path.resolve():
        raise UserError("The source is the dataset's own file.", given=source)
    # Beside data/ and not in it, where DVC would take it for data.
    with files.held(RUNS / ".ingest.lock", "The data"):
        _finish()
        _merge(source, dataset, path, is_append=request.mode == "append")


def _destination(dataset: Dataset) -> Path:
    """Return the dataset's file in data/; raise UserError where it is of a kind not written."""
    path = tables.path(dataset)
    kind = kinds.by_name(str(path))
    if kind == kinds.CSV and path.is_file():
        with path.open("rb") as file:  # it may be packed, whatever its name says
            kind = kinds.recognised(file, str(path))
    if kind not in (kinds.CSV, kinds.PARQUET, None):
        raise UserError(
            f"The file of '{dataset.name}' is {kinds.WORDS[kind]}, and such is read only.",
            given=path,
            choices=[f"source: data/{dataset.name}.csv", f"source: data/{dataset.name}.parquet"],
            fix="set one of these in the dataset's YAML, and give the file as source=",
        )
    return path


def _check_replaced(dataset: Dataset, mode: str) -> None:
    if mode != "replace":
        raise UserError(
            f"'{dataset.name}' is not kept in {paths.DATA}/, so nothing can be merged into it.",
            given=f"dataset.source={addresses.shown(dataset.source)}",
            choices=["mode=replace, which takes a snapshot of it", f"a file in {paths.DATA}/"],
        )


def _own(dataset: Dataset) -> Dataset:
    """Return the dataset as it reads its own file.

    What the command line says of a file that comes in is not true of the one that is there.
    """
    path = configs.CONF / "dataset" / f"{dataset.name}.yaml"
    values = configs.read_yaml(path) if path.is_file() else {}
    said = {key: values[key] for key in schema.SOURCE if key in values}
    fields = {field.name: field.default for field in structs.fields(Dataset)}
    own = {key: said.get(key, fields[key]) for key in schema.SOURCE}
    return structs.replace(dataset, **own)


def copy(source: str, dataset: Dataset) -> None:
    """Copy a source to the dataset's file, to the byte, and record it with DVC.

    Of a dataset that is elsewhere a snapshot is taken. Raises UserError, with nothing changed,
    where the dataset has another file already.
    """
    path = tables.path(dataset)
    if not addresses.scheme(source) and Path(source).resolve() == path.resolve():
        return
    path = _destination(dataset)
    data = _snapshot(dataset, path) if tables.is_elsewhere(dataset) else sources.fetch(source)
    with files.held(RUNS / ".ingest.lock", "The data"):
        _finish()
        if path.exists() and path.read_bytes() == data:
            return
        if path.exists():
            raise UserError(
                f"'{dataset.name}' has other data already; nothing was changed.",
                given=f"{path}, and {source}",
                fix="move that file away, or choose another name",
            )
        _replace(path, data)


def _snapshot(dataset: Dataset, path: Path) -> bytes:
    with Bar(f"{dataset.name} {addresses.shown(dataset.source)}") as bar:
        bar.stage("reading and checking", 1)
        fresh = _read(dataset.source, dataset)
        _, cleaned = _checked(fresh, dataset)
    _show_rejected(cleaned, dataset)
    return _data(fresh.whole.iloc[cleaned.rows.index], None, path, dataset)


def _checked(raw: Raw, dataset: Dataset) -> tuple[pd.DataFrame, Cleaned]:
    """Return all that rows of text say, and what cleaning makes of them."""
    every = cleaning.with_others(raw, dataset)
    return every, cleaning.clean(every, dataset, raw.faults)


def _merge(source: str, dataset: Dataset, path: Path, *, is_append: bool) -> None:
    own = _own(dataset)
    with Bar(f"{dataset.name} {addresses.shown(source)}") as bar:
        bar.stage("reading and checking", 3)
        fresh = _read(source, dataset)
        bar.step()
        before = _read(str(path), own) if path.is_file() and is_append else None
        bar.step()
        every, cleaned = _checked(fresh, dataset)
        new = fresh.whole.iloc[cleaned.rows.index]
        if before is not None and dataset.duplicates != "keep":
            new = new[_are_unseen(every, cleaned, before, dataset)]
    _show_rejected(cleaned, dataset)
    repeated = len(cleaned.rows) - len(new)
    if repeated:
        print(f"{repeated} rows are already in {path}")
    if new.empty and is_append:
        print(f"Nothing new; {path} is unchanged.")
        return
    if before is not None:
        _show_left_out(new, before, path)
    with Bar(dataset.name) as bar:
        bar.stage("writing and recording with DVC", 1)
        data = _data(new, before, path, own)
        total = len(new) + (0 if before is None else len(before.frame))
        _check_written(data, total, path, own)
        _replace(path, data)
    print(
        f"{len(new)} rows {'added to' if before is not None else 'written to'} {path}, "
        f"which now has {total}. Next:\n{_next(dataset)}"
    )


def _show_left_out(new: pd.DataFrame, before: Raw, path: Path) -> None:
    absent = [name for name in new if name not in before.whole]
    if absent:
        print(
            f"Left out, since {path} has no such column: {', '.join(absent)} "
            "(mode=replace with a file that has all rows brings them in)"
        )


def _next(dataset: Dataset) -> str:
    """Say what to type; the pipeline does nothing for a dataset that it does not track."""
    if dataset.name in configs.read_params().datasets:
        return (
            "  dvc repro\n"
            f"  git add data.dvc dvc.lock metrics && git commit -m 'data: {dataset.name}'\n"
            "  dvc metrics diff HEAD~1"
        )
    return (
        f"  python -m src.train dataset={dataset.name} model=dummy\n"
        "  or, for `dvc repro` to train it, with models as you like:\n"
        f"  python -m src.track dataset={dataset.name} models=dummy"
    )


def _read(source: str, dataset: Dataset) -> Raw:
    return sources.read(source, columns=dataset.source_columns(), **dataset.reading())


def _data(new: pd.DataFrame, before: Raw | None, path: Path, own: Dataset) -> bytes:
    """Return what the file is to be: the new rows alone, or below those that it has."""
    options = Options(**own.reading())
    is_parquet = kinds.by_name(str(path)) == kinds.PARQUET
    if before is None:
        named = cleaning.names_in(new, own)
        rows = new[[*named, *sources.named(new.drop(columns=named))]]
        return writing.parquet_bytes(rows) if is_parquet else writing.csv_bytes(rows, options)
    rows = new[sources.named(new)].reindex(columns=before.whole.columns, fill_value="")
    if is_parquet:
        numbers = [*own.features, own.target.name]
        is_plain = all(own.written(name).is_plain for name in numbers)
        return writing.parquet_with(path.read_bytes(), rows, is_plain=is_plain)
    return _appended(path, rows, options)


def _appended(path: Path, frame: pd.DataFrame, options: Options) -> bytes:
    """Return the file unchanged, to the byte, followed by the rows in its columns."""
    text = path.read_bytes().decode(options.encoding)
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") else end
    added = writing.csv_lines(writing.rows_of(frame), options, end)
    return f"{text}{gap}{added}".encode(options.encoding)


def _check_written(data: bytes, total: int, path: Path, own: Dataset) -> None:
    """Read back what is about to be written, since a row lost here is lost for ever."""
    again = sources.parse(data, str(path), columns=own.source_columns(), **own.reading())
    if len(again.frame) != total:
        raise UserError(
            f"The merged file would have {len(again.frame)} rows in place of {total}; nothing was "
            "changed.",
            given=path,
            fix="look for unclosed quotes at the end of the file",
        )


def _are_unseen(every: pd.DataFrame, cleaned: Cleaned, before: Raw, dataset: Dataset) -> np.ndarray:
    """Return which of the accepted rows the file does not contain yet."""
    there, checked = _checked(before, dataset)
    present = checked.rows
    # What the file has no column for cannot tell whether it has a row.
    told = every.reindex(columns=there.columns, fill_value="")
    pairs = ((present, there), (cleaned.rows, told))
    both = pd.concat([_identity(*pair, dataset) for pair in pairs], ignore_index=True)
    numbers = groups.number(both, list(both))
    return ~np.isin(numbers[len(present) :], numbers[: len(present)])


def _identity(rows: pd.DataFrame, raw: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return what tells whether two rows are one."""
    if dataset.duplicates != "whole":
        return rows[dataset.identity()]
    return cleaning.whole(rows, raw.iloc[rows.index], dataset)


def _show_rejected(cleaned: Cleaned, dataset: Dataset) -> None:
    rejected = cleaned.rejected
    skipped = f", {cleaned.unlabelled} without a target" if cleaned.unlabelled else ""
    print(
        f"{len(cleaned.rows)} of {cleaned.total} rows accepted, {len(rejected)} rejected{skipped}"
    )
    for note in cleaned.notes:
        print(f"  {note}")
    if rejected.empty:
        return
    for said in cleaning.reasons(rejected.head(SHOWN)):
        print(f"  {said}")
    path = RUNS / dataset.name / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-rejected.csv"
    files.write(path, cleaned.rejected_csv())
    print(f"  all of them, with reasons: {path}")


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
