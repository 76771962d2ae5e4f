"""The API's description, for machines and for people; it works without the internet."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import falcon

from app import asking
from app.exchange import ENVIRON
from app.openapi import OpenApi
from app.problems import Problem


def _assets() -> Path:
    """Return the folder of Swagger UI's files; the package that carries them is not imported."""
    found = find_spec("swagger_ui")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "static"


ASSETS = _assets()
OWN = Path(__file__).parent.parent / "docs"
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
        asking.answer(response, self._api.document())


class Docs:
    """GET /docs: Swagger UI, to read and to try."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with the page."""
        request.env[ENVIRON].is_answer_stored = False
        response.content_type = "text/html; charset=utf-8"
        response.set_header("Content-Security-Policy", POLICY)
        response.data = (OWN / "docs.html").read_bytes()


class DocsFile:
    """GET /docs/{name}: what the page loads."""

    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Answer with a file of the list, and with no other."""
        request.env[ENVIRON].is_answer_stored = False
        if name not in FILES:
            raise Problem(404, "There is no such file.", given=name, allowed=FILES)
        folder, kind = FILES[name]
        response.content_type = kind
        response.set_header("Cache-Control", "public, max-age=86400")
        response.data = (folder / name).read_bytes()
