"""Convert a CSV's cells to values as src.data.cleaning does, but without pandas.

A column is converted at once by code that runs in C. If that fails, each distinct cell is
converted by itself, which also describes what is wrong. Tests check that both ways agree with each
other and with cleaning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from app.records.fields import Field, FieldError, Listed, Numeric, Open
from app.records.records import Records
from app.records.references import Reference
from app.records.values import is_number, shown
from src.data.kinds.number_format import PLAIN as PLAIN_NUMBERS
from src.data.kinds.number_format import NumberFormat, as_number
from src.data.kinds.spelling import canonical
from src.support.errors import Fault

FAULTY = object()
BLANK = ("",)  # no word stands for a reference that is missing
FEW = 32  # cells that are read one by one where one of them is odd


class Cells:
    """Converts the cells of records."""

    def __init__(self, records: Records, reference: Reference | None = None) -> None:
        """Take the records, and the reference that a row may have beside its features: the last."""
        self._columns = {
            name: column(field, records.markers(name), records.written(name))
            for name, field in records.by_name.items()
        }
        if reference is not None:
            self._columns[reference.name] = Column(reference, BLANK)
        self.texts = sum(isinstance(column.field, Open) for column in self._columns.values())

    def read(
        self, header: list[str], rows: list[list[str]]
    ) -> tuple[list[Sequence[Any]], Sequence[int]]:
        """Return the values of valid rows by feature, and the positions of these rows.

        The values of a column that the header does not have are missing.
        """
        places: Sequence[int] = range(len(rows))
        if set(map(len, rows)) != {len(header)}:
            places = [at for at, row in enumerate(rows) if len(row) == len(header)]
            rows = [rows[at] for at in places]
        cells = dict(zip(header, zip(*rows, strict=True), strict=False))
        columns: list[Sequence[Any]] = []
        faulty: set[int] = set()
        for name, column in self._columns.items():
            if rows and name not in cells:
                columns.append([None] * len(rows))
                continue
            values, wrong = column.read_all(cells.get(name, ()))
            columns.append(values)
            faulty.update(wrong)
        if faulty:
            columns = [_without(values, faulty) for values in columns]
            places = _without(places, faulty)
        return columns, places

    def why(self, header: list[str], row: list[str]) -> Iterator[Fault]:
        """Return the faults of a row."""
        if len(row) != len(header):
            yield Fault(
                f"The row has {len(row)} {'cell' if len(row) == 1 else 'cells'}.",
                given=str(len(row)),
                allowed=[f"{len(header)} cells, as the header"],
                fix="quote cells that hold the separator",
            )
            return
        cells = dict(zip(header, row, strict=True))
        for name, column in self._columns.items():
            if name not in cells:
                continue
            try:
                column.read(cells[name])
            except FieldError as error:
                yield Fault(
                    f"{error.what}.",
                    field=name,
                    given=shown(cells[name]),
                    allowed=[column.field.allowed],
                    fix=error.fix,
                )


def _without(values: Sequence[Any], places: set[int]) -> list[Any]:
    """Return values without those at some positions, which are usually few."""
    if len(places) > FEW:
        return [value for at, value in enumerate(values) if at not in places]
    left = list(values)
    for at in sorted(places, reverse=True):
        del left[at]
    return left


class Column:
    """Converts a feature's cells; subclasses convert whole columns."""

    halves = False  # cells that cannot be read at once are tried again in halves

    def __init__(self, field: Field | Reference, missing: tuple[str, ...]) -> None:
        self.field = field
        self.missing = set(missing).difference(field.choices or ())

    def read(self, cell: str) -> Any:
        """Return a cell's value, None if it is missing; raise FieldError if it is not valid."""
        text = cell.strip()
        if text in self.missing:
            self.field.nothing()
            return None
        return self.field.check(self._meant(text))

    def read_all(self, cells: Sequence[str]) -> tuple[Sequence[Any], list[int]]:
        """Return the values of cells, and the positions of those that `read` refuses."""
        values = self._at_once(cells)
        if values is not None:
            return values, []
        if self.halves and len(cells) > FEW:
            # Most of them are right: what is odd is looked for where it is.
            middle = len(cells) // 2
            left, wrong = self.read_all(cells[:middle])
            right, others = self.read_all(cells[middle:])
            return [*left, *right], [*wrong, *(middle + at for at in others)]
        values_by_cell = {cell: self._or_faulty(cell) for cell in set(cells)}
        values = [values_by_cell[cell] for cell in cells]
        return values, [at for at, value in enumerate(values) if value is FAULTY]

    def _or_faulty(self, cell: str) -> Any:
        try:
            return self.read(cell)
        except FieldError:
            return FAULTY

    def _at_once(self, cells: Sequence[str]) -> Sequence[Any] | None:
        """Return the values of cells, or None if they must be read one by one."""
        return None

    def _meant(self, text: str) -> Any:
        """Return the value that a text stands for."""
        return text


class Numbers(Column):
    """Converts cells of numbers."""

    halves = True
    field: Numeric

    def __init__(self, field: Numeric, missing: tuple[str, ...]) -> None:
        super().__init__(field, missing)
        self._markers = set(map(as_number, self.missing)) - {None}

    def _at_once(self, cells: Sequence[str]) -> Sequence[float] | None:
        joined = "".join(cells)
        if not cells or not joined.isascii() or "_" in joined:
            return None
        try:
            values = list(map(float, cells))
        except ValueError:
            return None
        # A sum is finite where all of its parts are; and bounds that hold for the least and the
        # greatest hold for all between them.
        good = (
            math.isfinite(sum(values))
            and (not self._markers or self._markers.isdisjoint(values))
            and self.field.bounds.hold(min(values))
            and self.field.bounds.hold(max(values))
            and (not self.field.whole or all(map(float.is_integer, values)))
        )
        return values if good else None

    def _meant(self, text: str) -> float:
        value = as_number(text)
        if value is None:
            field = self.field
            raise FieldError(f"{field.name} is not a number", f"give {field.allowed}")
        return value


class WrittenNumbers(Numbers):
    """Converts cells of numbers that the source writes in a way of its own: $84,835.00."""

    halves = False  # each distinct cell is read by itself

    def __init__(self, field: Numeric, missing: tuple[str, ...], written: NumberFormat) -> None:
        super().__init__(field, missing)
        self._written = written

    def _at_once(self, cells: Sequence[str]) -> None:
        return None

    def _meant(self, text: str) -> float:
        return super()._meant(self._written.plain(text))


class Codes(Column):
    """Converts cells of listed values; if all are numbers, 1.0 is another spelling of 1."""

    halves = True

    def __init__(self, field: Listed, missing: tuple[str, ...]) -> None:
        super().__init__(field, missing)
        self._listed = set(field.choices or ())
        self._numeric = all(map(is_number, self._listed))

    def _at_once(self, cells: Sequence[str]) -> Sequence[str] | None:
        return cells if self._listed.issuperset(cells) else None

    def _meant(self, text: str) -> str | float:
        if text in self._listed:
            return text
        value = as_number(text) if self._numeric else None
        return canonical(text) if value is None else value


def column(field: Field, missing: tuple[str, ...], written: NumberFormat = PLAIN_NUMBERS) -> Column:
    """Return the column of a field, whose numbers are written so."""
    if isinstance(field, Numeric):
        plain = written.is_plain
        return Numbers(field, missing) if plain else WrittenNumbers(field, missing, written)
    if isinstance(field, Listed):
        return Codes(field, missing)
    return Column(field, missing)
