"""The API's description, for machines and for people; it works without the internet."""

from __future__ import annotations

from html import escape
from importlib.util import find_spec
from pathlib import Path

import falcon

from app.http import media, problems
from app.http.exchange import ENVIRON
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


class OpenApiDocument:
    """GET /openapi.json."""

    def __init__(self, api: OpenApi) -> None:
        self._api = api

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with the description of what is served now."""
        request.env[ENVIRON].is_answer_stored = False
        media.answer(response, self._api.document())


class Docs:
    """GET /docs: Swagger UI, to read and to try."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with the page."""
        request.env[ENVIRON].is_answer_stored = False
        response.content_type = "text/html; charset=utf-8"
        response.set_header("Content-Security-Policy", POLICY)
        response.data = (OWN / "docs.html").read_bytes()


class Problems:
    """GET /docs/problems: what each code of an error means."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with a table, in which each row has its code as its address."""
        request.env[ENVIRON].is_answer_stored = False
        response.content_type = "text/html; charset=utf-8"
        response.set_header("Content-Security-Policy", POLICY)
        rows = "\n".join(
            f'<tr id="{code}"><td><code>{code}</code></td><td>{kind.status}</td>'
            f"<td>{escape(kind.about)}</td></tr>"
            for code, kind in problems.KINDS.items()
        )
        page = (OWN / "problems.html").read_text(encoding="utf-8")
        response.data = page.replace("<!-- rows -->", rows).encode()


class DocsFile:
    """GET /docs/{name}: what the page loads."""

    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Answer with a file of the list, and with no other."""
        request.env[ENVIRON].is_answer_stored = False
        if name not in FILES:
            what = "There is no such file."
            raise UserError(what, code="unknown_file", given=name, choices=FILES)
        folder, kind = FILES[name]
        response.content_type = kind
        response.set_header("Cache-Control", "public, max-age=86400")
        response.data = (folder / name).read_bytes()
