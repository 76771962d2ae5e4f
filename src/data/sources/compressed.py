"""gzip, zstd and zip of one file -> the file, within limits: a bomb is small until it is opened."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, BinaryIO, cast

import pyarrow as pa

from src.data.sources import kinds
from src.support.errors import UserError

MOST_EXPANDED = 2**33  # bytes
MOST_RATIO = 200  # of what is larger than `FREE`: tables give 3 to 30
FREE = 2**26
BLOCK = 2**20
IN_MEMORY = 2**24  # a larger file goes to the disk
# What reading a packed file may raise; of an encrypted one a RuntimeError.
BROKEN = (
    *(EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError),
    ValueError,
)


def expand(file: BinaryIO, kind: str, source: str) -> BinaryIO:
    """Return the content as a file that can be read from anywhere; close it to be rid of it.

    Raises UserError for what is broken, is encrypted, holds no file or several, or expands to more
    than the limits.
    """
    file.seek(0, 2)
    packed = file.tell()
    file.seek(0)
    fresh = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - returned
    try:
        OPENERS[kind](file, source, lambda content: _copy(content, fresh, packed, source))
    except BROKEN as error:
        fresh.close()
        raise UserError(
            f"The source is {kinds.WORDS[kind]}, and broken.",
            given=f"{source} ({error})",
            fix="copy or download it again",
        ) from None
    except BaseException:
        fresh.close()
        raise
    fresh.seek(0)
    return fresh


Take = Callable[[IO[bytes]], None]


def _gzip(file: BinaryIO, _: str, take: Take) -> None:
    with gzip.GzipFile(fileobj=file) as content:
        take(cast(IO[bytes], content))


def _zstd(file: BinaryIO, _: str, take: Take) -> None:
    with pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") as content:
        take(content)


def _zip(file: BinaryIO, source: str, take: Take) -> None:
    with zipfile.ZipFile(file) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        # What the Finder adds is no file of the owner's.
        members = [one for one in members if not one.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            names = ", ".join(one.filename for one in members[:5])
            raise UserError(
                f"The source is a zip archive of {len(members)} files, and not of one.",
                given=f"{source}: {names}" if names else source,
                fix="unpack it and give the file, or several by a pattern such as parts/*.csv",
            )
        with archive.open(members[0]) as content:
            take(content)


OPENERS = {kinds.GZIP: _gzip, kinds.ZSTD: _zstd, kinds.ZIP: _zip}


def _copy(content: IO[bytes], fresh: BinaryIO, packed: int, source: str) -> None:
    total = 0
    while block := content.read(BLOCK):
        total += len(block)
        check_size(total, packed, source)
        fresh.write(block)


def check_size(total: int, packed: int, source: str, most_ratio: int = MOST_RATIO) -> None:
    """Raise UserError where so many bytes come out of so few that it can be no table."""
    if total > MOST_EXPANDED:
        raise UserError(
            f"The source expands to more than {MOST_EXPANDED:,} bytes.",
            given=f"{source}, {packed:,} bytes",
            fix="unpack it and give the file",
        )
    if total > FREE and total > most_ratio * packed:
        raise UserError(
            f"The source expands to more than {most_ratio} times its size, as no table does.",
            given=f"{source}, {packed:,} bytes",
            fix="look into it; if it is a table, unpack it and give the file",
        )
