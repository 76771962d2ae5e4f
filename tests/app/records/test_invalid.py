from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.http import problems
from app.records.invalid import Invalid
from app.records.records import Records
from src.data.schema import Dataset
from src.support.structs import convert
from tests.app import project


def refused(body: bytes) -> dict[str, Any]:
    records = Records(convert(project.STONES, Dataset), most=3, longest_text=100)
    with pytest.raises(Invalid) as caught:
        records.decode(body)
    document: dict[str, Any] = msgspec.to_builtins(problems.document(caught.value))
    return document


def test_a_fault_names_its_field_and_where_that_is_described() -> None:
    document = refused(b'{"carat": 1, "facets": 2, "cut": "fair"}')
    assert (document["status"], document["code"]) == (422, "invalid_record")
    assert document["errors"] == [
        {
            "field": "cut",
            "detail": document["detail"],
            "given": '"fair"',
            "allowed": ["one of Fair, Good, Ideal"],
            "fix": "did you mean 'Fair'?",
            "see": "/v1/stones#cut",
        }
    ]
    assert document["given"] == '"fair"'
    assert document["allowed"] == ["one of Fair, Good, Ideal"]
    assert document["fix"] == "did you mean 'Fair'?"


def test_all_faults_are_told_and_counted() -> None:
    document = refused(b'[{"carat": 1, "facets": 2, "cut": "Fair"}, {"carat": -1}]')
    assert [(error["record"], error["field"]) for error in document["errors"]] == [
        (1, "carat"),
        (1, "facets"),
        (1, "cut"),
    ]
    assert document["detail"].endswith("And 2 more: see errors.")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 422), (b"3", 422), (b"[{},{},{},{}]", 413)],
)
def test_a_body_of_another_kind_is_described_as_a_whole(body: bytes, status: int) -> None:
    document = refused(body)
    assert document["status"] == status
    (error, *_) = document["errors"]
    assert "field" not in error
    assert error["see"] == "/v1/stones"
