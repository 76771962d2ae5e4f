from __future__ import annotations

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.dashboard import static
from app.http import cache, problems
from src.support.errors import Fault, UserError


def written(error: UserError) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(problems.written(error, "abc"))
    return document


def test_an_error_says_what_was_wrong_given_allowed_and_to_do() -> None:
    errors = [Fault("Odd.", field="carat", given=[1.5, None])]
    error = UserError(
        "Wrong.", code="invalid_csv", given=3, choices=[1, 2], fix="give 1", errors=errors
    )
    assert written(error) == {
        "type": "/docs/problems#invalid_csv",
        "title": "Invalid CSV",
        "status": 422,
        "detail": "Wrong.",
        "code": "invalid_csv",
        "given": "3",
        "allowed": ["1", "2"],
        "fix": "give 1",
        "errors": [{"detail": "Odd.", "field": "carat", "given": [1.5, None]}],
        "request_id": "abc",
    }
    assert problems.headers(error) == {}
    assert problems.status_line(error) == "422 Unprocessable Entity"


def test_what_is_not_known_is_left_out() -> None:
    document = msgspec.to_builtins(problems.document(UserError("Nothing.")))
    assert set(document) == {"type", "title", "status", "detail", "code"}


def test_what_was_given_is_shortened() -> None:
    assert len(written(UserError("Long.", given="x" * 10_000))["given"]) == 200


@pytest.mark.parametrize("given", ["\ud800", "\0"])
def test_any_text_can_be_given(given: str) -> None:
    assert written(UserError("Odd.", given=given))["detail"] == "Odd."


def test_an_error_has_the_headers_of_its_code() -> None:
    assert problems.headers(UserError("No.", code="queue_full")) == {"Retry-After": "60"}
    error = UserError("No.", code="method_not_allowed", choices=["GET", "PUT"])
    assert problems.headers(error) == {"Allow": "GET, PUT"}


def test_waits_are_as_long_as_headers_say() -> None:
    waits = {"count_failed": cache.RESPITE, "charts_unavailable": static.PAUSE}
    for code, seconds in waits.items():
        assert float(problems.KINDS[code].headers["Retry-After"]) == seconds


@pytest.mark.parametrize(("status", "then"), [(414, 414), (400, 400), (499, 400)])
def test_a_refusal_of_which_only_the_status_is_known_has_a_code(status: int, then: int) -> None:
    assert problems.status(problems.of_status(status, "No.")) == then


def test_an_error_that_was_stored_is_made_anew() -> None:
    first = UserError(
        "Wrong.",
        code="invalid_label",
        given=3,
        choices=[4],
        fix="give 1",
        errors=[Fault("Odd.", line=2, allowed=["a"])],
        more={"upload": "u", "read": 3, "stored": 0, "refused": 3},
    )
    again = problems.restored(msgspec.json.decode(problems.written(first, "first")))
    assert problems.written(again, "abc") == problems.written(first, "abc")


@pytest.mark.parametrize(
    ("status", "code"), [(400, "invalid_json"), (413, "too_many_records"), (422, "invalid_label")]
)
def test_an_error_that_an_earlier_version_stored_keeps_its_status(status: int, code: str) -> None:
    fault = {"line": 2, "detail": "Odd.", "allowed": "a number"}
    earlier = {"type": "about:blank", "status": status, "detail": "Wrong.", "allowed": "1 to 3"}
    error = problems.restored({**earlier, "errors": [fault], "upload": "u"})
    document = written(error)
    assert (document["status"], document["code"], document["upload"]) == (status, code, "u")
    assert document["allowed"] == ["1 to 3"]
    assert document["errors"] == [{**fault, "allowed": ["a number"]}]


def test_each_code_is_raised_somewhere_and_each_that_is_raised_is_explained(root: Path) -> None:
    assert {*_codes(root), *problems.OF_STATUS.values()} == set(problems.KINDS)


def test_each_code_has_a_status_of_a_refusal_and_a_sentence() -> None:
    for code, kind in problems.KINDS.items():
        assert HTTPStatus(kind.status) >= 400
        assert kind.about.endswith(".")
        assert code == code.lower()


def _codes(root: Path) -> Iterator[str]:
    """Yield what is given as `code=` anywhere, and what that is by itself."""
    for path in [*(root / "app").rglob("*.py"), *(root / "src").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                is_coded = isinstance(node.func, ast.Name) and node.func.id == "coded"
                given = [one.value for one in node.keywords if one.arg == "code"]
                yield from _texts(given + (node.args if is_coded else []))
            elif isinstance(node, ast.arguments):
                pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
                yield from _texts([value for one, value in pairs if one.arg == "code" and value])


def _texts(values: list[ast.expr]) -> Iterator[str]:
    for value in values:
        if isinstance(value, ast.Constant):
            yield str(value.value)
