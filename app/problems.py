"""Refusals over HTTP: application/problem+json (RFC 9457) in the words of a UserError."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from src.errors import UserError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that refuses: what was wrong, what was given, what is allowed, what to do."""

    def __init__(
        self,
        status: int,
        what: str,
        *,
        given: object = None,
        allowed: Iterable[object] | str | None = None,
        fix: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.status = status
        self.headers = headers or {}
        self.document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": what,
        }
        if given is not None:
            # Half a character, which Python may hold, cannot be written.
            self.document["given"] = str(given)[:200].encode(errors="replace").decode()
        if allowed is not None:
            self.document["allowed"] = (
                allowed if isinstance(allowed, str) else [str(choice) for choice in allowed]
            )
        if fix:
            self.document["fix"] = fix
        if errors:
            self.document["errors"] = errors

    @classmethod
    def again(cls, document: dict[str, Any]) -> Problem:
        """Make the problem anew that a stored document tells of."""
        problem = cls(document["status"], document["detail"])
        problem.document = document
        return problem

    def body(self, request_id: str) -> bytes:
        """Write the document, with the request's id so that it can be asked for."""
        return msgspec.json.encode({**self.document, "request_id": request_id})


def of(error: UserError, status: int) -> Problem:
    """Make a problem of a UserError."""
    return Problem(status, error.what, given=error.given, allowed=error.choices, fix=error.fix)
