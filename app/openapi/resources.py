"""The API's description, for machines and for people; it works without the internet."""

from __future__ import annotations

from html import escape
from importlib.util import find_spec
from pathlib import Path

import falcon

from app.http import problems
from app.http.bodies import FileBody
from app.http.openapi import Schema, any_object
from app.http.operation import Call, operation
from app.http.resource import Resource
from app.openapi.document import OpenApi
from src.support.errors import UserError


def _assets() -> Path:
    """Return the folder of Swagger UI's files; the package that carries them is not imported."""
    found = find_spec("swagger_ui")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "static"


ASSETS = _assets()
OWN = Path(__file__).parent
FILES = {
    "swagger-ui.css": (ASSETS, "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (ASSETS, "text/javascript; charset=utf-8"),
    "docs.js": (OWN, "text/javascript; charset=utf-8"),
}
# Swagger UI writes styles into elements and carries its pictures as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


REFUSED = ("local_only", "api_keys_not_loaded", "api_keys_lost")


class OpenApiDocument(Resource):
    """GET /openapi.json."""

    path = "/openapi.json"

    def __init__(self, api: OpenApi) -> None:
        self._api = api

    @operation(
        scope=None,
        name="openapi",
        summary="This document",
        query=None,
        answer=any_object,
        refuses=REFUSED,
        is_answer_stored=False,
    )
    def on_get(self, call: Call) -> Schema:
        """Answer with the description of what is served now, with the examples of the caller."""
        call.response.set_header("Vary", "Authorization, Cookie, X-API-Key")
        return self._api.document(call.exchange.caller)


class Docs(Resource):
    """GET /docs: Swagger UI, to read and to try."""

    path = "/docs"

    @operation(
        scope=None,
        name="docs",
        summary="This document as a page, to try",
        query=None,
        also_answers=("text/html",),
        refuses=REFUSED,
        is_answer_stored=False,
    )
    def on_get(self, call: Call) -> None:
        """Answer with the page."""
        _write(call.response, (OWN / "docs.html").read_bytes())


class Problems(Resource):
    """GET /docs/problems: what each code of an error means."""

    path = "/docs/problems"

    @operation(
        scope=None,
        name="problems",
        summary="What each code of an error means",
        query=None,
        also_answers=("text/html",),
        refuses=REFUSED,
        is_answer_stored=False,
    )
    def on_get(self, call: Call) -> None:
        """Answer with a table, in which each row has its code as its address."""
        rows = "\n".join(
            f'<tr id="{code}"><td><code>{code}</code></td><td>{kind.status}</td>'
            f"<td>{escape(kind.about)}</td></tr>"
            for code, kind in problems.KINDS.items()
        )
        page = (OWN / "problems.html").read_text(encoding="utf-8")
        _write(call.response, page.replace("<!-- rows -->", rows).encode())


class DocsFile(Resource):
    """GET /docs/{name}: what the page loads."""

    path = "/docs/{name}"

    @operation(scope=None, query=None, is_answer_stored=False)
    def on_get(self, call: Call, name: str) -> None:
        """Answer with a file of the list, and with no other."""
        if name not in FILES:
            what = "There is no such file."
            raise UserError(what, code="unknown_file", given=name, choices=FILES)
        folder, kind = FILES[name]
        call.response.content_type = kind
        call.response.set_header("Cache-Control", "public, max-age=86400")
        call.exchange.file = FileBody(folder / name)


def _write(response: falcon.Response, page: bytes) -> None:
    response.content_type = "text/html; charset=utf-8"
    response.set_header("Content-Security-Policy", POLICY)
    response.data = page
