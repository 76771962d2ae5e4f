"""Put the service together: every collaborator and every route on one screen."""

from __future__ import annotations

import os
from typing import Any

import falcon

from app import handlers, housekeeping, sessions, steward
from app.configured import Configured
from app.gatekeeper import Gatekeeper
from app.intake import Readers
from app.metrics import Metrics
from app.openapi import OpenApi
from app.pages import routes as pages
from app.pages.page import Door
from app.pages.refusals import Refusals
from app.pages.rendering import Renderer
from app.pages.static import Static
from app.recorder import Recorder
from app.redaction import Redaction
from app.registry import Registry, loader
from app.resources import (
    activity,
    champions,
    choices,
    datasets,
    documents,
    feedback,
    health,
    labelling,
    labels,
    predictions,
    profile,
    requests,
    scoreboard,
    traffic,
    trainings,
    uncertain,
    uploads,
    versions,
)
from app.resources.similar import Similar
from app.security import Guard
from app.settings import PREPARED, Settings
from app.store import database as databases
from app.store.journal import Journal
from app.watcher import Watcher
from src.errors import UserError


def create_api(settings: Settings, *, is_watching: bool = True) -> Recorder:
    """Return the WSGI application, with what the pipeline made so far.

    `is_watching` starts the threads that follow changes of the champion and remove old rows.
    Raises UserError where a setting, the database's schema or its driver will not do.
    """
    var, url = settings.folder(), settings.url()
    # Only the start may make a file: one that was moved away is not to be replaced unnoticed.
    # One connection to write the journal with, for all threads; others as threads need them.
    is_made = PREPARED not in os.environ
    maker = databases.connect(url, settings.durability, settings.wait, is_made=is_made)
    shared = databases.connect(url, settings.durability, 0, is_shared=True, is_made=False)
    database = databases.connect(
        url, settings.durability, settings.wait, is_made=False, slowest=databases.SLOWEST
    )
    journal = Journal(shared, settings.wait)
    metrics, redaction = Metrics(), Redaction(settings.redact)
    secret = sessions.secret(var)
    guard = Guard(proxies=settings.proxies, origins=settings.origins, secret=secret)
    load = loader(var, most_records=settings.most_records, longest_text=settings.longest_text)
    configured = Configured(var)
    gatekeeper = Gatekeeper(configured)
    registry = Registry(database, var, load, configured, gatekeeper)
    readers = Readers(registry, most=settings.most_records, longest_text=settings.longest_text)
    watcher = Watcher(maker, database, registry, guard, settings.poll)
    watcher.start(is_watching=is_watching)
    if is_watching:
        housekeeping.start(settings)
        steward.start(settings)

    static = Static(var, is_early=is_watching)
    around, renderer = handlers.Around(database), Renderer(registry.known, guard, static)
    parts: Any = [around, Door()]
    app, refusals = falcon.App(middleware=parts), Refusals(renderer)
    app.add_error_handler(UserError, refusals.refuse)
    app.add_error_handler(falcon.HTTPError, refusals.refuse_in_our_words)
    for refusal in databases.ERRORS:
        app.add_error_handler(refusal, refusals.unavailable)
    app.add_error_handler(Exception, around.fail)
    routes: dict[str, Any] = {
        "/v1/datasets": datasets.Datasets(registry),
        "/v1/activity": activity.Activity(registry, database),
        "/v1/requests": requests.Requests(database, settings.page),
        "/v1/requests/series": traffic.Traffic(database),
        "/v1/requests/{number}": requests.OneRequest(database),
        "/v1/{dataset}": datasets.OneDataset(registry),
        "/v1/{dataset}/profile": profile.Profile(registry),
        "/v1/{dataset}/models": datasets.Models(registry, gatekeeper, database),
        "/v1/{dataset}/models/{number}": versions.OneVersion(registry, gatekeeper, settings),
        "/v1/{dataset}/models/{number}/compare/{other}": versions.Comparison(
            registry, gatekeeper, settings
        ),
        "/v1/{dataset}/models/{number}/override": champions.Overrides(registry, database),
        "/v1/{dataset}/champion": champions.Champion(registry, gatekeeper, database, load),
        "/v1/{dataset}/predictions": predictions.Predictions(
            registry, gatekeeper, redaction, database, settings
        ),
        "/v1/{dataset}/predictions/{number}": predictions.Receipt(database),
        "/v1/{dataset}/predictions/{number}/label": feedback.Truth(
            registry, readers, database, settings
        ),
        "/v1/{dataset}/labels": labels.Labels(registry, readers, database, settings),
        "/v1/{dataset}/labels/about": labelling.Labelling(registry, readers, database, settings),
        "/v1/{dataset}/labels/{number}": labels.OneLabel(registry, database),
        "/v1/{dataset}/uncertain": uncertain.Uncertain(registry, database),
        "/v1/{dataset}/uploads": uploads.Uploads(registry, database, settings.page),
        "/v1/{dataset}/uploads/{number}": uploads.OneUpload(registry, database),
        "/v1/{dataset}/scoreboard": scoreboard.Scores(registry, gatekeeper, database),
        "/v1/{dataset}/choices": choices.Choices(registry, database),
        "/v1/{dataset}/trainings": trainings.Trainings(registry, configured, database, settings),
        "/v1/{dataset}/trainings/series": trainings.Series(registry, database),
        "/v1/{dataset}/trainings/{number}": trainings.OneTraining(registry, database, settings),
        "/v1/{dataset}/similar": Similar(registry, settings.most_similar, settings.longest_text),
        "/healthz": health.Alive(),
        "/readyz": health.Ready(registry, journal, var, settings.disk_floor),
        "/metrics": health.Figures(metrics),
        "/openapi.json": documents.OpenApiDocument(OpenApi(registry, settings)),
        "/docs": documents.Docs(),
        "/docs/problems": documents.Problems(),
        "/docs/{name}": documents.DocsFile(),
        **pages.routes(renderer, app, guard, static),
    }
    for path, resource in routes.items():
        app.add_route(path, resource)
    return Recorder(
        app,
        guard=guard,
        journal=journal,
        redaction=redaction,
        metrics=metrics,
        largest_body=int(settings.largest_body * 1e6),
        largest_upload=int(settings.largest_upload * 1e6),
    )
