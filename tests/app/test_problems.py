from __future__ import annotations

import msgspec
import pytest

from app import problems
from app.problems import Problem
from src.errors import UserError


def test_a_problem_says_what_was_wrong_given_allowed_and_to_do() -> None:
    errors = [{"field": "carat"}]
    problem = Problem(422, "Wrong.", given=3, allowed=[1, 2], fix="give 1", errors=errors)
    assert msgspec.json.decode(problem.body("abc")) == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "Wrong.",
        "given": "3",
        "allowed": ["1", "2"],
        "fix": "give 1",
        "errors": errors,
        "request_id": "abc",
    }
    assert str(problem) == "Wrong."
    assert problem.headers == {}


def test_what_is_not_known_is_left_out() -> None:
    assert set(Problem(404, "Nothing.").document) == {"type", "title", "status", "detail"}


def test_what_was_given_is_shortened() -> None:
    assert len(Problem(400, "Long.", given="x" * 10_000).document["given"]) == 200


@pytest.mark.parametrize("given", ["\ud800", "\0"])
def test_any_text_can_be_given(given: str) -> None:
    assert msgspec.json.decode(Problem(400, "Odd.", given=given).body("abc"))["detail"] == "Odd."


def test_a_users_error_becomes_a_problem_with_all_that_it_says() -> None:
    error = UserError("Wrong.", given=3, choices=["a", "b"], fix="take a")
    document = problems.of(error, 400).document
    assert document["status"] == 400
    assert [document[name] for name in ("detail", "given", "allowed", "fix")] == [
        "Wrong.",
        "3",
        ["a", "b"],
        "take a",
    ]


def test_a_problem_that_was_stored_is_made_anew() -> None:
    first = Problem(422, "Wrong.", given=3, fix="give 1", errors=[{"line": 2}])
    first.document["upload"] = "u"
    again = Problem.again(msgspec.json.decode(msgspec.json.encode(first.document)))
    assert (again.status, str(again)) == (422, "Wrong.")
    assert again.body("abc") == first.body("abc")
