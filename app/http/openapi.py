"""What the OpenAPI document is put together from: types, parameters, bodies, answers, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from app.http.problems import MEDIA_TYPE
from src.support import files
from src.support.structs import Checked

Schema = dict[str, Any]
Document = Schema

TEXT: Document = {"type": "string"}
NUMBER: Document = {"type": "number"}
WHOLE: Document = {"type": "integer"}
TRUTH: Document = {"type": "boolean"}
OBJECT: Document = {"type": "object"}
ANY: Document = {}
STREAM: Document = {"type": "string", "format": "binary"}  # a file's text, as a body
FIGURE: Document = {"type": ["number", "null"]}
TIME: Document = {"type": "string", "format": "date-time"}
MOMENT: Document = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}


def reference(name: str) -> Document:
    """Refer to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Document) -> Document:
    """Describe what may also be null."""
    return {**schema, "type": [schema["type"], "null"]}


def listing(items: Document) -> Document:
    """Describe an array."""
    return {"type": "array", "items": items}


def mapping(values: Document) -> Document:
    """Describe an object of any names."""
    return {"type": "object", "additionalProperties": values}


def structure(required: Document, optional: Document | None = None) -> Document:
    """Describe an object by the fields it has, and those that it may have."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def one_or_many(item: Document, most: int) -> Document:
    """Describe a body that is one thing or an array of them."""
    return {"oneOf": [item, {"type": "array", "minItems": 1, "maxItems": most, "items": item}]}


def parameter(name: str, schema: Document, about: str, *, where: str = "query") -> Document:
    """Describe a parameter."""
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": about,
        "schema": schema,
    }


def any_object(_: Any) -> Schema:
    """Describe an object of which no more is said."""
    return OBJECT


def query_parameters(kind: type[Checked]) -> list[Schema]:
    """Describe a query's parameters by its struct, whose fields say what they are for."""
    found = []
    for name, schema in properties(kind).items():
        about = schema.pop("description", "")
        given = _given(schema)
        found.append(parameter(name, given, about or given.pop("description", "")))
    return found


def query(kind: type[Checked], words: dict[str, str]) -> list[Document]:
    """Describe a query's parameters by its struct, without null, in the order of the words."""
    found = {name: _given(schema) for name, schema in properties(kind).items()}
    for name in ("since", "until", "before"):
        if name in found:
            found[name] = MOMENT
    return [parameter(name, found[name], about) for name, about in words.items()]


def described(
    kind: type[msgspec.Struct], *, always: Sequence[str] = (), **other: Document
) -> Document:
    """Describe an object by its struct, in which None stands for what is left out.

    `always` are optional fields that an answer has all the same, `other` schemas replace those of
    the struct.
    """
    required = [field.name for field in msgspec.structs.fields(kind) if field.required]
    found = {name: _given(schema) for name, schema in properties(kind).items()}
    return {
        "type": "object",
        "properties": {**found, **other},
        "required": [*required, *always],
    }


def properties(kind: type[msgspec.Struct]) -> dict[str, Document]:
    """Return the schemas of a struct's fields."""
    whole = msgspec.json.schema(kind, ref_template="{name}")
    found: dict[str, Document] = whole["$defs"][kind.__name__]["properties"]
    return found


def _given(schema: Document) -> Document:
    """Leave out null: a parameter that is not there has no value."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    return choices[0] if choices else {k: v for k, v in schema.items() if k != "default"}


def operation(tag: str, name: str, summary: str, responses: Document, **more: Any) -> Document:
    """Describe a method of a path."""
    return {"operationId": name, "summary": summary, "tags": [tag], "responses": responses, **more}


def by_id(tag: str, name: str, summary: str, schema: str, about: str) -> Document:
    """Describe a method of what has an id and no body."""
    responses = {"200": response(reference(schema)), **problems(401, 403, 404, 503)}
    return operation(tag, name, summary, responses, parameters=[numbered(about)])


def numbered(about: str) -> Document:
    """Describe the id in a path."""
    return parameter("id", TEXT, about, where="path")


def body(schema: Document, examples: Document | None = None, **more: Any) -> Document:
    """Describe a body of JSON."""
    content: Document = {"schema": schema}
    if examples:
        content["examples"] = examples
    return {"required": True, "content": {"application/json": content}, **more}


def as_csv(names: list[str], values: dict[str, Any], separator: str) -> str:
    """Write an example as a row under its header."""
    rows = [names, [values.get(name, "") for name in names]]
    return files.csv_text(rows, separator, end="\n")


def response(
    schema: Document,
    *,
    media: str = "application/json",
    examples: Document | None = None,
    links: Document | None = None,
) -> Document:
    """Describe an answer."""
    content: Document = {"schema": schema}
    if examples:
        content["examples"] = examples
    described = {"description": "The answer", "content": {media: content}}
    return {**described, "links": links} if links else described


def link(operation: str, where: str) -> Document:
    """Say where an answer has what another operation asks for."""
    return {"operationId": operation, "parameters": {"id": f"$response.body#/{where}"}}


def problems(*statuses: int) -> Document:
    """Describe the refusals of an operation."""
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": reference("problem")}},
        }
        for status in statuses
    }
