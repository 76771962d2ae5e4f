"""A CSV of records -> the same CSV with what was predicted beside each row."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import msgspec

from app.predictions import past
from app.records import references
from app.records.csv_columns import Cells
from app.records.csv_reader import CsvReader
from app.records.invalid import Invalid
from app.records.line_blocks import BLOCK
from app.records.records import MOST_FAULTS, Decoded
from app.registry.loaded import LoadedVersion
from src.data.kinds import spreadsheet
from src.inference import answer_cells
from src.inference.answer_cells import REFUSED, WARNINGS, WHY, AnswerCells
from src.support import files
from src.support.errors import Fault

BYTES = 4  # of one character in UTF-8, at most


@dataclass(frozen=True)
class Table:
    """A CSV's rows as they came, and the records in those that are none of `refused`.

    `refused` says, by its place among the rows, why one cannot be answered; it is None where one
    such row would have refused them all. `references` has the caller's own of each record, and is
    empty where none has one; `origins` tell where the past of each is from, if any look into it.
    """

    header: list[str]
    rows: list[list[str]]
    values: list[tuple[Any, ...]]
    references: tuple[str | None, ...] = ()
    refused: dict[int, str] | None = None
    origins: past.Origins = field(default_factory=list)

    def decoded(self) -> Decoded:
        """Return the records as those of JSON are."""
        return Decoded(self.values, many=True, references=self.references)


def read(
    serving: LoadedVersion, body: bytes, *, most: int, longest_text: int, is_partial: bool = False
) -> Table:
    """Read at most `most` rows; raise Invalid that names the lines at fault.

    With `is_partial` rows at fault are kept beside the good ones, with what is wrong.
    """
    name, cells = serving.dataset.name, Cells(serving.records, serving.records.reference)
    names = serving.records.names
    sheet = CsvReader(
        io.BytesIO(body),
        dataset=name,
        separator=serving.dataset.separator,
        needed=[name for at, name in enumerate(names) if at not in serving.records.past],
        source=serving.dataset.source_columns(),
        longest=BLOCK + BYTES * longest_text * max(cells.texts, 1),
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    for batch in sheet.batches():
        rows += batch.rows
        lines += batch.lines
        if len(rows) > most:
            fault = Fault(
                "There are too many records.",
                given=f"more than {most}",
                allowed=[f"1 to {most} records"],
                fix="send them in parts, each under the header",
            )
            raise Invalid([fault], name, code="too_many_records")
        if batch.broken:
            error = batch.broken
            fault = Fault(error.what, line=error.line, given=error.given, fix=error.fix)
            raise Invalid([fault], name)
    if not rows:
        allowed = [f"1 to {most} records"]
        fault = Fault("There is no record under the header.", given="0", allowed=allowed)
        raise Invalid([fault], name)
    columns, good = cells.read(sheet.header, rows)
    if len(good) < len(rows) and not is_partial:
        raise Invalid(_faults(cells, sheet.header, rows, lines, good), name)
    refused = _why(cells, sheet, rows, good) if is_partial else None
    values, own = _records(serving, columns, good)
    table = Table(sheet.written, rows, values, own, refused)
    return table if serving.past is None else _with_past(serving, table, lines, good)


def _with_past(
    serving: LoadedVersion, table: Table, lines: list[int], good: Sequence[int]
) -> Table:
    """Look up the past that cells do not tell: an empty one says nothing."""
    places = serving.records.past
    unsaid = [tuple(at for at in places if record[at] is None) for record in table.values]
    looked = past.look(serving, table.values, unsaid)
    if looked.faults and table.refused is None:
        faults = [
            msgspec.structs.replace(fault, line=lines[good[at]])
            for at, fault in islice(looked.faults.items(), MOST_FAULTS)
        ]
        raise Invalid(faults, serving.dataset.name, code="past_unknown")
    refused = table.refused
    if refused is not None:
        refused = refused | {good[at]: _words(fault) for at, fault in looked.faults.items()}
    own = [one for at, one in enumerate(table.references) if at not in looked.faults]
    return replace(
        table,
        values=looked.values,
        references=references.of_records(own),
        refused=refused,
        origins=looked.origins,
    )


def write(
    serving: LoadedVersion, table: Table, answers: list[dict[str, Any]], also: Sequence[str] = ()
) -> bytes:
    """Write the rows, and beside each its prediction, its range and its id.

    `also` are parts of an answer that are told beside these, such as why.
    """
    told_by = AnswerCells(serving.dataset, serving.decision)
    names = [*told_by.names, *also, WARNINGS, "id"]
    refused = table.refused or {}
    last = [] if table.refused is None else [REFUSED]
    own = {*serving.dataset.columns(), told_by.target}
    header = answer_cells.header(table.header, [*names, *last])
    # Names and classes of the dataset's own are no caller's, and stay as they are.
    rows = [[name if name in own else spreadsheet.text_cell(name) for name in header]]
    left = iter(answers)
    for at, row in enumerate(table.rows):
        if at in refused:
            # A row may have too few cells, or too many: what is said must stand in its column.
            cells = [*row, *[""] * len(table.header)][: len(table.header)]
            beside = [*[""] * len(names), spreadsheet.text_cell(refused[at])]
        else:
            cells, told = row, _told(told_by, serving, next(left))
            beside = [*(told.get(name, "") for name in names), *[""] * len(last)]
        rows.append([*map(spreadsheet.text_cell, cells), *beside])
    return files.csv_text(rows, serving.dataset.separator).encode()


def _records(
    serving: LoadedVersion, columns: Sequence[Sequence[Any]], good: Sequence[int]
) -> tuple[list[tuple[Any, ...]], tuple[str | None, ...]]:
    """Return the records of good rows, and their references."""
    if not good:
        return [], ()
    if serving.records.reference is None:
        return list(zip(*columns, strict=True)), ()
    *features, own = columns
    return list(zip(*features, strict=True)), references.of_records(own)


def _why(
    cells: Cells, sheet: CsvReader, rows: list[list[str]], good: Sequence[int]
) -> dict[int, str]:
    """Say what is wrong with each row that has a fault."""
    faulty = set(range(len(rows))).difference(good)
    return {
        at: "; ".join(_words(fault) for fault in cells.why(sheet.header, rows[at])) for at in faulty
    }


def _words(fault: Fault) -> str:
    """Say a fault in a cell; it names the field itself."""
    given = "" if fault.given is None else f": {fault.given}"
    return f"{fault.detail.removesuffix('.')}{given}"


def _faults(
    cells: Cells,
    header: list[str],
    rows: list[list[str]],
    lines: list[int],
    good: Sequence[int],
) -> list[Fault]:
    """Say what is wrong with the first rows that have a fault, by their lines."""
    faulty = sorted(set(range(len(rows))).difference(good))
    every = (
        msgspec.structs.replace(fault, line=lines[at])
        for at in faulty
        for fault in cells.why(header, rows[at])
    )
    return list(islice(every, MOST_FAULTS))


def _told(cells: AnswerCells, serving: LoadedVersion, answer: dict[str, Any]) -> dict[str, str]:
    """Return the cells that tell of an answer, by their names."""
    interval, prediction = answer["interval"], answer[serving.predicted]
    if serving.classes is None:
        found = {cells.target: cells.value(prediction)}
        found |= {end: cells.value(interval[end]) for end in ("low", "high")}
    else:
        found = {
            cells.target: str(prediction),
            "probability": cells.chance(answer["probability"]),
            "likely": cells.likely(interval["classes"]),
        }
        for name in cells.of_decision:
            value = answer[name]
            found[name] = cells.flag(value) if isinstance(value, bool) else cells.chance(value)
    if WHY in answer:
        found[WHY] = spreadsheet.text_cell(answer[WHY]["sentence"])
    found[WARNINGS] = cells.warnings(answer[WARNINGS])
    return {**found, "id": answer["id"]}
