"""One prediction, for good at the same address: what was asked and answered, and why."""

from __future__ import annotations

import json
from typing import Any

import falcon

from app.dashboard.api_client import part
from app.dashboard.page import Page
from app.http import problems
from src.support.errors import UserError

SIMILAR = 5


class OnePrediction(Page):
    """GET /datasets/{dataset}/predictions/{number}; the page Predict shows its main part, too."""

    path = "/datasets/{dataset}/predictions/{number}"

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Show all that is known of a prediction."""
        base = f"/v1/{part(dataset)}"
        path = f"{base}/predictions/{part(number)}"
        receipt = self.api.get(request, path)
        known, answer = receipt["configuration"]["dataset"], receipt["answer"]
        truth = self.api.find(request, f"{path}/label")
        if truth and not _fits(truth[known["target"]["name"]], known):
            truth = None
        from app.dashboard import prediction_figures as figures  # Altair takes memory others spare

        profile = self.api.find(request, f"{base}/profile") or {"columns": []}
        column = next((one for one in profile["columns"] if one["role"] == "target"), None)
        draw = figures.of_value if known["task"] == "regression" else figures.of_classes
        self.show(
            request,
            response,
            "prediction.html",
            dataset=dataset,
            receipt=receipt,
            record=json.dumps(receipt["record"], ensure_ascii=False),
            answer=answer,
            known=known,
            target=known["target"],
            drawn=draw(known, answer, column, truth),
            short=figures.in_short(known, receipt["record"]),
            cautions=figures.cautions(known, answer, receipt["record"], profile),
            reasons=figures.of_reasons(known, answer),
            similar=self._similar(request, base, known, receipt["record"]),
            truth=truth,
            rows=(column or {}).get("rows"),
        )

    def _similar(
        self, request: falcon.Request, base: str, known: dict[str, Any], record: dict[str, Any]
    ) -> Any | None:
        """Return the rows most like the record; None where nothing says which these are."""
        how = known.get("similar")
        needed = [*how["same"], how["nearest"]] if how else []
        given = {name: record[name] for name in needed if record.get(name) is not None}
        if not how or len(given) < len(needed):
            return None
        try:
            return self.api.look_up(request, f"{base}/similar", {"record": given, "n": SIMILAR})
        except UserError as error:
            # The champion may have other columns than the version that predicted this.
            if problems.status(error) in (404, 409, 422, 503):
                return None
            raise


def _fits(true: Any, known: dict[str, Any]) -> bool:
    """Tell whether a truth is of the kind that was predicted: a dataset may have changed since."""
    return known["task"] != "regression" or isinstance(true, int | float)
