"""The base of all pages, and access to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

import falcon

from app.dashboard.api_client import ApiClient
from app.dashboard.rendering import Renderer
from app.http.exchange import ENVIRON
from app.http.operation import Access, Operation
from app.http.resource import Resource


class Page(Resource):
    """A page: a resource that answers with HTML."""

    is_public = True  # whoever is not signed in is led to where that is done
    scope: ClassVar[Access] = "predict"  # that whoever looks needs

    def __init__(self, renderer: Renderer, api: ApiClient) -> None:
        self.renderer = renderer
        self.api = api

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Yield the one method of a page."""
        yield "GET", Operation(scope=self.scope)

    def show(
        self, request: falcon.Request, response: falcon.Response, template: str, **values: Any
    ) -> None:
        """Answer with a filled template."""
        self.renderer.render(request, response, template, **values)


class PageGuard:
    """Falcon's middleware that controls access to pages."""

    def process_resource(
        self, request: falcon.Request, response: falcon.Response, resource: Any, params: Any
    ) -> None:
        """Redirect visitors to sign in; raise UserError if they lack the scope."""
        del response, params
        if not isinstance(resource, Page):
            return
        exchange = request.env[ENVIRON]
        if exchange.caller.is_anyone:
            going = quote(request.relative_uri)
            raise falcon.HTTPSeeOther(f"{request.root_path}/signin?next={going}")
        for _, operation in resource.operations():
            operation.check_scope(exchange)
