"""Predict: a form made from the schema, and what was predicted last."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import falcon

from app.dashboard.api_client import part
from app.dashboard.page import Page

OFFERED = 50  # newest versions to choose from
LATEST = 10  # predictions that are shown at once


class Predict(Page):
    """GET /datasets/{dataset}/predict: ask for one record, or for many."""

    path = "/datasets/{dataset}/predict"

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Show the form, empty or with the record of a prediction, and the latest predictions."""
        base = f"/v1/{part(dataset)}"
        cursor, start = request.get_param("cursor"), request.get_param("from")
        reference = request.get_param("reference") or None
        latest = self.api.get(
            request, f"{base}/predictions", limit=LATEST, cursor=cursor, reference=reference
        )
        about = self.api.find(request, base)
        models = self.api.find(request, f"{base}/models", limit=OFFERED)
        chosen = request.get_param("version") or ""
        record: dict[str, Any] = {}
        if start:
            record = self.api.get(request, f"{base}/predictions/{part(start)}")["record"]
        self.show(
            request,
            response,
            "predict.html",
            dataset=dataset,
            about=about,
            models=models,
            versions=self._versions(request, base, models, chosen) if models else [],
            chosen=chosen,
            latest=latest,
            reference=reference,
            record=record,
            example=json.dumps(about["example"], indent=2, ensure_ascii=False) if about else "",
            is_later=bool(cursor),
        )

    def _versions(
        self, request: falcon.Request, base: str, models: dict[str, Any], chosen: str
    ) -> list[dict[str, Any]]:
        """Return the versions to choose from: the newest, the champion and the one chosen now."""
        versions = {one["version"]: one for one in models["versions"]}
        for number in (str(models["champion"] or ""), chosen):
            if number.isdecimal() and int(number) not in versions:
                one = self.api.find(request, f"{base}/models/{part(number)}")
                versions |= {one["version"]: one} if one else {}
        return _serving(versions.values())


def _serving(versions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the versions that may serve, the champion first."""
    allowed = [
        one
        for one in versions
        if one["champion"] or one["gate"]["passed"] or one["gate"]["overridden"]
    ]
    return sorted(allowed, key=lambda one: (not one["champion"], -one["version"]))
