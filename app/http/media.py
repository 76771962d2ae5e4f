"""Read query parameters and JSON bodies, and write JSON answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import falcon
import msgspec

from app.records.strict_json import Object, parse
from app.store.redaction import PASTED, holds_key
from src.data.kinds.spelling import plain
from src.support.errors import UserError
from src.support.structs import Checked, convert

Q = TypeVar("Q", bound=Checked)
JSON = "application/json"
MOST_VALUES = 1000  # of a body that is no record


class NoQuery(Checked, frozen=True):
    """The query of an operation without parameters."""


_encode = msgspec.json.encode


def query(request: falcon.Request, kind: type[Q]) -> Q:
    """Return the query parameters as a struct; raise UserError for a wrong one."""
    if not request.query_string:
        return kind()
    repeated = [name for name, value in request.params.items() if isinstance(value, list)]
    if repeated:
        what = "A query parameter is given twice."
        raise UserError(what, code="invalid_query", given=repeated[0])
    empty = [name for name, value in request.params.items() if str(value).lower() == "null"]
    if empty:  # msgspec would take the word for no value
        what = "A query parameter is empty."
        raise UserError(what, code="invalid_query", given=f"{empty[0]}=null")
    _check_texts(request.params, "invalid_query")
    return convert(request.params, kind, "query", is_text=True, code="invalid_query")


def media(request: falcon.Request) -> str:
    """Return the body's media type, without its parameters."""
    return (request.content_type or "").partition(";")[0].strip().lower()


def check_json(request: falcon.Request) -> None:
    """Raise UserError unless the Content-Type is JSON in UTF-8."""
    content_type = request.content_type or ""
    if content_type == JSON:
        return
    kind, _, parameters = content_type.partition(";")
    parameters = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON or parameters not in ("", "charset=utf-8", "charset=utf8"):
        raise UserError(
            "The body must be JSON in UTF-8.",
            code="unsupported_media_type",
            given=f"Content-Type: {content_type or '(none)'}",
            choices=[JSON],
            fix=f"add the header Content-Type: {JSON}",
        )


def body(request: falcon.Request, text: bytes, kind: type[Q]) -> Q:
    """Return a JSON object as a struct; raise UserError if it is not valid."""
    check_json(request)
    parsed = parse(text, MOST_VALUES)
    if not isinstance(parsed, Object):
        raise UserError(
            "The body is not an object.", code="invalid_body", choices=kind.__struct_fields__
        )
    names = [name for name, _ in parsed.pairs]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise UserError("Duplicate key.", code="duplicate_key", given=doubled, fix="keep one")
    values = {key: plain(value) for key, value in decoded(text).items()}
    _check_texts(values, "invalid_body")
    return convert(values, kind, "body", code="invalid_body")


def _check_texts(values: Mapping[str, Any], code: str) -> None:
    """Raise UserError where a text holds an API key: what is asked for in words may be kept."""
    for name, value in values.items():
        if isinstance(value, str) and holds_key(value):
            raise UserError(
                "An API key stands where none belongs.",
                code=code,
                given=name,
                choices=["Authorization: Bearer <key>", "X-API-Key: <key>"],
                fix=PASTED,
            )


def decoded(text: bytes) -> Any:
    """Decode valid JSON; raise UserError if one of its values cannot be used."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise UserError(
            "The body has a number that is too large, or an unpaired surrogate.",
            code="invalid_body",
            fix="check its numbers and its \\u escapes",
        ) from None


def attach(response: falcon.Response, media_type: str, name: str) -> None:
    """Say that the answer is a file with this name."""
    response.content_type = media_type
    response.set_header("Content-Disposition", f'attachment; filename="{name}"')


def answer(response: falcon.Response, document: Any) -> None:
    """Answer with JSON."""
    response.content_type = JSON
    response.data = _encode(document)
