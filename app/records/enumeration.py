"""Values that are listed, as JSON Schema says them so that programs are generated from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NULL: dict[str, Any] = {"type": "null"}


def enumeration(values: Iterable[Any], *, is_nullable: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of one of the values: no enum has values of two types."""
    values = list(values)
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, str)]
    schemas = [*_of_texts(texts), *_of_numbers(numbers), *([NULL] if is_nullable else [])]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _of_texts(texts: list[str]) -> list[dict[str, Any]]:
    return [{"type": "string", "enum": texts}] if texts else []


def _of_numbers(numbers: list[float]) -> list[dict[str, Any]]:
    if numbers and all(isinstance(number, int) for number in numbers):
        return [{"type": "integer", "enum": numbers}]
    # Programming languages have enums of texts and of whole numbers, but none of fractions.
    return [{"type": "number", "const": number} for number in numbers]
