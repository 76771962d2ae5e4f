"""Ask for trainings, follow them, and see what came of all of them."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from app.http import media
from app.http.media import NoQuery
from app.http.operation import Call, operation
from app.http.paging import Page, TimeSpan, moments
from app.http.resource import Resource
from app.labels import store as label_store
from app.registry import store as version_store
from app.registry.services import DatasetResource, Services
from app.store import ids, tables
from app.trainings import openapi, store
from app.trainings.options import Options, usual_model
from app.trainings.preconditions import check, check_hidden
from app.trainings.schema import (
    Training,
    TrainingPage,
    TrainingPoint,
    TrainingProgress,
    TrainingQuery,
    TrainingRequest,
    TrainingResult,
    TrainingSeries,
)
from app.trainings.workspace import Workspace
from src.config import configuration as configs
from src.data.schema import Dataset
from src.support import extras
from src.support.errors import UserError

MOST_POINTS = 10_000  # of a series
MOST_QUEUED = 20  # of a dataset


def routes(services: Services) -> list[Resource]:
    """Return the resources of this room."""
    resources = (Options, Trainings, Series, OneTraining)
    return [resource(services) for resource in resources]


class Trainings(DatasetResource):
    """The trainings of a dataset."""

    path = "/v1/{dataset}/trainings"

    @operation(
        scope="train",
        name="train",
        summary="Ask for a training; "
        "unless said otherwise of the champion's model, without a search",
        description="Where the service is installed without what trainings need it answers 501.",
        body=openapi.training_request,
        is_body_required=False,
        body_examples=openapi.training_request_examples,
        answer=Training,
        status=202,
        refuses=(
            "invalid",
            "unknown_model",
            "unknown_search",
            "model_missing",
            "too_few_labels",
            "queue_full",
            "labels_not_taken",
            "not_installed",
        ),
        links={
            "training": ("training", "training_id", "id"),
            "cancel": ("cancel_training", "training_id", "id"),
        },
        is_offered=openapi.is_trainable,
    )
    def on_post(self, call: Call[NoQuery, None], dataset: Dataset) -> Training:
        """Put a training into the queue; answer where to follow it."""
        services, name = self.services, dataset.name
        refusal = extras.untrained()
        if refusal is not None:  # not 503, after which a client would ask again
            raise refusal
        request = _request(call)
        model = request.model or self._usual_model(dataset)
        config = services.config.config(name, model, request.search, request.trials)
        if request.use != "file":
            has_labels = label_store.has_live(services.database, name)
            check_hidden(dataset, has_labels, services.settings.redact)
        if request.use == "labels":
            check(dataset, config, label_store.counts(services.database, name))
        self._check_queue(name)
        call.exchange.spend("trainings", 1)
        training_id = ids.new()
        row = {
            "id": training_id,
            "dataset": name,
            "by": call.exchange.by,
            "reason": "asked",
            "name": request.name,
            "model": model,
            "search": request.search,
            "trials": request.trials,
            "use": request.use,
        }
        store.ask(services.database, row)
        location = f"{call.request.root_path}/v1/{name}/trainings/{training_id}"
        call.response.set_header("Location", location)
        return _training(store.find(services.database, training_id))

    @operation(
        scope="train",
        name="trainings",
        summary="The trainings, the newest first",
        query=TrainingQuery,
        answer=TrainingPage,
        refuses=("invalid_time",),
        links={"training": ("training", "training_id", "trainings/0/id")},
    )
    def on_get(self, call: Call[TrainingQuery, None], dataset: Dataset) -> TrainingPage:
        """Answer with a page of the trainings, the newest first."""
        query, database = call.query, self.services.database
        table = tables.Training
        conditions = [table.dataset == dataset.name, *moments(query, table.id)]
        for field in ("state", "model", "reason"):
            value = getattr(query, field)
            if value is not None:
                conditions.append(getattr(table, field) == value)
        page = Page.read(
            lambda most: store.page(database, conditions, most, query.cursor),
            query.limit or self.services.settings.page,
        )
        return TrainingPage([_training(row) for row in page.rows], page.next)

    def _usual_model(self, dataset: Dataset) -> str:
        """Return the champion's model, else the one that params.yaml names."""
        registry, database = self.services.registry, self.services.database
        model = usual_model(registry, database, dataset.name)
        fitting = configs.serving_models(dataset.task)
        if model not in fitting and dataset.name not in version_store.champions(database):
            raise UserError(
                f"Nothing serves '{dataset.name}' yet, so a model must be named.",
                code="model_missing",
                choices=fitting,
                fix=f'ask for one, such as {{"model": "{fitting[0]}"}}' if fitting else None,
            )
        return model

    def _check_queue(self, dataset: str) -> None:
        table = tables.Training
        waiting = [table.dataset == dataset, table.state == store.QUEUED]
        if len(store.page(self.services.database, waiting, MOST_QUEUED)) >= MOST_QUEUED:
            raise UserError(
                f"Too many trainings of '{dataset}' are waiting.",
                code="queue_full",
                given=MOST_QUEUED,
                fix=f"wait for one to end, or cancel one: DELETE /v1/{dataset}/trainings/<id>",
            )


