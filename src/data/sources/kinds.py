"""What a file is, by its first bytes and not by its name."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import PurePath
from typing import BinaryIO

from src.support.errors import UserError

CSV, PARQUET, EXCEL, JSON = "csv", "parquet", "excel", "json"
GZIP, ZSTD, ZIP = "gzip", "zstd", "zip"
WORDS = {
    CSV: "a CSV",
    PARQUET: "Parquet",
    EXCEL: "an Excel workbook",
    JSON: "JSON",
    GZIP: "packed by gzip",
    ZSTD: "packed by zstd",
    ZIP: "a zip archive",
}
HEAD = 4096
_MAGIC = {
    b"PAR1": PARQUET,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": EXCEL,  # of before 2007
    b"\x1f\x8b": GZIP,
    b"\x28\xb5\x2f\xfd": ZSTD,
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,
}
# What is no table, or none that is read, and what to do about it.
_OTHERS = {
    b"SQLite format 3\0": ("an SQLite database", "give it as sqlite:///<path>?table=<name>"),
    b"ARROW1": ("an Arrow (Feather) file", "save it as Parquet"),
    b"ORC": ("an ORC file", "save it as Parquet"),
    b"Obj\x01": ("an Avro file", "save it as Parquet"),
    b"%PDF": ("a PDF", "give the table itself"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it"),
    b"BZh": ("packed by bzip2", "unpack it, or pack it by gzip or zstd"),
    b"\xfd7zXZ": ("packed by xz", "unpack it, or pack it by gzip or zstd"),
}
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*\{|\{\s*[\"}])")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE)
_SUFFIXES = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".parquet": PARQUET,
    ".xlsx": EXCEL,
    ".xls": EXCEL,
    ".json": JSON,
    ".jsonl": JSON,
    ".ndjson": JSON,
}


def recognised(file: BinaryIO, source: str) -> str:
    """Return what a file is; raise UserError where it is nothing that is read."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    for magic, (what, fix) in _OTHERS.items():
        if head.startswith(magic):
            raise UserError(f"The source is {what}.", given=source, fix=fix)
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if kind == ZIP:
        return _archive(file, source)
    if kind is not None:
        return kind
    if _PAGE.match(head):
        raise UserError(
            "The source is a web page, and no table.",
            given=source,
            fix="give the address of the file itself (raw, export, download)",
        )
    is_json = _JSON.match(head) is not None or by_name(source) == JSON
    return JSON if is_json else CSV


def by_name(source: str) -> str | None:
    """Return what the name of a file says that it is; None where it says nothing."""
    return _SUFFIXES.get(PurePath(source.partition("?")[0]).suffix.lower())


def tell(kind: str, source: str) -> None:
    """Warn where a file is something else than its name says."""
    said = by_name(source)
    if said not in (None, kind):
        warnings.warn(
            f"{source}: this is {WORDS[kind]}, whatever its name says, and is read as that",
            stacklevel=4,
        )


def _archive(file: BinaryIO, source: str) -> str:
    """Tell a workbook, which is an archive, from an archive of files."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise UserError(
            "The source is a broken zip archive.", given=f"{source} ({error})"
        ) from None
    file.seek(0)
    if any(name.startswith("xl/") for name in names) and "xl/workbook.bin" not in names:
        return EXCEL
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise UserError(
            "The source is a workbook that is not read.",
            given=source,
            choices=[".xlsx", ".xls"],
            fix="save it as .xlsx, or as CSV",
        )
    return ZIP
