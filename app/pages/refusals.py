"""Refusals as a person who looks at pages reads them."""

from __future__ import annotations

from typing import Any

import falcon

from app import handlers
from app.pages.rendering import Renderer
from app.problems import Problem


class Refusals:
    """Answer a browser that opens a page with a page, and all others with a document."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def refuse(
        self, request: falcon.Request, response: falcon.Response, problem: Problem, params: Any
    ) -> None:
        """Say what is refused."""
        handlers.refuse(request, response, problem, params)
        self._show(request, response, problem)

    def refuse_in_our_words(
        self, request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _: Any
    ) -> None:
        """Say what Falcon refuses."""
        problem = handlers.in_our_words(request, error)
        self.refuse(request, response, problem, _)

    def unavailable(
        self, request: falcon.Request, response: falcon.Response, error: Exception, _: Any
    ) -> None:
        """Say that the database could not be read."""
        self.refuse(request, response, handlers.unavailable(request, error), _)

    def _show(self, request: falcon.Request, response: falcon.Response, problem: Problem) -> None:
        wants_page = request.method == "GET" and "text/html" in (request.accept or "")
        if wants_page and not request.path.startswith("/v1/"):
            response.data = None  # the document: the page is its text
            self._renderer.render(request, response, "problem.html", problem=problem.document)
