"""Find the training rows that are most like a record."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.http import media
from app.http.operation import Call, operation
from app.predictions import openapi
from app.records import target_keys
from app.records.strict_json import Object, parse
from app.registry.loaded import LoadedVersion
from app.registry.services import DatasetResource
from app.store.redaction import HIDDEN, Redaction
from src.data.features import as_json
from src.data.schema import Dataset
from src.support.errors import Fault, UserError
from src.support.structs import Checked, convert

DEFAULT = 5.0
LARGEST = 100_000  # bytes of a body, beside its longest text
MOST_VALUES = 10_000  # objects and numbers; no record has so many
ALLOWED = '{"record": {<features>}, "n": <how many>}'


class Body(Checked, frozen=True):
    """What is asked: features of a record, and how many rows."""

    record: dict[str, Any]
    n: Annotated[float, Meta(ge=1)] = DEFAULT  # whole, but JSON may write 5 as 5.0


class Similar(DatasetResource):
    """Find rows that are equal in some columns and nearest in another."""

    path = "/v1/{dataset}/similar"

    @operation(
        scope="predict",
        name="similar",
        summary="The known rows that are most like a {noun}",
        description="The same {same}; nearest {nearest} first",
        body=openapi.similar_request,
        body_examples=openapi.similar_examples,
        answer=openapi.similar_rows,
        refuses=(
            "similar_not_configured",
            "record_too_large",
            "too_many_values",
            "duplicate_key",
            "invalid_record",
            "no_champion",
        ),
        is_offered=openapi.has_similar,
        is_light=True,
    )
    def on_post(self, call: Call, dataset: Dataset) -> dict[str, Any]:
        """Answer with the n nearest rows, nearest first, and how many there are at all."""
        exchange = call.exchange
        serving = self.services.registry.champion(dataset.name)
        exchange.version = serving.version.number
        how = serving.dataset.similar
        name = dataset.name
        if how is not None and serving.similar is None:
            raise UserError(
                f"What makes records of '{name}' similar is never shown here.",
                code="similar_not_configured",
                choices=[],
            )
        if how is None or serving.similar is None:
            raise UserError(
                f"'{name}' does not say what makes records similar.",
                code="similar_not_configured",
                fix=f"add similar: {{same: [...], nearest: ...}} to conf/dataset/{name}.yaml",
            )
        media.check_json(call.request)
        text = exchange.body or b""
        body = self._body(text)
        record = _as_written(text)
        values = serving.records.partial(record, [*how.same, how.nearest])
        asked = int(body.n)
        found = serving.similar.find(values, asked)
        features = serving.dataset.features
        document = {
            "similar": [_item(serving, item, self.services.redaction) for item in found.items],
            "asked": asked,
            "available": found.available,
            "same": as_json(features, {name: values[name] for name in how.same}),
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
        return document

    def _body(self, text: bytes) -> Body:
        if len(text) > LARGEST + self.services.settings.longest_text:
            raise UserError(
                "The body is too large for one record.",
                code="record_too_large",
                given=f"{len(text)} bytes",
                choices=[ALLOWED],
            )
        try:
            body = msgspec.json.decode(text, type=Body)
        except msgspec.ValidationError:
            raise _explained(text) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise UserError(
                "The body is not JSON.", code="invalid_json", given=error, choices=[ALLOWED]
            ) from None
        most = self.services.settings.most_similar
        if body.n > most or not body.n.is_integer():
            what, allowed = "n is out of range.", [f"a whole number from 1 to {most}"]
            raise UserError(
                what,
                code="invalid_body",
                given=f"n = {body.n:g}",
                choices=allowed,
                errors=[Fault(what, field="n", given=body.n, allowed=allowed)],
            )
        return body


def _explained(text: bytes) -> UserError:
    """Say what is wrong with a body; to see it costs a second look."""
    try:
        convert(msgspec.json.decode(text), Body, "body", code="invalid_body")
    except UserError as error:
        return error
    except (msgspec.DecodeError, RecursionError):
        pass
    what = "The body is not what is expected."
    return UserError(what, code="invalid_body", choices=[ALLOWED])


def _as_written(text: bytes) -> Object:
    """Return the record with each key as it stands there; decoders take the last of two."""
    whole = parse(text, MOST_VALUES)
    found = dict(whole.pairs)
    if len(found) < len(whole.pairs):
        given = ", ".join(found)
        raise UserError("Duplicate key.", code="duplicate_key", given=given, choices=[ALLOWED])
    record: Object = found["record"]
    return record


def _item(serving: LoadedVersion, item: dict[str, Any], redaction: Redaction) -> dict[str, Any]:
    """Say a row as a prediction would be said: the record, and its target by name."""
    name, target = serving.dataset.target.name, item["target"]
    if serving.classes is not None:
        target = next((known for known in serving.classes if str(known) == target), target)
    return {
        "record": redaction.record(as_json(serving.dataset.features, item["features"])),
        target_keys.in_similar(name): HIDDEN if redaction.hides(name) else target,
        "distance": item["distance"],
    }


def _few(available: int, same: list[str]) -> str:
    with_same = f" with the same {_listed(same)}" if same else ""
    return f"There are only {available}{with_same}."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
