"""JSON lines, or an array of objects -> a grid of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from src.data.sources import text
from src.data.sources.grid import Filling, Grid
from src.data.sources.headers import check_width
from src.data.sources.raw import TOO_LONG, UNDECODABLE, Fault
from src.data.sources.spelling import cell
from src.support.errors import UserError

DEEPEST = 8  # objects in one another that are columns; what is deeper is text
MOST_ARRAY = 2**29  # bytes of an array, which is read as a whole
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def read(file: BinaryIO, source: str) -> Grid:
    """Read objects, each a row; its place is its line, or its number in the array from 1.

    A key that an object has not is an empty cell; {"a": {"b": 1}} has the column a.b. Raises
    UserError where there are no objects.
    """
    filling = _Growing(source)
    for place, record in _records(file, source):
        filling.add(place, record)
    return filling.grid()


class _Growing:
    """Rows under names that become more as they come."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._places: dict[str, int] = {}
        self._filling = Filling(0)
        self._faults: dict[object, Fault] = {}

    def add(self, place: int, record: dict[str, Any] | Fault) -> None:
        """Add a row, empty where it has a fault."""
        if isinstance(record, Fault):
            self._faults[place] = record
            record = {}
        record = dict(_flat(record))
        if not record.keys() <= self._places.keys():
            for name in record:
                self._places.setdefault(name, len(self._places))
            check_width(self._places, self._source)
            self._filling.widen(len(self._places))
        row = [""] * len(self._places)
        for name, value in record.items():
            row[self._places[name]] = cell(value)
        self._filling.add(row, place)

    def grid(self) -> Grid:
        """Return the whole table."""
        filling = self._filling
        return Grid(list(self._places), filling.columns(), filling.places(), self._faults)


def _flat(record: dict[str, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    """Yield values with the path to them as their name; an object without keys is a value."""
    for name, value in record.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            yield from _flat(value, f"{before}{name}.", depth + 1)
        else:
            yield f"{before}{name}", value


def _records(file: BinaryIO, source: str) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    head = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if head.startswith(b"["):
        return _of_array(file, source)
    return _of_lines(file, source)


def _of_array(file: BinaryIO, source: str) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    data = file.read(MOST_ARRAY + 1).removeprefix(b"\xef\xbb\xbf")
    if len(data) > MOST_ARRAY:
        raise UserError(
            f"The source is an array of more than {MOST_ARRAY:,} bytes.",
            given=source,
            fix="write one object a line (JSON lines), which is read a line at a time",
        )
    try:
        elements = _ARRAY.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(source, error) from None
    for place, element in enumerate(elements, start=1):
        yield place, _object(element)


def _of_lines(file: BinaryIO, source: str) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    first = True
    number = 0
    while line := file.readline(text.LONGEST + 1):
        number += 1
        if len(line) > text.LONGEST:
            while line and not line.endswith(b"\n"):
                line = file.readline(text.LONGEST)
            yield number, Fault(TOO_LONG, f"longer than {text.LONGEST:,} bytes")
            continue
        line = line.removeprefix(b"\xef\xbb\xbf") if first else line
        if not line.strip():
            continue
        record = _object(line)
        if first and isinstance(record, Fault):  # perhaps one object over several lines
            raise _broken(source, record.words)
        first = False
        yield number, record


def _object(data: bytes | msgspec.Raw) -> dict[str, Any] | Fault:
    try:
        return _OBJECT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Fault(UNDECODABLE, f"no JSON object: {error}")


def _broken(source: str, error: object) -> UserError:
    return UserError(
        "The source is JSON, but no rows.",
        given=f"{source} ({error})",
        choices=['one object a line, {"a": 1}', 'an array of objects, [{"a": 1}, ...]'],
        fix="of pandas: to_json(orient='records', lines=True)",
    )
