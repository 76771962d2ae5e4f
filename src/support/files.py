"""Read and write files atomically: a reader sees the old content or the new, never a mix."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

from src.support.errors import UserError


@contextmanager
def explained(what: str, path: Path) -> Iterator[None]:
    """Convert the system's refusal to write (disk full, no permission) to a UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{what} could not be written.",
            given=f"{path} ({error.strerror or error})",
            fix="free some space, or check the folder's permissions; what was there is untouched",
        ) from error


def write(path: Path, data: bytes) -> None:
    """Replace a file's content atomically, creating its folder if needed."""
    with explained("The file", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and for git: indented, one trailing newline."""
    write(path, json_bytes(value))


def md5(file: BinaryIO) -> str:
    """Return the MD5 of an open file, by which DVC knows it, and go back to its beginning."""
    digest = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    while block := file.read(2**20):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def json_bytes(value: Any) -> bytes:
    """Return a value as indented JSON; raise ValueError for NaN."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def csv_text(
    rows: Iterable[Iterable[Any]],
    separator: str = ",",
    end: str = "\r\n",
    *,
    is_quoted: bool = False,
) -> str:
    """Return rows as a CSV.

    A lone carriage return in a cell, at which every reader ends a line, is quoted with the default
    `end`; with another one only if all cells are quoted.
    """
    text = io.StringIO()
    quoting: Literal[0, 1] = csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


@contextmanager
def new_folder(path: Path, what: str) -> Iterator[Path]:
    """Yield a temporary folder, which replaces `path` only if all goes well."""
    with explained(what, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", dir=path.parent))
    try:
        with explained(what, path):
            yield fresh
            for file in fresh.rglob("*"):
                if file.is_file():
                    _sync(file)
            fresh.chmod(0o777 & ~_umask())
            _swap(fresh, path)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    """Flush a file to disk before it gets its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sweep(path: Path) -> None:
    """Remove the temporary folders of killed processes, whose ids are in the names."""
    for folder in path.parent.glob(f".{path.name}.*.*"):
        pid = folder.name.removeprefix(f".{path.name}.").split(".")[0]
        if pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, and alive
    return True


def signature(file: Path | int) -> tuple[int, int, int]:
    """Return a signature of a path or an open file that changes with its content."""
    status = os.stat(file)  # noqa: PTH116 - Path knows of no open file
    return status.st_ino, status.st_mtime_ns, status.st_size


def lock(file: IO[Any] | int, *, is_waiting: bool = True) -> bool:
    """Take the lock of an open file, which its closing gives back; tell whether it was free.

    It is waited for, unless that is not wanted.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX if is_waiting else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: IO[Any] | int) -> None:
    """Release the lock of an open file."""
    fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Lock a file for this process; the system releases it when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if not lock(file, is_waiting=False):
            raise UserError(
                f"{what} is in use by another process.",
                given=path,
                fix="wait for it to end, or stop it",
            )
        yield


def _swap(fresh: Path, path: Path) -> None:
    if not path.exists():
        fresh.rename(path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
    path.rename(old / "was")
    fresh.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
