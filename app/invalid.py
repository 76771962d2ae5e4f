"""Faults of records as problems: each names its field and where the field is described."""

from __future__ import annotations

from typing import Any

from app.problems import Problem
from app.records import Decoded, FieldProblem, Invalid, Records


def decode(records: Records, body: bytes, dataset: str) -> Decoded:
    """Return a body's records; raise Problem that names every fault of the first ones."""
    try:
        return records.decode(body)
    except Invalid as error:
        raise problem(error, dataset) from None


def problem(error: Invalid, dataset: str) -> Problem:
    """Make a problem of what is wrong with records."""
    first = error.problems[0]
    if len(error.problems) == 1:
        what = first.what
    else:
        what = f"{first.what} And {len(error.problems) - 1} more: see errors."
    return Problem(
        error.status,
        what,
        given=first.given,
        allowed=first.allowed,
        fix=first.fix,
        errors=[_document(fault, dataset) for fault in error.problems],
    )


def _document(fault: FieldProblem, dataset: str) -> dict[str, Any]:
    document = {
        "record": fault.record,
        "line": fault.line,
        "field": fault.field,
        "detail": fault.what,
        "given": fault.given,
        "allowed": fault.allowed,
        "fix": fault.fix,
        "see": f"/v1/{dataset}" if fault.field is None else f"/v1/{dataset}#{fault.field}",
    }
    return {key: value for key, value in document.items() if value is not None}
