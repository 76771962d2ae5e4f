"""Parse JSON without losing duplicate keys, long numbers or the position of errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import msgspec

from src.support.errors import UserError

COMMAS = 20  # for each object or number of a body: a text may have some, too


class MalformedError(UserError):
    """A body that is not JSON: why, and where."""

    def __init__(self, why: str, fix: str | None = None) -> None:
        super().__init__(f"The body is not JSON: {why}.", code="invalid_json", fix=fix)
        self.why = why


class Literally(str):
    """A number as text, since Python refuses some that JSON allows."""

    __slots__ = ()


class Object:
    """An object as key-value pairs, in which a key may occur twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


class TooManyError(UserError):
    """A body with more objects and numbers than any valid one; it is not read to the end."""

    def __init__(self) -> None:
        super().__init__("There are too many values in the body.", code="too_many_values")


class _ConstantError(Exception):
    """A constant that Python accepts but JSON does not: NaN or Infinity."""


def parse(body: bytes, most: int) -> Any:
    """Parse a body into Object, list, str, Literally, bool and None.

    Raises MalformedError where it is not JSON, and TooManyError where it has more than `most`
    objects and numbers: 16 MB of them would fill a GB.
    """
    # Each value is followed by one of these, so that none needs to be made to count them.
    if body.count(b",") > COMMAS * most:
        raise TooManyError
    left = most

    def counted(kind: Callable[[Any], Any], value: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise TooManyError
        return kind(value)

    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(
            f"it is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}", "send it as UTF-8"
        ) from None
    try:
        return json.loads(
            text,
            object_pairs_hook=partial(counted, Object),
            parse_int=partial(counted, Literally),
            parse_float=partial(counted, Literally),
            parse_constant=_refuse,
        )
    except RecursionError:
        raise MalformedError("it is nested too deeply") from None
    except _ConstantError as error:
        fix = "leave the field out where it is optional; JSON has no such number"
        raise MalformedError(f"it has {error}{_where(body)}", fix) from None
    except json.JSONDecodeError as error:
        if text.startswith("\ufeff"):
            raise MalformedError("it begins with a byte order mark", "leave the mark out") from None
        what = error.msg[:1].lower() + error.msg[1:].removesuffix(" at").removesuffix(":")
        raise MalformedError(f"{what} at line {error.lineno}, column {error.colno}") from None


def _refuse(constant: str) -> NoReturn:
    raise _ConstantError(constant)


def _where(body: bytes) -> str:
    """Return the position of the first constant, which Python does not report."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        place = str(error).rpartition("(")[2].rstrip(")")
        return f" at {place}" if place.startswith("byte ") else ""
    return ""
