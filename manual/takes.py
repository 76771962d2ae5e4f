"""What a key takes and what it is if it is not given, in a few words."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET, inspect

from manual.markdown import code

_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_WORDS: list[tuple[type, str]] = [
    (inspect.BoolType, "`true` or `false`"),
    (inspect.StrType, "text"),
    (inspect.StructType, "keys, see below"),
    (inspect.AnyType, "anything"),
]


def taken(info: Any) -> str:
    """Say what a type takes."""
    if isinstance(info, inspect.UnionType):
        return _either([taken(one) for one in info.types if not isinstance(one, inspect.NoneType)])
    if isinstance(info, inspect.Metadata):
        return taken(info.type)
    if isinstance(info, inspect.LiteralType):
        return _either([code(str(value).replace("\t", "\\t")) for value in info.values])
    if isinstance(info, inspect.IntType | inspect.FloatType):
        return _number(info)
    if isinstance(info, inspect.DictType):
        return f"names, each with {taken(info.value_type)}"
    if isinstance(info, inspect.ListType | inspect.VarTupleType):
        return f"a list of {taken(info.item_type)}"
    if isinstance(info, inspect.TupleType):
        return f"a list of {len(info.item_types)}: {', '.join(map(taken, info.item_types))}"
    return next(words for kind, words in _WORDS if isinstance(info, kind))


def default(field: msgspec.structs.FieldInfo) -> str:
    """Say what a key is if it is not given; nothing where it has to be."""
    if field.required:
        return "*needed*"
    value = field.default if field.default is not NODEFAULT else field.default_factory()
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None or value is UNSET or value in ({}, [], (), ""):
        return "none"
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, msgspec.Struct):
        return "see below"
    if isinstance(value, tuple | list):
        return ", ".join(_plain(one) if one != "" else "empty" for one in value)
    return code(f"{value:g}" if isinstance(value, float) else str(value))


def _number(info: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
    limits = [(word, getattr(info, name)) for name, word in _LIMITS.items()]
    told = [f"{word} {_spelt(limit)}" for word, limit in limits if limit is not None]
    return " ".join([noun, " and ".join(told)]).strip()


def _spelt(limit: float) -> str:
    """Spell a limit one way: Python takes types with 0 and with 0.0 for the same, and keeps one."""
    return str(int(limit) if float(limit).is_integer() else limit)


def _either(words: list[str]) -> str:
    """Join choices, each once; a number that may be whole or not is a number."""
    different = list(dict.fromkeys(words))
    if {"a number", "a whole number"} <= set(different):
        different.remove("a whole number")
    *most, last = different
    return f"{', '.join(most)} or {last}" if most else last
