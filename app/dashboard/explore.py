"""Explore: what is in a dataset's rows, in figures and in charts."""

from __future__ import annotations

from typing import Any

import falcon

from app.dashboard.api_client import ApiClient, part
from app.dashboard.figures import explore as explore_figures
from app.dashboard.page import Page
from app.dashboard.rendering import Renderer
from app.http import problems
from src.support.errors import UserError


class Explore(Page):
    """GET /datasets/{dataset}: columns, distributions, relations, and what was rejected."""

    path = "/datasets/{dataset}"

    def __init__(self, renderer: Renderer, api: ApiClient) -> None:
        super().__init__(renderer, api)
        self._made: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Show the profile; if there is none yet, explain how to create it."""
        try:
            profile = self.api.get(request, f"/v1/{part(dataset)}/profile")
        except UserError as error:
            if problems.status(error) not in (404, 503) or not self._is_known(request, dataset):
                raise
            values = {"dataset": dataset, "profile": None, "problem": problems.document(error)}
            self.show(request, response, "explore.html", **values)
            return
        made = self._made.get(dataset)
        if made is None or made[0] != profile:
            made = self._made[dataset] = profile, explore_figures.view(profile)
        self.show(request, response, "explore.html", dataset=dataset, profile=profile, **made[1])

    def _is_known(self, request: falcon.Request, dataset: str) -> bool:
        lines = self.api.get(request, "/v1/datasets")["datasets"]
        return any(line["name"] == dataset for line in lines)
