"""Redact what is stored: API keys always, and configured fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

HIDDEN = "[redacted]"
REFERENCE = "reference"  # the column of predictions
# Before the name of a target, where its own stands for something else (app.records.target_keys).
OF_TARGETS = ("predicted_", "true_")
PASTED = "leave it out; if it is in use, revoke it and make another one"  # what to do of a key
KEY_PREFIX = "lpd_"  # of every API key, so that one is known wherever it was pasted
# A key as it may be written: each character as it is, as JSON or a program escapes it (in a text
# within a text, too), percent-encoded (once or more), or with the NULs of UTF-16 and UTF-32.
_WITHIN = r"2[dD]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA]"  # of a key: A-Za-z0-9_-
_CODES = {"l": "6[cC]", "p": "70", "d": "64", "_": "5[fF]"}


def _written(plain: str, codes: str) -> str:
    return rf"(?:{plain}|\\{{1,8}}u00(?:{codes})|%(?:25){{0,8}}(?:{codes}))\x00{{0,3}}"


_BEGINNING = "".join(_written(one, _CODES[one]) for one in KEY_PREFIX)
_REST = rf"(?:{_written('[A-Za-z0-9_-]', _WITHIN)}){{8,}}"
# What is left out of a text: all that may be a part of a key ...
_KEY = re.compile(_BEGINNING + _REST)
_KEY_IN_BYTES = re.compile(_KEY.pattern.encode())
# ... and what a text is refused for: what is built as keys are, and is no word that begins alike.
_BUILT = _BEGINNING + rf"(?:{_written('[0-9a-f]', '3[0-9]|6[1-6]')}){{8}}"
_BUILT_KEY = re.compile(_BUILT + _written("_", _CODES["_"]) + _REST)
_BUILT_KEY_IN_BYTES = re.compile(_BUILT_KEY.pattern.encode())
# What a text has that has a key; most have none of it, and are not looked at any closer.
_SIGNS = (KEY_PREFIX, "\\u00", "%", "\0")
_SIGNS_IN_BYTES = tuple(sign.encode() for sign in _SIGNS)
_PARAMETER = re.compile(
    r"(?i)((?:^|&)(?:api[_-]?key|key|access[_-]?token|token|password|secret|authorization)=)[^&]*"
)
# Where an answer repeats a field's value under another name: beside the field's own ...
_NAMED_BY = ("field", "feature")
_REPEATED = ("value", "word")
# ... and where it may be any field's.
_ANY = ("sentence", "given", "fix")
# Of a warning, which says values in words; a record may have a field of this name.
_MESSAGE, _CODE = "message", "code"


def holds_key(text: str | bytes) -> bool:
    """Tell whether an API key stands in a text, however it is written there."""
    if isinstance(text, bytes):
        return _may_hold(text) and _BUILT_KEY_IN_BYTES.search(text) is not None
    return _may_hold_text(text) and _BUILT_KEY.search(text) is not None


def without_keys(text: str) -> str:
    """Return a text without the API keys in it, and without parts of some."""
    return _KEY.sub(HIDDEN, text) if _may_hold_text(text) else text


def _may_hold_text(text: str) -> bool:
    for sign in _SIGNS:  # noqa: SIM110 - as below
        if sign in text:
            return True
    return False


def _may_hold(body: bytes) -> bool:
    for sign in _SIGNS_IN_BYTES:  # noqa: SIM110 - called often, and twice as fast as any()
        if sign in body:
            return True
    return False


class Redaction:
    """Replaces secret values in bodies and queries."""

    def __init__(self, fields: Collection[str]) -> None:
        hidden = [name.casefold() for name in fields]
        also = [before + name for name in hidden for before in OF_TARGETS]
        self._fields = frozenset([*hidden, *also])

    @property
    def has_fields(self) -> bool:
        """Tell whether any field is hidden."""
        return bool(self._fields)

    def hides(self, name: str) -> bool:
        """Tell whether a field's values are hidden."""
        return name.casefold() in self._fields

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record without the values of hidden fields."""
        return {name: HIDDEN if self.hides(name) else value for name, value in record.items()}

    def body(self, body: bytes | None) -> bytes | None:
        """Return a body without secrets."""
        if not body:
            return body
        if _may_hold(body):
            body = _without_keys(body)
        return self._without_fields(body) if self._fields else body

    def reference(self, reference: str | None) -> str | None:
        """Return a caller's own reference without keys; None where it is a configured field."""
        if reference is None or REFERENCE in self._fields:
            return None
        return without_keys(reference)

    def query(self, query: str) -> str:
        """Return a query string without secrets."""
        if not query:
            return query
        query = without_keys(query)
        if "=" in query:  # which few paths have
            query = _PARAMETER.sub(rf"\1{HIDDEN}", query)
        return "&".join(map(self._parameter, query.split("&"))) if self._fields else query

    def _parameter(self, written: str) -> str:
        name, equals, _ = written.partition("=")
        is_secret = unquote_plus(name).casefold() in self._fields
        return f"{name}{equals}{HIDDEN}" if is_secret else written

    def _without_fields(self, body: bytes) -> bytes:
        try:
            return msgspec.json.encode(self._walk(msgspec.json.decode(body)))
        except (msgspec.DecodeError, RecursionError):
            return HIDDEN.encode()  # what cannot be read cannot be searched

    def _walk(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        is_about, is_warning = self._is_about(value), _CODE in value
        return {
            key: HIDDEN
            if self._is_secret(key, is_about) or (is_warning and key == _MESSAGE)
            else self._walk(item)
            for key, item in value.items()
        }

    def _is_secret(self, key: str, is_about: bool) -> bool:
        return key.casefold() in self._fields or key in _ANY or (is_about and key in _REPEATED)

    def _is_about(self, value: dict[str, Any]) -> bool:
        """Tell whether an object repeats a field's value."""
        named = [value.get(name) for name in _NAMED_BY]
        return any(isinstance(name, str) and name.casefold() in self._fields for name in named)


NOTHING_HIDDEN = Redaction(())


def _without_keys(body: bytes) -> bytes:
    """Return a body without API keys; JSON stays JSON."""
    if _KEY_IN_BYTES.search(body) is None:
        return body
    if not any(b"\\" in one[0] for one in _KEY_IN_BYTES.finditer(body)):
        return _KEY_IN_BYTES.sub(HIDDEN.encode(), body)
    # A backslash that is left alone would escape what comes after it.
    try:
        return msgspec.json.encode(_texts_without_keys(msgspec.json.decode(body)))
    except (msgspec.DecodeError, RecursionError):
        return _KEY_IN_BYTES.sub(HIDDEN.encode(), body)


def _texts_without_keys(value: Any) -> Any:
    if isinstance(value, str):
        return without_keys(value)
    if isinstance(value, list):
        return [_texts_without_keys(item) for item in value]
    if isinstance(value, dict):
        return {without_keys(key): _texts_without_keys(item) for key, item in value.items()}
    return value
