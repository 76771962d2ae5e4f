"""Where scored rows go: a folder of parts, or one file that is made of them at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, get_args

import pyarrow as pa
from pyarrow import parquet

from src.scoring import receipts
from src.scoring.parts import Done
from src.scoring.receipts import Job, Receipt, Told
from src.scoring.tables import Format
from src.support import files
from src.support.errors import UserError

LOCK = ".lock"
BLOCK = 2**20
FORMATS = get_args(Format)


@dataclass(frozen=True)
class Place:
    """A folder of parts; with a `file` they become that one, and the folder goes."""

    folder: Path
    written: Format
    file: Path | None = None

    @classmethod
    def of(cls, to: str, written: str | None) -> Place:
        """Take the path that was asked for: a file by its ending, else a folder."""
        path = Path(to)
        ending = path.suffix.removeprefix(".").lower()
        if path.is_dir() or to.endswith("/") or not ending:
            return cls(path, _format(written or FORMATS[0]))
        if ending not in FORMATS or (written is not None and written != ending):
            raise UserError(
                "What rows are written to is a CSV, a Parquet file or a folder.",
                given=f"to={to}" + (f" format={written}" if written else ""),
                choices=["to=<name>.csv", "to=<name>.parquet", "to=<folder>/ format=csv|parquet"],
            )
        return cls(path.with_name(f".{path.name}.parts"), _format(ending), path)

    @contextmanager
    def held(self, job: Job, *, is_replaced: bool) -> Iterator[None]:
        """Keep it for this process; raise UserError where there is anything else than its parts."""
        with files.explained("The scored rows", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with files.held(self.folder / LOCK, "The folder of scored rows"):
            try:
                if is_replaced:
                    for path in self._own():
                        path.unlink()
                self._check(job, is_replaced=is_replaced)
                yield
                if self.file is not None:
                    shutil.rmtree(self.folder, ignore_errors=True)
            finally:
                (self.folder / LOCK).unlink(missing_ok=True)
                with suppress(OSError):  # there are parts in it
                    self.folder.rmdir()

    def finish(self, job: Job, done: Sequence[Done], told: Told) -> Path:
        """Return where the rows are; make one file of its parts where one is asked for.

        Raises UserError where there are parts of rows that the source has no more.
        """
        left = {one.name for one in self.folder.glob(f"part-*.{self.written}")}
        left -= {one.receipt.file for one in done}
        if left:
            raise UserError(
                "There are parts of rows that the source has no more; all others are complete.",
                given=f"{self.folder}: {', '.join(sorted(left)[:5])}",
                fix="name another folder or file in to=, or score anew with replace=true",
            )
        if self.file is None:
            return self.folder
        parts = [self.folder / one.receipt.file for one in done]
        with files.explained("The scored rows", self.file):
            fresh = self.folder / f"whole.{self.written}"
            _join_csv(parts, fresh) if self.written == "csv" else _join_parquet(parts, fresh)
            first, last = done[0].receipt, done[-1].receipt
            receipt = Receipt(
                file=self.file.name,
                sha256=receipts.sha256(fresh),
                part=0,
                first=first.first,
                last=last.last,
                input_sha256=receipts.together([one.receipt.input_sha256 for one in done]),
                told=told,
                job=job,
            )
            fresh.replace(self.file)
            receipts.write(self.file, receipt)
        return self.file

    def _own(self) -> list[Path]:
        """List the parts and their receipts, and what a killed process left of one."""
        patterns = ("part-*", ".part-*", "whole.*")
        return sorted(path for pattern in patterns for path in self.folder.glob(pattern))

    def _check(self, job: Job, *, is_replaced: bool) -> None:
        own = self._own()
        strange = sorted({*self.folder.iterdir()} - {*own, self.folder / LOCK})
        if strange:
            raise _is_there(self.folder, f", with {strange[0].name}")
        if self.file is not None and self.file.exists() and not own and not is_replaced:
            raise _is_there(self.file)
        for path in own:
            if path.name.startswith(".") or path.name.startswith("whole."):
                path.unlink()
            elif path.suffix.removeprefix(".") in FORMATS and (had := receipts.read(path)):
                receipts.check(had, job, self.file or self.folder)


def _is_there(path: Path, what: str = "") -> UserError:
    return UserError(
        "There is something already, and nothing was touched.",
        given=f"{path}{what}",
        fix="name another file or folder in to="
        + ("" if what else ", or say replace=true to have it replaced"),
    )


def _join_csv(parts: Sequence[Path], fresh: Path) -> None:
    """Put parts below each other, under the header of the first one, which each of them has."""
    with fresh.open("wb") as whole:
        for number, path in enumerate(parts):
            with path.open("rb") as part:
                if number:
                    _skip_head(part)
                shutil.copyfileobj(part, whole, BLOCK)
        whole.flush()
        os.fsync(whole.fileno())


def _skip_head(part: BinaryIO) -> None:
    """Read a part up to its first row: the head ends with the line that leaves no quote open."""
    quotes = 0
    for line in iter(part.readline, b""):
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            return


def _join_parquet(parts: Sequence[Path], fresh: Path) -> None:
    """Put parts below each other, each a group of rows."""
    schema = pa.unify_schemas([parquet.read_schema(path) for path in parts])
    with parquet.ParquetWriter(fresh, schema, compression="zstd") as whole:
        for path in parts:
            with parquet.ParquetFile(path, pre_buffer=False) as part:
                whole.write_table(part.read(use_threads=False).cast(schema))
    with fresh.open("rb") as file:
        os.fsync(file.fileno())


def _format(word: str) -> Format:
    if word not in FORMATS:
        raise UserError("There is no such format.", given=f"format={word}", choices=FORMATS)
    return word  # type: ignore[return-value]
