"""Home: each dataset as a card."""

from __future__ import annotations

from typing import Any, ClassVar

import falcon

from app.dashboard.api_client import part
from app.dashboard.figures.version import CHANGES
from app.dashboard.page import Page
from app.http.exchange import ENVIRON
from app.http.operation import Access
from src.evaluation.metrics import METRICS

TREND = 30  # versions that served, and events, that are drawn
MOST = 100  # labels to review that are counted


class Home(Page):
    """GET /: what each dataset predicts, who serves, how good it is, what came in.

    Any key gives access; what its scopes do not include is left out.
    """

    path = "/"

    scope: ClassVar[Access] = "any"

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Show all datasets, even without a serving version."""
        listed = self.api.find(request, "/v1/datasets")
        names = self.renderer.datasets(request.env[ENVIRON].caller)
        unserved = [{"name": name, "champion": None} for name in names]
        lines = listed["datasets"] if listed else unserved
        counted = self.api.find(request, "/v1/activity")
        activity = counted["datasets"] if counted else {}
        cards = [self._card(request, line, activity.get(line["name"])) for line in lines]
        self.show(request, response, "home.html", cards=cards)

    def _card(
        self, request: falcon.Request, line: dict[str, Any], activity: dict[str, Any] | None
    ) -> dict[str, Any]:
        base = f"/v1/{part(line['name'])}"
        unknown: dict[str, Any] = {"trend": [], "live": None, "last": None, "candidate": None}
        card = {**line, "activity": activity, **unknown}
        card["waiting"] = self.api.find(request, f"{base}/labels", state="to_review", limit=MOST)
        if line["champion"] is not None:
            models = self.api.get(request, f"{base}/models", state="served", limit=TREND)
            metric = line["champion"]["metric"]
            card["trend"] = _served(models, metric)
            card["breach"] = models["breach"]
            card["candidate"] = models["waiting"]
            card["is_greater_better"] = METRICS[metric].greater_is_better
            board = self.api.find(request, f"{base}/scoreboard") or {"versions": []}
            card["live"] = next((one for one in board["versions"] if one["champion"]), None)
        trainings = self.api.find(request, f"{base}/trainings", limit=1)
        card["last"] = next(iter(trainings["trainings"]), None) if trainings else None
        return card


def _served(models: dict[str, Any], metric: str) -> list[float]:
    """Return the held-out metric of each version that served, in order."""
    values = {one["version"]: one["metrics"]["test"].get(metric) for one in models["versions"]}
    served = (event["number"] for event in reversed(models["events"]) if _is_change(event))
    figures = (values.get(number) for number in served)
    return [value for value in figures if value is not None]


def _is_change(event: dict[str, Any]) -> bool:
    return event["kind"] in CHANGES
