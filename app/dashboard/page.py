"""What all pages are, and who may see them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import falcon

from app.auth.guard import allowed
from app.dashboard.api_client import ApiClient
from app.dashboard.rendering import Renderer
from app.http.exchange import ANYONE, ENVIRON, Scope


class Page:
    """A page: a resource that answers with HTML."""

    scope: Scope | None = "predict"  # that whoever looks needs; None where any key will do

    def __init__(self, renderer: Renderer, api: ApiClient) -> None:
        self.renderer = renderer
        self.api = api

    def show(
        self, request: falcon.Request, response: falcon.Response, template: str, **values: Any
    ) -> None:
        """Answer with a filled template."""
        self.renderer.render(request, response, template, **values)


class PageGuard:
    """Falcon's middleware that lets people in to the pages."""

    def process_resource(
        self, request: falcon.Request, response: falcon.Response, resource: Any, params: Any
    ) -> None:
        """Lead who is not signed in to where that is done; raise UserError without the scope."""
        del response, params
        if not isinstance(resource, Page):
            return
        if request.env[ENVIRON].caller is ANYONE:
            raise falcon.HTTPSeeOther(f"/signin?next={quote(request.relative_uri)}")
        if resource.scope is not None:
            allowed(request, resource.scope)
