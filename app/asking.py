"""What a request asks for beside its body: query parameters, media type, JSON out."""

from __future__ import annotations

from typing import Any, TypeVar

import falcon
import msgspec

from app.parsing import MalformedError, Object, TooManyError, parse
from app.problems import Problem, of
from app.values import plain
from src.checked import Checked, convert
from src.errors import UserError

Q = TypeVar("Q", bound=Checked)
JSON = "application/json"
MOST_VALUES = 1000  # of a body that is no record


class Nothing(Checked, frozen=True):
    """The query of what takes no parameters."""


_encode = msgspec.json.encode


def query(request: falcon.Request, kind: type[Q]) -> Q:
    """Return the query parameters as a struct; raise Problem 400 that names the wrong one."""
    if not request.query_string:
        return kind()
    repeated = [name for name, value in request.params.items() if isinstance(value, list)]
    if repeated:
        raise Problem(400, "A query parameter is given twice.", given=repeated[0])
    empty = [name for name, value in request.params.items() if str(value).lower() == "null"]
    if empty:  # msgspec would take the word for no value
        raise Problem(400, "A query parameter is empty.", given=f"{empty[0]}=null")
    try:
        return convert(request.params, kind, "query", is_text=True)
    except UserError as error:
        raise of(error, 400) from None


def media(request: falcon.Request) -> str:
    """Return the body's media type, without its parameters."""
    return (request.content_type or "").partition(";")[0].strip().lower()


def check_json(request: falcon.Request) -> None:
    """Raise Problem 415 unless the body says that it is JSON in UTF-8."""
    given = request.content_type or ""
    if given == JSON:
        return
    kind, _, parameters = given.partition(";")
    parameters = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON or parameters not in ("", "charset=utf-8", "charset=utf8"):
        raise Problem(
            415,
            "The body must be JSON in UTF-8.",
            given=f"Content-Type: {given or '(none)'}",
            allowed=[JSON],
            fix=f"add the header Content-Type: {JSON}",
        )


def body(request: falcon.Request, text: bytes, kind: type[Q]) -> Q:
    """Return a JSON object as a struct; raise Problem 400, 415 or 422 that says what is wrong."""
    check_json(request)
    try:
        given = parse(text, MOST_VALUES)
    except TooManyError:
        raise Problem(422, "There are too many values in the body.") from None
    except MalformedError as error:
        raise Problem(400, f"The body is not JSON: {error}.", fix=error.fix) from None
    if not isinstance(given, Object):
        raise Problem(422, "The body is not an object.", allowed=list(kind.__struct_fields__))
    names = [name for name, _ in given.pairs]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise Problem(422, "A key stands there twice.", given=doubled, fix="keep one")
    try:
        return convert({key: plain(value) for key, value in decoded(text).items()}, kind, "body")
    except UserError as error:
        raise of(error, 422) from None


def decoded(text: bytes) -> Any:
    """Return the values of what is known to be JSON; raise Problem 422 where one is none for us."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Problem(
            422,
            "The body has a number that is too large, or half of a character.",
            fix="see to its numbers and its \\u escapes",
        ) from None


def answer(response: falcon.Response, document: Any) -> None:
    """Answer with JSON."""
    response.content_type = JSON
    response.data = _encode(document)
