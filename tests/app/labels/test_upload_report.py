from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.http import problems
from app.labels.reader import Chunk
from app.labels.upload_report import MOST_IDS, UploadReport
from src.data.schema import Dataset
from src.support.errors import Fault, UserError
from src.support.structs import convert
from tests.app import project

DEBTS = convert(project.DEBTS, Dataset)


def chunk(rows: int, read: int, refusals: list[Fault] | None = None, **more: Any) -> Chunk:
    """Make what intake returns, with as many refused rows as are told."""
    told = refusals or []
    given = {"refused": len(told), "digest": "d", "ignored": [], "broken": False, **more}
    return Chunk([*range(rows)], ["1"] * rows, [b"{}"] * rows, told, read, **given)


WRONG = Fault(
    "late is wrong.", line=3, field="late", given="7", allowed=["one of 0, 1"], fix="give one"
)


def report(*chunks: Chunk, is_atomic: bool = False) -> UploadReport:
    made = UploadReport("u", DEBTS, is_atomic=is_atomic)
    for number, one in enumerate(chunks):
        made.add(one, [f"{number}-{at}" for at in range(len(one.places))])
    return made


def answer(report: UploadReport) -> dict[str, Any]:
    """Return the answer as the client gets it."""
    document: dict[str, Any] = msgspec.to_builtins(report.answer())
    return document


def test_what_was_stored_is_told_with_its_ids() -> None:
    made = report(chunk(1, 1), chunk(1, 3, [WRONG], ignored=["note"]))
    assert made.fault() is None
    assert answer(made) == {
        "upload": "u",
        "read": 3,
        "stored": 2,
        "refused": 1,
        "undo": "DELETE /v1/debts/labels?upload=u&confirm=2",
        "ids": ["0-0", "1-0"],
        "ignored": ["note"],
        "errors": [
            {
                "line": 3,
                "field": "late",
                "detail": "late is wrong.",
                "given": "7",
                "allowed": ["one of 0, 1"],
                "fix": "give one",
            }
        ],
    }


def test_of_many_the_ids_are_not_told() -> None:
    assert len(answer(report(chunk(MOST_IDS, MOST_IDS)))["ids"]) == MOST_IDS
    assert "ids" not in answer(report(chunk(MOST_IDS, MOST_IDS), chunk(1, MOST_IDS + 1)))
    sizes = (MOST_IDS - 1, 2, 1)  # of which the last would have room among them again
    assert "ids" not in answer(report(*(chunk(size, sum(sizes)) for size in sizes)))


def test_of_all_or_none_nothing_counts_before_the_end() -> None:
    made = report(chunk(2, 2), is_atomic=True)
    assert made.figures() == {"read": 2, "stored": 0, "refused": 0}
    assert made.figures(is_done=True)["stored"] == answer(made)["stored"] == 2
    assert made.add_to(UserError("Early.")).more["stored"] == 0
    assert report(chunk(2, 2)).add_to(UserError("Early.")).more["stored"] == 2


@pytest.mark.parametrize(
    ("chunks", "is_atomic", "what"),
    [
        ([], False, "There is no label in the body."),
        ([chunk(0, 1, [WRONG])], False, "late is wrong."),
        ([chunk(0, 1, [WRONG])], True, "late is wrong."),
        ([chunk(2, 3, [WRONG])], True, "1 of 3 labels are refused, so none is stored."),
        (
            [chunk(2, 3, [WRONG]), chunk(0, 4, [Fault("No text.", line=9)], broken=True)],
            False,
            "The rest cannot be read, from line 9 on: No text.",
        ),
    ],
)
def test_a_post_is_refused_as_a_whole(chunks: list[Chunk], is_atomic: bool, what: str) -> None:
    problem = report(*chunks, is_atomic=is_atomic).fault()
    assert problem is not None
    assert (problems.status(problem), problem.what) == (422, what)
    assert len(problem.errors) == sum(len(one.refusals) for one in chunks)


def test_a_post_of_which_something_is_stored_is_not_refused() -> None:
    assert report(chunk(1, 2, [WRONG])).fault() is None
    assert report(chunk(1, 1), is_atomic=True).fault() is None


def test_how_to_go_on_depends_on_the_key_and_on_what_is_stored() -> None:
    assert "same Idempotency-Key" in report(chunk(5, 7)).advice("k")
    assert "follows the first 7 rows" in report(chunk(5, 7)).advice(None)
    assert report().advice(None) == "send it again"
    assert report(chunk(5, 7), is_atomic=True).advice(None) == "send it again"
