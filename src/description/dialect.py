"""How a file of rows is written: its encoding, separator, header, and the lines above it."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import BinaryIO

from src.support.structs import Checked

SAMPLE = 200_000  # characters that tell the separator
HEAD = 4 * SAMPLE + 4  # bytes that have so many characters, and a mark
BLOCK = 2**20
SEPARATORS = (",", ";", "\t", "|", ":", "~", "^")
USUAL = SEPARATORS[:4]  # the others also stand within cells: times, addresses
CONSISTENT = 0.8  # of the rows that a separator cuts into as many cells
BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Dialect(Checked, frozen=True):
    """How to read a file: `skip` counts the lines above the header, but for an Excel's `sep=;`."""

    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True
    skip: int = 0


def decode(file: BinaryIO) -> tuple[str, str]:
    """Return the beginning of a file's text, without a byte order mark, and its encoding.

    The whole file is looked at for bytes that are none of the encoding.
    """
    file.seek(0)
    head = file.read(HEAD)
    encoding = _encoding(head, file)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    text = head.decode(codec, errors="ignore").removeprefix("\ufeff")
    return (text if "\n" in text else text.replace("\r", "\n")), encoding


def of(text: str, encoding: str) -> Dialect:
    """Tell how a file is written whose text begins so."""
    declared = _declared(text)
    sample = _whole_lines(text)
    if declared is not None:
        sample = sample.partition("\n")[2]
    separator = declared or _separator(sample)
    every = list(_numbered(sample, separator))
    above = lines_above(every)
    rows = [row for line, row in every if line > above and any(map(str.strip, row))]
    return Dialect(encoding, separator, has_header(rows), above)


def _encoding(head: bytes, file: BinaryIO) -> str:
    for mark, encoding in BOMS.items():
        if head.startswith(mark):
            return encoding
    first = head[:4000]
    if first[1::2].count(0) > len(first) / 4:
        return "utf-16-le"
    if first[::2].count(0) > len(first) / 4:
        return "utf-16-be"
    return next((one for one in ("utf-8", "cp1252") if _is_all(one, file)), "latin-1")


def _is_all(encoding: str, file: BinaryIO) -> bool:
    """Tell whether all bytes of a file are of an encoding, a block at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _declared(text: str) -> str | None:
    """Return the separator that a first line `sep=;`, as spreadsheets write it, declares."""
    first = text[:20].split("\n")[0].strip("\r ").strip('"')
    return first[4] if len(first) == 5 and first.lower().startswith("sep=") else None


def _whole_lines(text: str) -> str:
    sample = text[:SAMPLE]
    return sample if len(sample) == len(text) else sample.rpartition("\n")[0] or sample


def _separator(sample: str) -> str:
    """Choose the separator that cuts most rows into as many cells."""
    best, found = (0.0, 0), ","
    for separator in SEPARATORS:
        widths = [len(row) for row in _rows(sample, separator)]
        if not widths:
            continue
        width, count = Counter(widths).most_common(1)[0]
        share = count / len(widths)
        if width < 2 or share < CONSISTENT - 0.3 * (separator in USUAL):
            continue
        score = (round(share, 1) + (separator in USUAL), width)
        if score > best:
            best, found = score, separator
    return found


def _rows(sample: str, separator: str) -> list[list[str]]:
    try:
        reader = csv.reader(io.StringIO(sample, newline=None), delimiter=separator)
        return [row for row in reader if any(map(str.strip, row))]
    except csv.Error:
        return []


def _numbered(sample: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the line on which each ends."""
    reader = csv.reader(io.StringIO(sample, newline=None), delimiter=separator)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error:
        return


def lines_above(rows: Sequence[tuple[int, list[str]]]) -> int:
    """Count the lines above the first row that is as wide as most are.

    `rows` have each the line on which it ends.
    """
    widths = [len(row) for _, row in rows if any(map(str.strip, row))]
    width = Counter(widths).most_common(1)[0][0] if widths else 0
    above = 0
    for line, row in rows:
        # A title may be as wide where a spreadsheet filled it up with separators.
        is_title = sum(1 for cell in row if cell.strip()) <= 1 < width
        if len(row) >= width and not is_title:
            return above
        above = line
    return 0


def has_header(rows: list[list[str]]) -> bool:
    """Tell whether the first row names columns: no number stands above numbers."""
    if len(rows) < 2:
        return True
    first, rest = rows[0], rows[1:200]
    above_numbers = [
        cell
        for at, cell in enumerate(first)
        if all(_is_number(row[at]) for row in rest if at < len(row) and row[at].strip())
    ]
    alike = [cell for cell in above_numbers if _is_number(cell)]
    are_steps = len(set(alike)) == len(alike) > 2 and _are_steps([float(cell) for cell in alike])
    return are_steps or not alike or 2 * len(alike) < len(above_numbers)


def _are_steps(values: list[float]) -> bool:
    """Tell whether numbers count on, as years above the columns of a wide table do."""
    steps = {after - before for before, after in pairwise(values)}
    return len(steps) == 1


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return bool(cell.strip())
