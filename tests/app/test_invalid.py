from __future__ import annotations

import pytest

from app import invalid
from app.problems import Problem
from app.records import Records
from src.checked import convert
from src.data.schema import Dataset
from tests.app import project


@pytest.fixture
def records() -> Records:
    return Records(convert(project.STONES, Dataset), most=3, longest_text=100)


def refused(records: Records, body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        invalid.decode(records, body, "stones")
    return caught.value


def test_a_valid_body_is_decoded(records: Records) -> None:
    body = b'{"carat": 1, "facets": 2, "cut": "Fair"}'
    assert invalid.decode(records, body, "stones").values == [(1.0, 2.0, "Fair", None)]


def test_a_fault_names_its_field_and_where_that_is_described(records: Records) -> None:
    problem = refused(records, b'{"carat": 1, "facets": 2, "cut": "fair"}')
    assert problem.status == 422
    assert problem.document["errors"] == [
        {
            "field": "cut",
            "detail": problem.document["detail"],
            "given": '"fair"',
            "allowed": "one of Fair, Good, Ideal",
            "fix": "did you mean 'Fair'?",
            "see": "/v1/stones#cut",
        }
    ]
    assert problem.document["given"] == '"fair"'
    assert problem.document["fix"] == "did you mean 'Fair'?"


def test_all_faults_are_told_and_counted(records: Records) -> None:
    problem = refused(records, b'[{"carat": 1, "facets": 2, "cut": "Fair"}, {"carat": -1}]')
    errors = problem.document["errors"]
    assert [(error["record"], error["field"]) for error in errors] == [
        (1, "carat"),
        (1, "facets"),
        (1, "cut"),
    ]
    assert problem.document["detail"].endswith("And 2 more: see errors.")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 422), (b"3", 422), (b"[{},{},{},{}]", 413)],
)
def test_a_body_of_another_kind_is_described_as_a_whole(
    records: Records, body: bytes, status: int
) -> None:
    problem = refused(records, body)
    assert problem.status == status
    (error, *_) = problem.document["errors"]
    assert "field" not in error
    assert error["see"] == "/v1/stones"
