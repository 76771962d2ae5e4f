"""A CSV of records -> the same CSV with what was predicted beside each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app import invalid
from app.cells import Cells, as_number
from app.defused import MARK, is_formula
from app.lines import BLOCK
from app.records import MOST_PROBLEMS, FieldProblem, Invalid
from app.serving import Serving
from app.sheet import Sheet
from app.values import spelt

BYTES = 4  # of one character in UTF-8, at most
AMONG = " | "  # between the classes of one cell
TAKEN = "predicted_"  # put before a name of ours that the CSV has already


@dataclass(frozen=True)
class Table:
    """A CSV's rows as they came, and the records in them."""

    header: list[str]
    rows: list[list[str]]
    values: list[tuple[Any, ...]]


def read(serving: Serving, body: bytes, *, most: int, longest_text: int) -> Table:
    """Read at most `most` rows; raise Problem that names the lines at fault."""
    try:
        return _read(serving, body, most, longest_text)
    except Invalid as error:
        raise invalid.problem(error, serving.dataset.name) from None


def write(serving: Serving, table: Table, answers: list[dict[str, Any]]) -> bytes:
    """Write the rows, and beside each its prediction, its range and its id."""
    text = io.StringIO()
    # With this end of a line a lone \r within a text is quoted, too.
    writer = csv.writer(text, delimiter=serving.dataset.separator, lineterminator="\r\n")
    told = [_told(serving, answer) for answer in answers]
    names = [_free(name, table.header) for name in told[0]]
    writer.writerow(map(inert, [*table.header, *names]))
    for row, beside in zip(table.rows, told, strict=True):
        writer.writerow(map(inert, [*row, *beside.values()]))
    return text.getvalue().encode()


def inert(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: a text that looks like one is marked."""
    is_text = is_formula(cell) and len(cell) > 1 and as_number(cell) is None
    return MARK + cell if is_text else cell


def _read(serving: Serving, body: bytes, most: int, longest_text: int) -> Table:
    cells = Cells(serving.dataset, longest_text)
    sheet = Sheet(
        io.BytesIO(body),
        separator=serving.dataset.separator,
        needed=list(serving.records.names),
        longest=BLOCK + BYTES * longest_text * max(cells.texts, 1),
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    for batch in sheet.batches():
        rows += batch.rows
        lines += batch.lines
        if len(rows) > most:
            raise _wrong_count("There are too many records.", f"more than {most}", most, 413)
        if batch.broken:
            error = batch.broken
            problem = FieldProblem(
                None, None, error.what, error.given, None, error.fix, line=error.line
            )
            raise Invalid([problem])
    if not rows:
        raise _wrong_count("There is no record under the header.", "0", most, 422)
    columns, good = cells.read(sheet.header, rows)
    if len(good) < len(rows):
        raise Invalid(_faults(cells, sheet.header, rows, lines, good))
    return Table(sheet.header, rows, list(zip(*columns, strict=True)))


def _wrong_count(what: str, given: str, most: int, status: int) -> Invalid:
    allowed = f"1 to {most} records"
    fix = "send them in parts, each under the header" if status == 413 else None
    return Invalid([FieldProblem(None, None, what, given, allowed, fix)], status)


def _faults(
    cells: Cells,
    header: list[str],
    rows: list[list[str]],
    lines: list[int],
    good: Sequence[int],
) -> list[FieldProblem]:
    """Say what is wrong with the first rows that have a fault, by their lines."""
    faulty = sorted(set(range(len(rows))).difference(good))
    every = (
        FieldProblem(None, one.field, one.what, one.given, one.allowed, one.fix, line=lines[at])
        for at in faulty
        for one in cells.why(header, rows[at])
    )
    return list(islice(every, MOST_PROBLEMS))


def _told(serving: Serving, answer: dict[str, Any]) -> dict[str, str]:
    """Return the cells that tell of an answer, by their names."""
    target, interval = serving.dataset.target.name, answer["interval"]
    if serving.classes is None:
        found = {target: spelt(answer[target])}
        found |= {end: spelt(interval[end]) for end in ("low", "high")}
    else:
        found = {
            target: str(answer[target]),
            "probability": spelt(answer["probability"]),
            "likely": AMONG.join(map(str, interval["classes"])),
        }
    if "why" in answer:
        found["why"] = answer["why"]["sentence"]
    if "warning" in answer:
        found["warning"] = answer["warning"]
    return {**found, "id": answer["id"]}


def _free(name: str, header: list[str]) -> str:
    while name in header:
        name = TAKEN + name
    return name
