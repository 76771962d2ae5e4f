"""Explore: what is in a dataset's rows, in figures and in charts."""

from __future__ import annotations

from typing import Any

import falcon

from app.dashboard.api_client import ApiClient, part
from app.dashboard.figures import explore as explore_figures
from app.dashboard.filters import given, query
from app.dashboard.page import Page
from app.dashboard.rendering import Renderer
from app.http import problems
from src.support.errors import UserError

SHOWN = 30  # features of a page: a chart takes a few milliseconds to describe, and some kilobytes
KEPT = 16  # pages that are made already


class Explore(Page):
    """GET /datasets/{dataset}: columns, distributions, relations, and what was rejected."""

    path = "/datasets/{dataset}"

    def __init__(self, renderer: Renderer, api: ApiClient) -> None:
        super().__init__(renderer, api)
        self._made: dict[tuple[str, ...], tuple[dict[str, Any], dict[str, Any]]] = {}

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Show a page of the profile; if there is none yet, explain how to create it."""
        chosen = given(request, ["search", "cursor"])
        try:
            profile = self.api.get(request, f"/v1/{part(dataset)}/profile", limit=SHOWN, **chosen)
        except UserError as error:
            if problems.status(error) not in (404, 503) or not self._is_known(request, dataset):
                raise
            values = {"dataset": dataset, "profile": None, "problem": problems.document(error)}
            self.show(request, response, "explore.html", **values)
            return
        self.show(
            request,
            response,
            "explore.html",
            dataset=dataset,
            profile=profile,
            chosen=chosen,
            first=int(chosen.get("cursor", 1)),
            shown=SHOWN,
            query=query,
            **self._view((dataset, *chosen.values()), profile),
        )

    def _view(self, key: tuple[str, ...], profile: dict[str, Any]) -> dict[str, Any]:
        """Return the figures of a page, which are made once."""
        made = self._made.pop(key, None)
        if made is None or made[0] != profile:
            made = profile, explore_figures.view(profile)
        self._made[key] = made  # the last one
        while len(self._made) > KEPT:
            self._made.pop(next(iter(self._made)), None)
        return made[1]

    def _is_known(self, request: falcon.Request, dataset: str) -> bool:
        lines = self.api.get(request, "/v1/datasets")["datasets"]
        return any(line["name"] == dataset for line in lines)
