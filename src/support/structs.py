"""Convert plain values to typed, frozen structs, with errors that list the choices."""

from __future__ import annotations

import re
import threading
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, inspect

from src.support.errors import UserError, did_you_mean

T = TypeVar("T")

# msgspec ends its messages with " - at `$.features.weight.type`"; keys of a dict appear as [...].
_MESSAGE = re.compile(
    r"^(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$?(?P<path>[^`]*)`)?$", re.DOTALL
)


_PATTERN = re.compile(r"^Expected `str` matching regex (?P<pattern>.*)$", re.DOTALL)
_PATTERNS: dict[str, tuple[str, str | None]] = {}  # what each means, and what to do


def worded(pattern: str, words: str, fix: str | None = None) -> Meta:
    """Return the rule of a text, and the words by which an error says it."""
    _PATTERNS[repr(pattern)] = (words, fix)  # as msgspec writes it
    return Meta(pattern=pattern)


# What names a file in conf/ and stands in paths and addresses.
Slug = Annotated[str, worded(r"^[a-z][a-z0-9_]*$", "a to z, digits and _, and a letter first")]

# What msgspec knows of a type it learns at the first use, and the process crashes where another
# thread has begun to.
_learnt: set[Any] = set()
_learning = threading.Lock()


class Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of everything configured: frozen, and closed to unknown keys."""


def convert(
    value: Any, kind: type[T], where: str = "", *, is_text: bool = False, code: str = "invalid"
) -> T:
    """Convert plain containers to `kind`; raise UserError that names the key and its choices.

    `where` is the path of the value in the configuration, such as "dataset". With `is_text` all
    values are text, as in a query or on a command line, and "3" is a number. `code` is the error's.
    """
    if kind not in _learnt:
        _learn(kind)
    try:
        return msgspec.convert(value, kind, strict=not is_text)
    except msgspec.ValidationError as error:
        explained = _explain(error, value, kind, where)
        explained.code = code
        raise explained from None


def _learn(kind: Any) -> None:
    with _learning:
        msgspec.json.Decoder(kind)
    _learnt.add(kind)


def _explain(error: Exception, value: Any, kind: type, where: str) -> UserError:
    match = _MESSAGE.match(str(error))
    assert match is not None
    steps = _locate(str(error), match["path"] or "", value, kind)
    what, do = _in_words(match["what"])
    if match["key"]:  # it is the name that is not valid, whatever stands under it
        names = _fetch(value, steps)
        name = next(
            n for n in names if _fails(_replaced(value, steps, {n: names[n]}), kind, str(error))
        )
        path = ".".join([*([where] if where else []), *steps])
        return UserError(
            f"A name in '{path}' is not valid: {_lower(what)}.",
            given=repr(name),
            fix=_unquoted(name) or _both(_plain(name), do),
        )
    path = ".".join([*([where] if where else []), *steps]).replace(".[", "[")
    info = _walk(inspect.type_info(kind), value, steps)
    if unknown_key := re.search(r"unknown field `(.*)`", what):
        key = unknown_key[1]
        choices = sorted(field.encode_name for field in getattr(info, "fields", ()))
        tag = getattr(info, "tag_field", None)
        return UserError(
            f"Unknown key '{f'{path}.' if path else ''}{key}'.",
            choices=choices + ([tag] if tag else []),
            fix=did_you_mean(key, choices),
        )
    if missing := re.search(r"missing required field `(.*)`", what):
        return UserError(
            f"The key '{f'{path}.' if path else ''}{missing[1]}' is missing.",
            fix=f"add '{missing[1]}' to {path or 'the configuration'}",
        )
    wrong = _fetch(value, steps)
    if isinstance(wrong, bool | date) and "str" in what:
        given = str(wrong).lower() if isinstance(wrong, bool) else str(wrong)
        what = f"'{path}' is not valid: {_lower(what)}."
        return UserError(what, given=given, fix=_unquoted(wrong))
    is_said = what != match["what"]  # "text" says less than what it must be
    allowed = None if is_said else _choices(info)
    return UserError(
        f"'{path or 'the configuration'}' is not valid: {_lower(what)}.",
        given=repr(wrong),
        choices=allowed,
        fix=do or _typed(wrong, info) or did_you_mean(str(wrong), allowed or ()),
    )


def _in_words(what: str) -> tuple[str, str | None]:
    """Say in words what a text must be, where a pattern does, and what to do."""
    match = _PATTERN.match(what)
    if match is None or match["pattern"] not in _PATTERNS:
        return what, None
    words, fix = _PATTERNS[match["pattern"]]
    return f"expected {words}", fix


def _both(first: str | None, second: str | None) -> str | None:
    return "; or ".join(filter(None, (first, second))) or None


def _typed(wrong: Any, info: Any) -> str | None:
    """Say how to type a tab on a command line, where it is one of the choices."""
    is_choice = isinstance(info, inspect.LiteralType) and "\t" in info.values
    return "type the tab itself: $'key=\"\\t\"'" if is_choice and wrong == "\\t" else None


def _plain(name: Any) -> str | None:
    """Say how to write a name that has blanks around it, or breaks its line."""
    plain = " ".join(name.split()) if isinstance(name, str) else ""
    if not plain or plain == name:
        return None
    return f"write {plain!r}: blanks around a name do not count, and a line break is one"


def _unquoted(value: Any) -> str | None:
    """Say how to write in YAML what was to be text, and was read as something else."""
    if isinstance(value, bool):
        return "quote it: YAML reads yes, no, on and off as true and false"
    if isinstance(value, int | float):
        return "quote it: YAML reads 020 as 16, 10:30 as 630 and 1e3 as 1000"
    if isinstance(value, date):
        return "quote it: YAML reads what looks like a date as one"
    return None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _locate(message: str, path: str, value: Any, kind: type) -> list[str]:
    """Convert msgspec's path to keys, where `[...]` stands for an unknown key of a dict."""
    steps = [step for step in re.split(r"\.(?!\.|\])|(?=\[)", path) if step]
    for position, step in enumerate(steps):
        if step == "[...]":
            before = steps[:position]
            for key, item in _fetch(value, before).items():
                if _fails(_replaced(value, before, {key: item}), kind, message):
                    steps[position] = str(key)
                    break
    return steps


