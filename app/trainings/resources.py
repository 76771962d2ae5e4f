"""Ask for trainings, follow them, and see what came of all of them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import falcon
import msgspec
import peewee
from msgspec import Meta

from app.auth import guard
from app.http import media
from app.http.paging import Cursor, Limit, Line, Page, TimeSpan, moments
from app.labels import store as label_store
from app.registry import store as version_store
from app.registry.live_config import Configured
from app.registry.registry import Registry
from app.settings import Settings
from app.store import ids
from app.store.tables import Training
from app.trainings import store
from app.trainings.options import usual_model
from app.trainings.preconditions import check
from app.trainings.workspace import Place
from src.config import configuration as configs
from src.support import extras
from src.support.errors import UserError
from src.support.structs import Checked

MOST_TRIALS = 1000
SERIES = 10_000  # trainings of a series
MOST_QUEUED = 20  # of a dataset

Name = Annotated[str, Meta(max_length=100)]  # one that conf/ has, or those it has are listed
Title = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]*$(?!\n)", max_length=100)]


class Asked(Checked, frozen=True):
    """What a training is to be: names that conf/ knows, and nothing else."""

    model: Name | None = None  # the champion's, unless it is given
    search: Name = "none"
    trials: Annotated[int, Meta(ge=1, le=MOST_TRIALS)] | None = None
    name: Title = ""
    use: Literal["file", "labels", "both"] = "both"


class Query(TimeSpan, frozen=True):
    """What can be asked of the trainings."""

    state: Literal["queued", "running", "done", "failed", "cancelled", "lost"] | None = None
    model: Line | None = None
    reason: Literal["asked", "after_labels", "at_least_every"] | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class Trainings:
    """POST and GET /v1/{dataset}/trainings."""

    def __init__(
        self,
        registry: Registry,
        configured: Configured,
        database: peewee.Database,
        settings: Settings,
    ) -> None:
        self._registry = registry
        self._configured = configured
        self._database = database
        self._settings = settings

    def on_post(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Put a training into the queue and answer with 202 and where to follow it."""
        exchange = guard.allowed(request, "train")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        refusal = extras.untrained()
        if refusal is not None:  # not 503, after which a client would ask again
            raise refusal
        asked = media.body(request, exchange.body, Asked) if exchange.body else Asked()
        model = asked.model or self._usual_model(dataset)
        config = self._configured.config(dataset, model, asked.search, asked.trials)
        if asked.use == "labels":
            check(known, config, label_store.counts(self._database, dataset))
        self._check_queue(dataset)
        number = ids.new()
        row = {
            "id": number,
            "dataset": dataset,
            "by": exchange.by,
            "reason": "asked",
            "name": asked.name,
            "model": model,
            "search": asked.search,
            "trials": asked.trials,
            "use": asked.use,
        }
        store.ask(self._database, row)
        response.status = falcon.HTTP_202
        response.set_header("Location", f"/v1/{dataset}/trainings/{number}")
        media.answer(response, _shown(store.find(self._database, number)))

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with a page of the trainings, the newest first."""
        exchange = guard.allowed(request, "train")
        asked = media.query(request, Query)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        limit = asked.limit or self._settings.page
        conditions = [Training.dataset == dataset, *moments(asked, Training.id)]
        for field in ("state", "model", "reason"):
            value = getattr(asked, field)
            if value is not None:
                conditions.append(getattr(Training, field) == value)
        page = Page.read(
            lambda most: store.page(self._database, conditions, most, asked.cursor), limit
        )
        shown = [_shown(row) for row in page.rows]
        media.answer(response, {"trainings": shown, "next": page.next})

    def _usual_model(self, dataset: str) -> str:
        """Return the champion's model, else the one that params.yaml names."""
        model = usual_model(self._registry, self._database, dataset)
        fitting = configs.serving_models(self._registry.dataset(dataset).task)
        if model not in fitting and dataset not in version_store.champions(self._database):
            raise UserError(
                f"Nothing serves '{dataset}' yet, so a model must be named.",
                code="model_missing",
                choices=fitting,
                fix=f'ask for one, such as {{"model": "{fitting[0]}"}}' if fitting else None,
            )
        return model

    def _check_queue(self, dataset: str) -> None:
        mine = [Training.dataset == dataset, Training.state == store.QUEUED]
        if len(store.page(self._database, mine, MOST_QUEUED)) >= MOST_QUEUED:
            raise UserError(
                f"Too many trainings of '{dataset}' are waiting.",
                code="queue_full",
                given=MOST_QUEUED,
                fix=f"wait for one to end, or cancel one: DELETE /v1/{dataset}/trainings/<id>",
            )


class OneTraining:
    """GET and DELETE /v1/{dataset}/trainings/{id}."""

    def __init__(self, registry: Registry, database: peewee.Database, settings: Settings) -> None:
        self._registry = registry
        self._database = database
        self._var = settings.folder()

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Answer with state, progress, the log's last lines and, at the end, the figures."""
        exchange = guard.allowed(request, "train")
        media.query(request, media.NoQuery)
        row = self._row(dataset, number)
        exchange.dataset, exchange.version = dataset, row["version"]
        media.answer(response, {**_shown(row), "log": Place(self._var, number).lines()})

    def on_delete(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Cancel a training that waits or runs; its process ends within a second."""
        exchange = guard.allowed(request, "train")
        media.query(request, media.NoQuery)
        row = self._row(dataset, number)
        exchange.dataset = dataset
        if not store.cancel(self._database, number, exchange.by):
            row = self._row(dataset, number)
            raise UserError(
                "This training has ended; there is nothing to cancel.",
                code="training_ended",
                given=f"state={row['state']}",
                choices=[store.QUEUED, store.RUNNING],
            )
        media.answer(response, _shown(self._row(dataset, number)))

    def _row(self, dataset: str, number: str) -> dict[str, Any]:
        self._registry.dataset(dataset)
        row = store.get(self._database, dataset, number) if ids.is_one(number) else None
        if row is None:
            raise UserError("There is no such training.", code="unknown_training", given=number)
        return row


class Series:
    """GET /v1/{dataset}/trainings/series: what is plotted over time."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with a point for each finished training, the oldest first."""
        exchange = guard.allowed(request, "train")
        asked = media.query(request, TimeSpan)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        conditions = [
            Training.dataset == dataset,
            Training.state == store.DONE,
            *moments(asked, Training.id),
        ]
        found = store.page(self._database, conditions, SERIES)
        points = [_point(row, known.metric) for row in reversed(found)]
        media.answer(response, {"dataset": dataset, "metric": known.metric, "series": points})


def _point(row: dict[str, Any], metric: str) -> dict[str, Any]:
    result = json.loads(bytes(row["result"]))
    metrics = result["metrics"]
    return {
        "at": row["ended"],
        "training": row["id"],
        "model": row["model"],
        "version": row["version"],
        "labels": result["labels"]["total"],
        "rows": result["rows"]["total"],
        "test": metrics["test"].get(metric),
        "cv": metrics["cv"].get(metric, {}).get("mean"),
        "promoted": result["promoted"],
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a training as it is told: its result as it stands, its error in lines."""
    document = {name: value for name, value in row.items() if name not in ("result", "progress")}
    progress, result = row.get("progress"), row.get("result")
    document["progress"] = msgspec.Raw(bytes(progress)) if progress else {}
    document["kpis"] = msgspec.Raw(bytes(result)) if result else None
    return document
