from __future__ import annotations

from typing import Any

import pytest

from app.http.openapi import OBJECT
from app.http.operation import Operation
from app.openapi.operations import Components, describe


def described(**declared: Any) -> dict[str, Any]:
    operation = Operation(name="rest", summary="Rest", **declared)
    return describe(operation, "/v1/rest", "service", None, Components())


@pytest.mark.parametrize("scope", ["predict", "label", "train", "admin"])
def test_the_scope_of_an_operation_is_told_where_there_are_keys_or_none(scope: str) -> None:
    assert described(scope=scope)["security"] == [{}, {"key": [scope]}]


def test_who_needs_no_key_is_told_so() -> None:
    assert described(scope=None)["security"] == []
    assert "security" not in described(scope="any")  # as the document says of all


def test_a_body_that_is_a_file_is_bytes_for_clients() -> None:
    body = described(
        scope="label",
        body=lambda _: OBJECT,
        also_takes={"text/csv": lambda _: "a,b\n", "application/x-ndjson": lambda _: None},
    )["requestBody"]["content"]
    file = {"type": "string", "format": "binary"}
    assert body["text/csv"] == {"schema": file, "example": "a,b\n"}
    assert body["application/x-ndjson"] == {"schema": file}
    assert body["application/json"] == {"schema": OBJECT}
