"""A JSON Schema in short: {"id": text, "why"?: why}."""

from __future__ import annotations

import json
import textwrap
from typing import Any

Schema = dict[str, Any]

WORDS = {"string": "text"}  # the other names are words already
FORMATS = {"date-time": "time", "date": "day"}
WIDTH = 100


def block(schema: Schema) -> str:
    """Write a schema as a block of code."""
    lines = textwrap.wrap(
        short(schema), WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(["```text", *lines, "```"])


def short(schema: Schema) -> str:
    """Say in a line what a schema allows."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(map(short, schema[several])))
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kinds: Any = schema.get("type", "anything")
    if isinstance(kinds, list):
        told = [short({**schema, "type": kind}) for kind in kinds if kind != "null"]
        return " or ".join([*told, *(kind for kind in kinds if kind == "null")])
    if kinds == "array":
        return f"[{short(schema.get('items', {}))}, ...]"
    if kinds == "object":
        return _object(schema)
    return FORMATS.get(schema.get("format", ""), str(WORDS.get(kinds, kinds))) + _limits(schema)


def _object(schema: Schema) -> str:
    fields, needed = schema.get("properties", {}), schema.get("required", [])
    told = [
        f'"{name}"{"" if name in needed else "?"}: {short(one)}' for name, one in fields.items()
    ]
    if not told:
        inner = schema.get("additionalProperties")
        return f"{{name: {short(inner)}, ...}}" if isinstance(inner, dict) else "{...}"
    return f"{{{', '.join(told)}}}"


def _limits(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    if high is None or high >= 2**31 - 1:
        return f" from {low:g}"
    return f" up to {high:g}" if low is None else f" {low:g} to {high:g}"
