"""Values that have a type -> text, by one rule, so that the schema makes types of them again.

Nothing is "", whole floats are written as integers, booleans true and false, days and times as ISO
8601 has them, other numbers so that they are read to the last bit.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from src.data.sources.grid import TEXT

_EXACT = 2**53  # whole floats below are integers
_UTC, _NOTHING = pa.scalar("Z", TEXT), pa.scalar("", TEXT)


def cell(value: Any) -> str:
    """Write a value of Python as text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    write = next((write for kind, write in _WRITERS if isinstance(value, kind)), str)
    return write(value)


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def _moment(value: datetime.datetime) -> str:
    utc = value if value.tzinfo is None else value.astimezone(datetime.UTC)
    text = utc.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + ("" if value.tzinfo is None else "Z")


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return bytes(value).decode(errors="backslashreplace")


def _nested(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=cell)


# The first that fits: a bool is an int, and a datetime a date.
_WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (float, _number),
    (int, str),
    (Decimal, lambda value: f"{value:f}"),
    (datetime.datetime, _moment),
    ((datetime.date, datetime.time), lambda value: value.isoformat()),
    (datetime.timedelta, lambda value: _number(value.total_seconds())),
    ((bytes, bytearray, memoryview), _bytes),
    ((list, tuple, dict), _nested),
)


def column(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write an Arrow column as text, as `cell` would write its values."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = pc.cast(values, kind.value_type)
        kind = values.type
    if pa.types.is_floating(kind):
        texts = _floats(values)
    elif pa.types.is_timestamp(kind):
        texts = _moments(values)
    elif _is_cast(kind):
        texts = pc.cast(values, TEXT)
    else:
        chunks = [pa.array(map(cell, chunk.to_pylist()), TEXT) for chunk in values.chunks]
        texts = pa.chunked_array(chunks, TEXT)
    return pc.fill_null(texts, "")


def _is_cast(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_date32(kind)
        or types.is_null(kind)
    )


def _floats(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_float16(values.type):
        values = pc.cast(values, pa.float32())
    is_whole = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), float(_EXACT)))
    is_whole = pc.fill_null(is_whole, False)
    whole = pc.cast(pc.if_else(is_whole, values, pa.scalar(0, values.type)), pa.int64())
    texts = pc.if_else(is_whole, pc.cast(whole, TEXT), pc.cast(values, TEXT))
    return pc.if_else(pc.fill_null(pc.is_nan(values), False), "", texts)


def _moments(values: pa.ChunkedArray) -> pa.ChunkedArray:
    zone = values.type.tz
    if zone is not None:
        values = pc.cast(values, pa.timestamp(values.type.unit, "UTC"))
    texts = pc.cast(values.cast(pa.timestamp(values.type.unit)), TEXT)
    texts = pc.replace_substring(texts, " ", "T", max_replacements=1)
    texts = pc.replace_substring_regex(texts, r"(\.\d*?)0+$", r"\1")  # 12:00:00.500000
    texts = pc.replace_substring_regex(texts, r"\.$", "")
    return texts if zone is None else pc.binary_join_element_wise(texts, _UTC, _NOTHING)