def _fails(value: Any, kind: type, message: str) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return str(error) == message
    return False


def _replaced(value: Any, steps: list[str], new: Any) -> Any:
    """Return a copy of `value` with `new` at the end of the steps."""
    if not steps:
        return new
    copy = value.copy()
    key = _key(steps[0])
    copy[key] = _replaced(value[key], steps[1:], new)
    return copy


def _key(step: str) -> str | int:
    return int(step[1:-1]) if re.fullmatch(r"\[\d+\]", step) else step


def _fetch(value: Any, steps: list[str]) -> Any:
    for step in steps:
        try:
            value = value[_key(step)]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _walk(info: Any, value: Any, steps: list[str]) -> Any:
    """Follow the steps through the description of a type, and return what they lead to."""
    for step in steps:
        info = _struct_of(info, value)
        if isinstance(info, inspect.StructType):
            fields = {field.encode_name: field.type for field in info.fields}
            if step not in fields:
                return info
            info = fields[step]
        elif isinstance(info, inspect.DictType):
            info = info.value_type
        elif isinstance(info, inspect.ListType | inspect.VarTupleType):
            info = info.item_type
        else:
            return info
        value = _fetch(value, [step])
    return _struct_of(info, value)


def _struct_of(info: Any, value: Any) -> Any:
    """Return the member of a union that the value's tag names."""
    if not isinstance(info, inspect.UnionType):
        return info
    members = [member for member in info.types if not isinstance(member, inspect.NoneType)]
    for member in members:
        tag_field = getattr(member, "tag_field", None)
        if tag_field and isinstance(value, dict) and value.get(tag_field) == _tag(member):
            return member
    structs = [member for member in members if isinstance(member, inspect.StructType)]
    if isinstance(value, dict) and len(structs) == 1:
        return structs[0]
    return members[0] if len(members) == 1 else info


def _of_member(info: Any) -> list[str]:
    """Describe what a member of a union allows: of a struct, its keys."""
    if isinstance(info, inspect.StructType):
        return [f"keys ({', '.join(field.encode_name for field in info.fields)})"]
    return _choices(info) or []


def _tag(info: Any) -> Any:
    return getattr(info, "tag", None)


_WORDS: list[tuple[type, list[str]]] = [
    (inspect.StrType, ["text"]),
    (inspect.BoolType, ["true", "false"]),
    (inspect.DictType, ["a mapping of names to values"]),
    (inspect.ListType, ["a list"]),
    (inspect.NoneType, ["null"]),
]
_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def _choices(info: Any) -> list[str] | None:
    """Describe what a type allows; None if there is nothing to describe."""
    if isinstance(info, inspect.UnionType):
        tags = [str(_tag(member)) for member in info.types if _tag(member)]
        return tags or [word for member in info.types for word in _of_member(member)] or None
    if isinstance(info, inspect.LiteralType):
        return [str(value) if str(value).strip() else repr(value) for value in info.values]
    if isinstance(info, inspect.IntType | inspect.FloatType):
        limits = [(word, getattr(info, name)) for name, word in _LIMITS.items()]
        words = [f"{word} {limit}" for word, limit in limits if limit is not None]
        noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
        return [f"{noun} {' and '.join(words)}".strip()]
    return next((words for kind, words in _WORDS if isinstance(info, kind)), None)
