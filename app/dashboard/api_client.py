"""Call the API from pages, within this process and with the visitor's rights."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import falcon
import msgspec

from app.http import problems
from app.http.exchange import ENVIRON, Exchange, run
from src.support.errors import UserError


class ApiClient:
    """Calls the service's own routes and raises their refusals as UserErrors."""

    def __init__(self, app: falcon.App) -> None:
        self._app = app

    def get(self, request: falcon.Request, path: str, /, **query: Any) -> Any:
        """Return the document at a path, leaving out parameters that are None or empty."""
        return self._ask(request, "GET", path, query, b"")

    def look_up(self, request: falcon.Request, path: str, document: Any) -> Any:
        """Return the answer to a POST of JSON that changes nothing."""
        return self._ask(request, "POST", path, {}, msgspec.json.encode(document))

    def _ask(
        self, request: falcon.Request, method: str, path: str, query: dict[str, Any], body: bytes
    ) -> Any:
        asker: Exchange = request.env[ENVIRON]
        parameters = {name: value for name, value in query.items() if value not in (None, "")}
        environ = {
            **request.env,
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),  # as WSGI has it
            "QUERY_STRING": urlencode(parameters),
        }
        environ["CONTENT_TYPE"] = "application/json" if body else ""
        environ[ENVIRON] = Exchange(
            environ=environ,
            id=asker.id,
            request_id=asker.request_id,
            at=asker.at,
            started=time.perf_counter(),
            body=body,
            caller=asker.caller,
        )
        answer = run(self._app, environ)
        document = msgspec.json.decode(answer.body)
        if answer.code >= 400:
            raise problems.restored(document)
        return document

    def find(self, request: falcon.Request, path: str, /, **query: Any) -> Any | None:
        """Return the document at a path, or None if it is not available."""
        try:
            return self.get(request, path, **query)
        except UserError as error:
            if problems.status(error) in (403, 404, 409, 410, 503):
                return None
            raise


def part(text: str) -> str:
    """Encode a value as a part of a path."""
    return quote(text, safe="")
