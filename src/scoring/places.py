"""Where scored rows go: a folder of parts, or one file that is made of them at the end."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any, BinaryIO, get_args

import pyarrow as pa
from pyarrow import parquet

from src.data.sources.addresses import scheme
from src.data.sources.several import is_pattern
from src.scoring import receipts
from src.scoring.parts import Done
from src.scoring.receipts import Job, Receipt, Told
from src.scoring.tables import Format
from src.support import files
from src.support.errors import UserError

LOCK = ".lock"
BLOCK = 2**20
FORMATS = get_args(Format)
_PART = re.compile(rf"part-\d{{5,}}\.({'|'.join(FORMATS)})")
_LEFT = re.compile(rf"\.{_PART.pattern}({re.escape(receipts.SUFFIX)})?\.\w+")


@dataclass(frozen=True)
class Place:
    """A folder of parts; with a `file` they become that one, and the folder goes.

    What is there is of this job, unless it `is_replaced`.
    """

    folder: Path
    written: Format
    file: Path | None = None
    is_replaced: bool = False

    @classmethod
    def of(cls, to: str, written: str | None, *, is_replaced: bool = False) -> Place:
        """Take the path that was asked for: a file by its ending, else a folder."""
        path = Path(to)
        ending = path.suffix.removeprefix(".").lower()
        if path.is_dir() or to.endswith("/") or not ending:
            return cls(path, _format(written or FORMATS[0]), None, is_replaced)
        if ending not in FORMATS or (written is not None and written != ending):
            raise UserError(
                "What rows are written to is a CSV, a Parquet file or a folder.",
                given=f"to={to}" + (f" format={written}" if written else ""),
                choices=["to=<name>.csv", "to=<name>.parquet", "to=<folder>/ format=csv|parquet"],
            )
        folder = path.with_name(f".{path.name}.parts")
        return cls(folder, _format(ending), path, is_replaced)

    @contextmanager
    def held(self, job: Job) -> Iterator[Receipt | None]:
        """Keep it for this process, and give the receipt of the file if it is there already.

        Nothing of it is removed or replaced here. Raises UserError where there is anything else
        than parts of this job, or, where they may be replaced, of others.
        """
        self._check_apart(job)
        with files.explained("The scored rows", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with _locked(self.folder / LOCK):
                had = self._finished(job)
                if had is None:
                    self._check(job)
                yield had
                if self.file is not None:
                    for path in self._own():
                        path.unlink()
        finally:
            with suppress(OSError):  # there are parts in it, or another process
                self.folder.rmdir()

    def finish(self, job: Job, done: Sequence[Done], told: Told) -> Path:
        """Return where the rows are; make one file of its parts where one is asked for.

        Raises UserError where there are parts of rows that the source has no more, unless they may
        be replaced, and where somebody else has put a file there.
        """
        left = sorted({*self._receipts()} - {one.receipt.file for one in done})
        if any((self.folder / name).exists() for name in left) and not self.is_replaced:
            raise UserError(
                "There are parts of rows that the source has no more; all others are complete.",
                given=f"{self.folder}: {', '.join(left[:5])}",
                fix="name another folder or file in to=, or score anew with replace=true",
            )
        for name in left:
            (self.folder / name).unlink(missing_ok=True)
            receipts.place(self.folder / name).unlink()
        return self.folder if self.file is None else self._joined(self.file, job, done, told)

    def _joined(self, file: Path, job: Job, done: Sequence[Done], told: Told) -> Path:
        parts = [self.folder / one.receipt.file for one in done]
        with files.explained("The scored rows", file):
            fresh = self.folder / f"whole.{self.written}"
            _join_csv(parts, fresh) if self.written == "csv" else _join_parquet(parts, fresh)
            first, last = done[0].receipt, done[-1].receipt
            receipt = Receipt(
                file=file.name,
                sha256=receipts.sha256(fresh),
                part=0,
                first=first.first,
                last=last.last,
                input_sha256=receipts.together([one.receipt.input_sha256 for one in done]),
                told=told,
                job=job,
            )
            self._check_free()
            receipts.write(file, receipt)  # first: a file without one is somebody else's
            fresh.replace(file)
        return file

    def _receipts(self) -> dict[str, Receipt]:
        """Return the receipts in the folder, by the name of the part, which may be missing."""
        found = {}
        for path in self.folder.glob(f"part-*{receipts.SUFFIX}"):
            name = path.name.removesuffix(receipts.SUFFIX)
            had = receipts.read(path.with_name(name))
            if had is not None and had.file == name and _PART.fullmatch(name):
                found[name] = had
        return found

    def _own(self) -> list[Path]:
        """List the parts that have a receipt, the receipts, and what a killed process left."""
        paths = [self.folder / name for name in self._receipts()]
        paths += [receipts.place(path) for path in paths]
        return [*(path for path in paths if path.exists()), *self._left()]

    def _left(self) -> list[Path]:
        """List the files of a killed process that it had not completed."""
        left = [path for path in self.folder.glob(".part-*") if _LEFT.fullmatch(path.name)]
        return left if self.file is None else [*left, *self.folder.glob("whole.*")]

    def _finished(self, job: Job) -> Receipt | None:
        """Return the receipt of the file where it is there, complete and of this very job.

        A source that is no file may have other rows by now, so that nothing is known of it.
        """
        if self.file is None or self.is_replaced or not job.files or not self.file.is_file():
            return None
        had = receipts.read(self.file)
        if had is None or had.file != self.file.name or receipts.differences(had, job):
            return None
        return had if receipts.sha256(self.file) == had.sha256 else None

    def _check(self, job: Job) -> None:
        strange = sorted({*self.folder.iterdir()} - {*self._own(), self.folder / LOCK})
        if strange:
            raise _is_there(
                self.folder, f", with {strange[0].name}, which has no receipt of a part"
            )
        self._check_free()
        if not self.is_replaced:
            for had in self._receipts().values():
                receipts.check(had, job, self.file or self.folder)
        for path in self._left():
            path.unlink()

    def _check_free(self) -> None:
        """Raise UserError where the file is there and may not be replaced."""
        if self.file is not None and self.file.exists() and not self.is_replaced:
            raise _is_there(self.file)

    def _check_apart(self, job: Job) -> None:
        """Raise UserError where a file of the source is what is written, or the other way round."""
        if scheme(job.source):
            return
        folder, file = self.folder.resolve(), self.file and self.file.resolve()
        for name in job.files:
            path = Path(name).resolve()
            if path == file or folder in path.parents:
                raise _is_source(f"source={job.source}, with {name}, and to={self.file or folder}")
        target = file or folder / f"part-00000.{self.written}"
        if is_pattern(job.source) and _is_named(target, str(Path(job.source).resolve())):
            raise _is_source(f"source={job.source}, which names {target.name} in to=, too")


def _is_named(path: Path, pattern: str) -> bool:
    """Return whether a pattern of a source names a path: a star for letters, two for folders."""
    if "**" in pattern:
        return fnmatch(str(path), pattern.replace("**/", "*"))
    return path.match(pattern)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a file, which goes with the lock; raise UserError where another process has it."""
    with files.explained("The scored rows", path), path.open("ab") as file:
        # Whoever had the lock may have removed the file meanwhile: then this is none any more.
        if not files.lock(file, is_waiting=False) or not _is_same(file, path):
            raise UserError(
                "The folder of scored rows is in use by another process.",
                given=path,
                fix="wait for it to end, or stop it",
            )
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _is_same(file: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _is_source(given: str) -> UserError:
    return UserError(
        "What is written would be among the source's own files; nothing was touched.",
        given=given,
        fix="name a folder or file in to= that is none of the source's",
    )


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
