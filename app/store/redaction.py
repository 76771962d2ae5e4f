"""Redact what is stored: API keys always, and configured fields."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote_plus

import msgspec

HIDDEN = "[redacted]"
REFERENCE = "reference"  # the column of predictions
KEY_PREFIX = "lpd_"  # of every API key, so that one is known wherever it was pasted
_KEY = re.compile(rb"lpd_[A-Za-z0-9_-]{8,}")
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


class Redaction:
    """Replaces secret values in bodies and queries."""

    def __init__(self, fields: Collection[str]) -> None:
        self._fields = frozenset(name.casefold() for name in fields)

    def body(self, body: bytes | None) -> bytes | None:
        """Return a body without secrets."""
        if not body:
            return body
        if b"lpd_" in body:
            body = _KEY.sub(HIDDEN.encode(), body)
        return self._without_fields(body) if self._fields else body

    def reference(self, reference: str | None) -> str | None:
        """Return a caller's own reference without keys; None where it is a configured field."""
        if reference is None or REFERENCE in self._fields:
            return None
        return _KEY.sub(HIDDEN.encode(), reference.encode()).decode()

    def query(self, query: str) -> str:
        """Return a query string without secrets."""
        if not query:
            return query
        query = _KEY.sub(HIDDEN.encode(), query.encode()).decode()
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
