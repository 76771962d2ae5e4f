"""Put the service together: every collaborator and every route on one screen."""

from __future__ import annotations

import os
from typing import Any

import falcon
import peewee

from app import handlers, housekeeping
from app.metrics import Metrics
from app.openapi import OpenApi
from app.problems import Problem
from app.recorder import Recorder
from app.redaction import Redaction
from app.registry import Registry, loader
from app.resources import datasets, documents, health, predictions, requests
from app.resources.similar import Similar
from app.security import Guard
from app.settings import PREPARED, Settings
from app.store import database as databases
from app.store.journal import Journal
from app.watcher import Watcher


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
    guard = Guard(proxies=settings.proxies, origins=settings.origins)
    load = loader(var, most_records=settings.most_records, longest_text=settings.longest_text)
    registry = Registry(database, var, load)
    watcher = Watcher(maker, database, registry, guard, settings.poll)
    watcher.start(is_watching=is_watching)
    if is_watching:
        housekeeping.start(settings)

    around = handlers.Around(database)
    app = falcon.App(middleware=[around])
    app.add_error_handler(Problem, handlers.refuse)
    app.add_error_handler(falcon.HTTPError, handlers.refuse_in_our_words)
    app.add_error_handler(peewee.PeeweeException, handlers.unavailable)
    app.add_error_handler(Exception, around.fail)
    routes: dict[str, Any] = {
        "/v1/datasets": datasets.Datasets(registry),
        "/v1/requests": requests.Requests(database, settings.page),
        "/v1/requests/{number}": requests.OneRequest(database),
        "/v1/{dataset}": datasets.OneDataset(registry),
        "/v1/{dataset}/models": datasets.Models(registry, database),
        "/v1/{dataset}/predictions": predictions.Predictions(registry, redaction),
        "/v1/{dataset}/predictions/{number}": predictions.Receipt(database),
        "/v1/{dataset}/similar": Similar(registry, settings.most_similar, settings.longest_text),
        "/healthz": health.Alive(),
        "/readyz": health.Ready(registry, journal, var, settings.disk_floor),
        "/metrics": health.Figures(metrics),
        "/openapi.json": documents.OpenApiDocument(OpenApi(registry, settings)),
        "/docs": documents.Docs(),
        "/docs/{name}": documents.DocsFile(),
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
    )
