"""Building blocks of OpenAPI schemas and parameters."""

from __future__ import annotations

from typing import Any

import msgspec

from src.support.structs import Checked

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
OBJECT: Schema = {"type": "object"}
ANY: Schema = {}
STREAM: Schema = {"type": "string", "format": "binary"}  # a file's text, as a body
TIME: Schema = {"type": "string", "format": "date-time"}


def reference(name: str) -> Schema:
    """Refer to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """Describe what may also be null."""
    return {**schema, "type": [schema["type"], "null"]}


def listing(items: Schema) -> Schema:
    """Describe an array."""
    return {"type": "array", "items": items}


def structure(required: Schema, optional: Schema | None = None) -> Schema:
    """Describe an object by the fields it has, and those that it may have."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def one_or_many(item: Schema, most: int) -> Schema:
    """Describe a body that is one thing or an array of them."""
    return {"oneOf": [item, {"type": "array", "minItems": 1, "maxItems": most, "items": item}]}


def parameter(name: str, schema: Schema, about: str, *, where: str = "query") -> Schema:
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
    parameters = []
    for name, field in properties(kind).items():
        about = field.pop("description", "")
        schema = _without_null(field)
        parameters.append(parameter(name, schema, about or schema.pop("description", "")))
    return parameters


def properties(kind: type[msgspec.Struct]) -> dict[str, Schema]:
    """Return the schemas of a struct's fields."""
    whole = msgspec.json.schema(kind, ref_template="{name}")
    schemas: dict[str, Schema] = whole["$defs"][kind.__name__]["properties"]
    return schemas


def _without_null(schema: Schema) -> Schema:
    """Leave out null: a parameter that is not there has no value."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    return choices[0] if choices else {k: v for k, v in schema.items() if k != "default"}
