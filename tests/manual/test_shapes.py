"""A schema in short."""

from __future__ import annotations

from typing import Any

import pytest

from manual import shapes


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"$ref": "#/components/schemas/why"}, "why"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"type": ["number", "null"]}, "number or null"),
        ({"type": ["string", "null"], "format": "date-time"}, "time or null"),
        ({"type": "integer", "minimum": 1, "maximum": 200}, "integer 1 to 200"),
        ({"enum": ["auto", 2]}, '"auto" or 2'),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "text"),
        ({"type": "array", "items": {"type": "boolean"}}, "[boolean, ...]"),
        ({"type": "object"}, "{...}"),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "{name: integer, ...}",
        ),
        ({}, "anything"),
    ],
)
def test_a_schema_is_told_in_a_line(schema: dict[str, Any], told: str) -> None:
    assert shapes.short(schema) == told


def test_a_field_that_may_be_missing_is_marked() -> None:
    fields = {"id": {"type": "string"}, "why": {"$ref": "#/x/why"}}
    schema = {"type": "object", "properties": fields, "required": ["id"]}
    assert shapes.short(schema) == '{"id": text, "why"?: why}'
