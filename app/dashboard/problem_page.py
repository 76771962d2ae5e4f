"""Show errors as pages."""

from __future__ import annotations

from typing import Any

import falcon

from app.dashboard.rendering import Renderer
from app.http import hooks, problems
from src.support.errors import UserError


class ProblemPages:
    """Answers errors with a page for browsers, and with a document for everyone else."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def refuse(
        self, request: falcon.Request, response: falcon.Response, error: UserError, params: Any
    ) -> None:
        """Answer with an error."""
        hooks.refuse(request, response, error, params)
        self._show(request, response, error)

    def refuse_in_our_words(
        self, request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _: Any
    ) -> None:
        """Answer with an error of Falcon."""
        self.refuse(request, response, hooks.in_our_words(request, error), _)

    def unavailable(
        self, request: falcon.Request, response: falcon.Response, error: Exception, _: Any
    ) -> None:
        """Answer that the database could not be read."""
        self.refuse(request, response, hooks.unavailable(request, error), _)

    def _show(self, request: falcon.Request, response: falcon.Response, error: UserError) -> None:
        wants_page = request.method == "GET" and "text/html" in (request.accept or "")
        if wants_page and not request.path.startswith("/v1/"):
            response.data = None  # the document: the page is its text
            document = problems.document(error)
            self._renderer.render(request, response, "problem.html", problem=document)
