"""Train: request trainings, follow them, and see their results."""

from __future__ import annotations

from typing import Any, ClassVar

import falcon

from app.dashboard.api_client import part
from app.dashboard.figures import version as version_figures
from app.dashboard.page import Page
from app.http.operation import Access
from app.store import ids
from src.support.errors import UserError

SHOWN = 20  # trainings of a page
LINES = 200  # of a log
OPEN = ("queued", "running")  # states of a training that goes on


class Train(Page):
    """GET /datasets/{dataset}/train: a form, and the trainings so far."""

    path = "/datasets/{dataset}/train"

    scope: ClassVar[Access] = "train"

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Show the form and the progress of trainings."""
        base = f"/v1/{part(dataset)}"
        cursor = request.get_param("cursor")
        listed = self.api.get(request, f"{base}/trainings", limit=SHOWN, cursor=cursor)
        trainings = listed["trainings"]
        self.show(
            request,
            response,
            "train.html",
            dataset=dataset,
            choices=self.api.get(request, f"{base}/choices"),
            trainings=trainings,
            next=listed["next"],
            cursor=cursor,
            is_live=any(one["state"] in OPEN for one in trainings),
        )


class Training(Page):
    """GET /datasets/{dataset}/train/{training_id}: one training, while it runs and after."""

    path = "/datasets/{dataset}/train/{training_id}"

    scope: ClassVar[Access] = "train"

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, training_id: str
    ) -> None:
        """Show the progress and, at the end, the version and its comparison with the champion."""
        if not ids.is_one(training_id):  # another of the API's paths may stand where ids do
            raise UserError(
                "There is no such training.", code="unknown_training", given=training_id
            )
        base = f"/v1/{part(dataset)}"
        training = self.api.get(request, f"{base}/trainings/{part(training_id)}")
        training["log"] = training["log"][-LINES:]
        values: dict[str, Any] = {"version": None, "serves": None, "metrics": [], "charts": {}}
        kpis = training["kpis"]
        if kpis is not None:
            values = self._result(request, base, training)
        self.show(
            request,
            response,
            "training.html",
            dataset=dataset,
            training=training,
            kpis=kpis,
            is_live=training["state"] in OPEN,
            **values,
        )

    def _result(
        self, request: falcon.Request, base: str, training: dict[str, Any]
    ) -> dict[str, Any]:
        kpis = training["kpis"]
        # A key that may train only is shown what the training itself tells.
        version = self.api.find(request, f"{base}/models/{training['version']}")
        models = self.api.find(request, f"{base}/models", limit=1)
        shown = {"held_out": None, "version": training["version"], **kpis, **(version or {})}
        target = (version or {}).get("configuration", {}).get("dataset", {}).get("target", {})
        charts = version_figures.drawn(shown, target)
        comparison = kpis["comparison"]
        if comparison is not None and comparison.get("low") is not None:
            from app.dashboard.charts import train

            charts["beside"] = train.difference(
                comparison["low"], comparison["better_by"], comparison["high"]
            )
        return {
            "version": shown,
            "target": target,
            "serves": version_figures.champion(models) if models else None,
            "waits": version_figures.waits(models, training["version"]) if models else None,
            "metrics": version_figures.measured(kpis["metrics"]),
            "charts": charts,
            "numeric": version_figures.numeric((shown["held_out"] or {}).get("worst", ())),
        }
