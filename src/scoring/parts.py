"""A slice of rows -> a file with its receipt, in whichever process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.inference import answer_cells
from src.inference.answer_cells import REFUSED, WARNINGS, WHY
from src.scoring import answers, receipts, tables
from src.scoring.learnt import Learnt
from src.scoring.receipts import Job, Receipt, Told
from src.scoring.slices import Slice
from src.scoring.typed import Reader
from src.scoring.version import Version
from src.support import files
from src.support.errors import UserError


@dataclass(frozen=True)
class Done:
    """A part that is there: the rows that it tells of, and whether it was there before."""

    receipt: Receipt
    is_kept: bool


class Scorer:
    """Scores slices into the parts of a folder, in place of others where it `is_replaced`."""

    def __init__(
        self, version: Version, job: Job, folder: Path, *, is_replaced: bool = False
    ) -> None:
        self._version, self._job, self._folder = version, job, folder
        self._is_replaced = is_replaced
        self._reader = Reader(version.dataset, version.past)
        self._learnt = Learnt.of(version)

    def score(self, rows: Slice) -> Done:
        """Write the part of a slice, unless it is there; raise UserError where it is another's."""
        file = self._folder / name(rows.number, self._job)
        sha256 = rows.sha256()
        had = receipts.read(file)
        if had is not None and file.is_file() and receipts.sha256(file) == had.sha256:
            if had.input_sha256 == sha256 and not receipts.differences(had, self._job):
                return Done(had, is_kept=True)
            if not self._is_replaced:
                raise UserError(
                    "What is there was scored from other rows; nothing more was written.",
                    given=f"{file}, of rows {had.first} to {had.last}",
                    fix="name another folder or file in to=, or score anew with replace=true",
                )
        data, told = self._scored(rows)
        receipt = Receipt(
            file=file.name,
            sha256=hashlib.sha256(data).hexdigest(),
            part=rows.number,
            first=rows.first,
            last=rows.last,
            input_sha256=sha256,
            told=told,
            job=self._job,
        )
        receipts.write(file, receipt)
        files.write(file, data)
        return Done(receipt, is_kept=False)

    def _scored(self, rows: Slice) -> tuple[bytes, Told]:
        version, job = self._version, self._job
        header = header_of(version, rows.names, job)
        cells, places, why = self._reader.read(rows)
        columns = tables.without_rows(names_of(version, job), version.cells, version.classes)
        told = Told(rows=len(rows))
        if len(places):
            found = answers.of(version, cells, is_explained=job.explain)
            for at in places[found.broken]:
                why[int(at)] = answers.NOT_FINITE
            places = np.delete(places, found.broken)
            columns |= {one: found.columns[one] for one in columns if len(places)}
            self._tell(told, found)
        told.refused = len(why)
        scored = tables.Scored(rows, columns, places, why)
        if job.written == "parquet":
            return tables.parquet_bytes(scored, header), told
        separator = version.dataset.separator
        head = tables.csv_head(header, separator)
        return head + tables.csv_bytes(scored, version.cells, separator), told

    def _tell(self, told: Told, found: answers.Answers) -> None:
        values = found.columns[self._version.cells.target]
        told.warned, told.outside = dict(found.warned), dict(found.outside)
        told.answers = self._learnt.counts(values)
        if isinstance(values, np.ndarray) and len(values):
            told.least, told.most = float(values.min()), float(values.max())


def names_of(version: Version, job: Job) -> list[str]:
    """Return the names of the columns of answers, but that of refusals."""
    return [*version.cells.names, *([WHY] if job.explain else []), WARNINGS]


def header_of(version: Version, names: list[str], job: Job) -> list[str]:
    """Return the names of the source's columns, and of those of answers where they are free."""
    return answer_cells.header(names, [*names_of(version, job), REFUSED])


def name(number: int, job: Job) -> str:
    """Return the name of a part's file."""
    return f"part-{number:05d}.{job.written}"
