"""Prediction: one record with its answer and the reasons, at a permanent address."""

from __future__ import annotations

import json
from typing import Any

import falcon

from app.dashboard.api_client import part
from app.dashboard.page import Page
from app.http import problems
from app.records import target_keys
from src.support.errors import UserError

SIMILAR = 5


class OnePrediction(Page):
    """GET /datasets/{dataset}/predictions/{prediction_id}, which Predict shows in part."""

    path = "/datasets/{dataset}/predictions/{prediction_id}"

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, prediction_id: str
    ) -> None:
        """Show the details of a prediction."""
        base = f"/v1/{part(dataset)}"
        path = f"{base}/predictions/{part(prediction_id)}"
        receipt = self.api.get(request, path)
        schema, answer = receipt["configuration"]["dataset"], receipt["answer"]
        target, truth = schema["target"], self.api.find(request, f"{path}/label")
        true = target_keys.true(truth or {}, target["name"])
        if not _fits(true, schema):
            truth = true = None
        from app.dashboard.figures import prediction as figures  # Altair takes much memory

        profile = self.api.find(request, f"{base}/profile") or {"columns": []}
        column = next((one for one in profile["columns"] if one["role"] == "target"), None)
        similar = self._similar(request, base, schema, receipt["record"])
        draw = figures.of_value if schema["task"] == "regression" else figures.of_classes
        self.show(
            request,
            response,
            "prediction.html",
            dataset=dataset,
            receipt=receipt,
            record=json.dumps(receipt["record"], ensure_ascii=False),
            answer=answer,
            schema=schema,
            target=target,
            prediction=target_keys.predicted(answer, target["name"]),
            drawn=draw(schema, answer, column, true),
            short=figures.summary(schema, receipt["record"]),
            reasons=figures.of_reasons(schema, answer),
            similar=similar,
            alike=[
                target_keys.true(row, target["name"]) for row in (similar or {}).get("similar", ())
            ],
            truth=truth,
            actual=true,
            rows=(column or {}).get("rows"),
        )

    def _similar(
        self, request: falcon.Request, base: str, schema: dict[str, Any], record: dict[str, Any]
    ) -> Any | None:
        """Return the most similar rows; None if the dataset does not configure similarity."""
        how = schema.get("similar")
        needed = [*how["same"], how["nearest"]] if how else []
        values = {name: record[name] for name in needed if record.get(name) is not None}
        if not how or len(values) < len(needed):
            return None
        try:
            return self.api.look_up(request, f"{base}/similar", {"record": values, "n": SIMILAR})
        except UserError as error:
            # The champion may have other columns than the version that predicted this.
            if problems.status(error) in (404, 409, 422, 503):
                return None
            raise


def _fits(true: Any, schema: dict[str, Any]) -> bool:
    """Tell whether a true value has the kind that was predicted; datasets may change."""
    return true is not None and (schema["task"] != "regression" or isinstance(true, int | float))