class OneTraining(DatasetResource):
    """One training of a dataset."""

    path = "/v1/{dataset}/trainings/{training_id}"

    @operation(
        scope="train",
        name="training",
        summary="How far a training is, its log's last lines and, at the end, its figures",
        answer=Training,
        refuses=("unknown_training",),
    )
    def on_get(self, call: Call[NoQuery, None], dataset: Dataset, training_id: str) -> Training:
        """Answer with state, progress, the log's last lines and, at the end, the figures."""
        row = self._row(dataset, training_id)
        call.exchange.version = row["version"]
        lines = Workspace(self.services.settings.folder(), training_id).lines()
        return _training(row, log=lines)

    @operation(
        scope="train",
        name="cancel_training",
        summary="Cancel a training that waits or runs",
        answer=Training,
        refuses=("unknown_training", "training_ended"),
    )
    def on_delete(self, call: Call[NoQuery, None], dataset: Dataset, training_id: str) -> Training:
        """Cancel a training that waits or runs; its process ends within a second."""
        self._row(dataset, training_id)
        if not store.cancel(self.services.database, training_id, call.exchange.by):
            row = self._row(dataset, training_id)
            raise UserError(
                "This training has ended; there is nothing to cancel.",
                code="training_ended",
                given=f"state={row['state']}",
                choices=[store.QUEUED, store.RUNNING],
            )
        return _training(self._row(dataset, training_id))

    def _row(self, dataset: Dataset, training_id: str) -> dict[str, Any]:
        row = None
        if ids.is_one(training_id):
            row = store.get(self.services.database, dataset.name, training_id)
        if row is None:
            what = "There is no such training."
            raise UserError(what, code="unknown_training", given=training_id)
        return row


class Series(DatasetResource):
    """What is plotted of a dataset's trainings over time."""

    path = "/v1/{dataset}/trainings/series"

    @operation(
        scope="train",
        name="series",
        summary="A point for each finished training, the oldest first, to plot",
        query=TimeSpan,
        answer=TrainingSeries,
        refuses=("invalid_time",),
    )
    def on_get(self, call: Call[TimeSpan, None], dataset: Dataset) -> TrainingSeries:
        """Answer with a point for each finished training, the oldest first."""
        table = tables.Training
        conditions = [
            table.dataset == dataset.name,
            table.state == store.DONE,
            *moments(call.query, table.id),
        ]
        rows = store.page(self.services.database, conditions, MOST_POINTS)
        points = [_point(row, dataset.metric) for row in reversed(rows)]
        return TrainingSeries(dataset.name, dataset.metric, points)


def _request(call: Call[NoQuery, None]) -> TrainingRequest:
    """Read the body, which may be empty."""
    body = call.exchange.body
    return media.body(call.request, body, TrainingRequest) if body else TrainingRequest()


def _point(row: dict[str, Any], metric: str) -> TrainingPoint:
    result = json.loads(bytes(row["result"]))
    metrics = result["metrics"]
    return TrainingPoint(
        at=row["ended"],
        training=row["id"],
        model=row["model"],
        version=row["version"],
        labels=result["labels"]["total"],
        rows=result["rows"]["total"],
        test=metrics["test"].get(metric),
        cv=metrics["cv"].get(metric, {}).get("mean"),
        promoted=result["promoted"],
    )


def _training(row: dict[str, Any], **more: Any) -> Training:
    """Return a training; its progress and its result as they were stored, by whichever release."""
    values = {name: value for name, value in row.items() if name not in ("result", "progress")}
    progress, result = row["progress"] or b"{}", row["result"]
    return Training(
        **values,
        progress=cast(TrainingProgress, msgspec.Raw(bytes(progress))),
        kpis=cast(TrainingResult, msgspec.Raw(bytes(result))) if result else None,
        **more,
    )
