"""Find the training rows that are most like a record."""

from __future__ import annotations

from typing import Annotated, Any

import falcon
import msgspec
from msgspec import Meta

from app import asking, invalid, security
from app.parsing import MalformedError, Object, TooManyError, parse
from app.problems import Problem, of
from app.records import Invalid
from app.registry import Registry
from app.serving import Serving
from src.checked import Checked, convert
from src.errors import UserError

DEFAULT = 5.0
LARGEST = 100_000  # bytes of a body, beside its longest text
MOST_VALUES = 10_000  # objects and numbers; no record has so many
ALLOWED = '{"record": {<features>}, "n": <how many>}'


class Body(Checked, frozen=True):
    """What is asked: features of a record, and how many rows."""

    record: dict[str, Any]
    n: Annotated[float, Meta(ge=1)] = DEFAULT  # whole, but JSON may write 5 as 5.0


class Similar:
    """POST /v1/{dataset}/similar: equal in some columns, nearest in another."""

    def __init__(self, registry: Registry, most: int, longest_text: int) -> None:
        self._registry = registry
        self._most = most
        self._longest_text = longest_text

    def on_post(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with the n nearest rows, nearest first, and how many there are at all."""
        exchange = security.allowed(request, "predict")
        asking.query(request, asking.Nothing)
        serving = self._registry.champion(dataset)
        exchange.dataset, exchange.version = dataset, serving.version.number
        how = serving.dataset.similar
        if how is None or serving.similar is None:
            raise Problem(
                404,
                f"'{dataset}' does not say what makes records similar.",
                fix=f"add similar: {{same: [...], nearest: ...}} to conf/dataset/{dataset}.yaml",
            )
        asking.check_json(request)
        text = exchange.body or b""
        body = self._body(text)
        record = _as_written(text)
        try:
            values = serving.records.partial(record, [*how.same, how.nearest])
        except Invalid as error:
            raise invalid.problem(error, dataset) from None
        asked = int(body.n)
        found = serving.similar.find(values, asked)
        document = {
            "similar": [_item(serving, item) for item in found.items],
            "asked": asked,
            "available": found.available,
            "same": {name: values[name] for name in how.same},
            "nearest": how.nearest,
            "version": serving.version.number,
        }
        notes = []
        if serving.records.has_target(record):
            notes.append(f"{serving.records.warning}.")
        if found.available < asked:
            notes.append(_few(found.available, how.same))
        if notes:
            document["note"] = " ".join(notes)
        asking.answer(response, document)

    def _body(self, text: bytes) -> Body:
        if len(text) > LARGEST + self._longest_text:
            raise Problem(
                413,
                "The body is too large for one record.",
                given=f"{len(text)} bytes",
                allowed=ALLOWED,
            )
        try:
            body = msgspec.json.decode(text, type=Body)
        except msgspec.ValidationError:
            raise _explained(text) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Problem(400, "The body is not JSON.", given=str(error), allowed=ALLOWED) from None
        if body.n > self._most or not body.n.is_integer():
            allowed = f"a whole number from 1 to {self._most}"
            raise Problem(
                422,
                "So many are not looked up at once.",
                given=f"n = {body.n:g}",
                allowed=allowed,
                errors=[{"field": "n", "given": body.n, "allowed": allowed}],
            )
        return body


def _explained(text: bytes) -> Problem:
    """Say what is wrong with a body; to see it costs a second look."""
    try:
        convert(msgspec.json.decode(text), Body, "body")
    except UserError as error:
        return of(error, 422)
    except (msgspec.DecodeError, RecursionError):
        pass
    return Problem(422, "The body is not what is expected.", allowed=ALLOWED)


def _as_written(text: bytes) -> Object:
    """Return the record with each key as it stands there; decoders take the last of two."""
    try:
        whole = parse(text, MOST_VALUES)
    except TooManyError:
        raise Problem(422, "There are too many values in the record.", allowed=ALLOWED) from None
    except MalformedError as error:
        raise Problem(400, f"The body is not JSON: {error}.", allowed=ALLOWED) from None
    found = dict(whole.pairs)
    if len(found) < len(whole.pairs):
        raise Problem(422, "A key stands there twice.", given=", ".join(found), allowed=ALLOWED)
    record: Object = found["record"]
    return record


def _item(serving: Serving, item: dict[str, Any]) -> dict[str, Any]:
    """Say a row as a prediction would be said: the record, and its target by name."""
    target = item["target"]
    if serving.classes is not None:
        target = next((known for known in serving.classes if str(known) == target), target)
    return {
        "record": item["features"],
        serving.dataset.target.name: target,
        "distance": item["distance"],
    }


def _few(available: int, same: list[str]) -> str:
    with_same = f" with the same {_listed(same)}" if same else ""
    return f"There are only {available}{with_same}."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
