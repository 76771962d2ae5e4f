"""What the OpenAPI document is put together from: types, parameters, bodies, answers, refusals."""

from __future__ import annotations

from typing import Any

import msgspec

from src.support import files
from src.support.structs import Checked

Schema = dict[str, Any]
Document = Schema

TEXT: Document = {"type": "string"}
NUMBER: Document = {"type": "number"}
WHOLE: Document = {"type": "integer"}
OBJECT: Document = {"type": "object"}
ANY: Document = {}
STREAM: Document = {"type": "string", "format": "binary"}  # a file's text, as a body
TIME: Document = {"type": "string", "format": "date-time"}


def reference(name: str) -> Document:
    """Refer to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Document) -> Document:
    """Describe what may also be null."""
    return {**schema, "type": [schema["type"], "null"]}


def listing(items: Document) -> Document:
    """Describe an array."""
    return {"type": "array", "items": items}


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


def properties(kind: type[msgspec.Struct]) -> dict[str, Document]:
    """Return the schemas of a struct's fields."""
    whole = msgspec.json.schema(kind, ref_template="{name}")
    found: dict[str, Document] = whole["$defs"][kind.__name__]["properties"]
    return found


def _given(schema: Document) -> Document:
    """Leave out null: a parameter that is not there has no value."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    return choices[0] if choices else {k: v for k, v in schema.items() if k != "default"}


def as_csv(names: list[str], values: dict[str, Any], separator: str) -> str:
    """Write an example as a row under its header."""
    rows = [names, [values.get(name, "") for name in names]]
    return files.csv_text(rows, separator, end="\n")
