"""Falcon's hooks around every resource, and the answers to each kind of failure."""

from __future__ import annotations

import logging
from typing import Any

import falcon
import peewee

from app.http import problems
from app.http.exchange import ENVIRON
from src.support.errors import UserError

log = logging.getLogger(__name__)


class Hooks:
    """Falcon's middleware for every resource."""

    def __init__(self, database: peewee.Database) -> None:
        self._database = database

    def process_resource(
        self, request: falcon.Request, response: falcon.Response, resource: Any, params: Any
    ) -> None:
        """Remember the route for the metrics."""
        request.env[ENVIRON].route = request.uri_template

    def process_response(
        self,
        request: falcon.Request,
        response: falcon.Response,
        resource: Any,
        succeeded: bool,
    ) -> None:
        """Close the database connection, so that a replaced file is noticed."""
        if not self._database.is_closed():
            self._database.close()

    def fail(
        self, request: falcon.Request, response: falcon.Response, error: Exception, params: Any
    ) -> None:
        """Raise the error again, since the recorder logs and answers it."""
        self._database.close()
        raise error


def refuse(
    request: falcon.Request, response: falcon.Response, error: UserError, params: Any
) -> None:
    """Answer with the problem document of an error."""
    exchange = request.env[ENVIRON]
    response.status = problems.status_line(error)
    response.content_type = problems.MEDIA_TYPE
    response.data = problems.written(error, exchange.request_id, request.root_path)
    for name, value in problems.headers(error).items():
        response.set_header(name, value)


def in_our_words(request: falcon.Request, error: falcon.HTTPError) -> UserError:
    """Convert Falcon's refusals (unknown path, wrong method) to UserErrors."""
    status = falcon.http_status_to_code(error.status)
    if status == 404:
        what = "There is nothing at this path."
        return UserError(what, code="unknown_path", given=request.path, fix="see /docs")
    if status == 405:
        return UserError(
            "This path does not take this method.",
            code="method_not_allowed",
            given=request.method,
            choices=dict(error.headers or {}).get("Allow", "").split(", "),
        )
    return problems.of_status(status, error.title or "", given=error.description)


def unavailable(request: falcon.Request, error: Exception) -> UserError:
    """Log a database error, and return the error to answer with."""
    log.error("%s: %s", request.env[ENVIRON].path, error)
    return UserError(
        "The database cannot be read now, or it took too long.",
        code="database_unavailable",
        fix="narrow the request, or try again; see /readyz",
    )
