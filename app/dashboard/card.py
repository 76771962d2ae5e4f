"""Card: all that is to be known of a version, on a page that prints."""

from __future__ import annotations

from typing import Any

import falcon

from app.dashboard.api_client import part
from app.dashboard.page import Page
from app.dashboard.rendering import figure

Row = dict[str, Any]
Figure = dict[str, Any]  # a chart, what it shows in words, and its height
LOW, HIGH = 200, 280  # pixels
NAMED = 6  # of a chart's points that its description tells


class Card(Page):
    """GET /datasets/{dataset}/history/{number}/card: the card of a version."""

    path = "/datasets/{dataset}/history/{number}/card"

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Show the card as it prints."""
        base = f"/v1/{part(dataset)}/models/{part(number)}"
        card = self.api.get(request, f"{base}/card")
        self.show(
            request,
            response,
            "card.html",
            dataset=dataset,
            number=number,
            card=card,
            markdown=f"{request.root_path}{base}/card?format=markdown",
            found={one["rule"] for one in card["findings"]},
            **drawn(card),
        )


def drawn(card: Row) -> dict[str, Any]:
    """Return the charts of a card, each with a description."""
    return {
        "important": _importance(card),
        "effects": [_effect(one) for one in card["effects"]],
        "reliability": _reliability(card),
        "curves": _curves(card),
        "points": _points(card),
        "held": _held(card),
    }


def _importance(card: Row) -> Figure | None:
    from app.dashboard.charts import card as charts  # it brings Altair, which takes a moment

    found = card["importance"]
    if found is None:
        return None
    lines = found["causes"]
    named = "; ".join(f"{one['name']} {figure(one['worse'])}" for one in lines[:NAMED])
    return {
        "spec": charts.importance(lines, found["metric"]),
        "about": f"By how much {found['metric']} gets worse without each: {named}",
        "height": charts.tall(len(lines)),
    }


def _effect(effect: Row) -> Figure:
    from app.dashboard.charts import card as charts

    points, series = effect["values"] or effect["at"], effect["series"]
    ends = "; ".join(
        f"{one['of']} {figure(one['values'][0])} at {figure(points[0])}, "
        f"{figure(one['values'][-1])} at {figure(points[-1])}"
        for one in series[:NAMED]
    )
    return {
        "title": effect["feature"],
        "spec": charts.effect(effect),
        "about": f"Effect of {effect['feature']}, around the mean: {ends}",
        "height": LOW,
    }


def _reliability(card: Row) -> Figure | None:
    from app.dashboard.charts import card as charts

    found = card["calibration"]
    if found is None:
        return None
    return {
        "spec": charts.bins(found["bins"], f"probability of {found['of']}"),
        "about": f"Share of the rows by their probability, {_told(found['bins'])}",
        "height": HIGH,
    }


def _held(card: Row) -> Figure | None:
    from app.dashboard.charts import card as charts

    found, purpose = card["coverage"], card["purpose"]
    if not found["bins"]:
        return None
    return {
        "spec": charts.bins(
            found["bins"], f"predicted {purpose['target']}", promised=found["promised"]
        ),
        "about": f"Share of the truths that ranges hold, {_told(found['bins'])}",
        "height": HIGH,
    }


def _told(bins: list[Row]) -> str:
    return "; ".join(f"at {figure(one['predicted'])} {one['share']:.1%}" for one in bins)


def _curves(card: Row) -> list[Figure]:
    from app.dashboard.charts import card as charts

    found = card["curves"] or {}
    kinds = (
        ("roc", "ROC", "false positive rate", "true positive rate", "area", True),
        ("precision", "Precision and recall", "recall", "precision", "average precision", False),
    )
    return [
        {
            "title": title,
            "note": f"{area} {figure(found[name]['area'])}",
            "spec": charts.curve(found[name], across, up, diagonal=diagonal),
            "about": f"{title}: {up} over {across}, {area} {figure(found[name]['area'])}",
            "height": HIGH,
        }
        for name, title, across, up, area, diagonal in kinds
        if found.get(name)
    ]


def _points(card: Row) -> Figure | None:
    from app.dashboard.charts import train as charts

    if not card["points"]:
        return None
    purpose = card["purpose"]
    name = f"{purpose['target']}, {purpose['unit']}" if purpose["unit"] else purpose["target"]
    return {
        "spec": charts.against_truth(card["points"], name),
        "about": f"Actual against predicted {name} of {len(card['points'])} held-out rows",
        "height": HIGH,
    }
