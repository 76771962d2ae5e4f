"""Put the service together: every collaborator and every route on one screen."""

from __future__ import annotations

import os
from typing import Any

import falcon
from falcon.routing import CompiledRouter

from app import health, operating
from app.auth import sessions
from app.auth.guard import Guard
from app.background import housekeeping
from app.background.watcher import Watcher
from app.dashboard import routes as pages
from app.dashboard.page import PageGuard
from app.dashboard.problem_page import ProblemPages
from app.dashboard.rendering import Renderer
from app.dashboard.static import Static
from app.http import hooks
from app.http.prometheus import Metrics
from app.http.resource import Resource, RouteTable
from app.http.shortcut import Shortcut
from app.labels import resources as labels
from app.openapi import resources as openapi_resources
from app.openapi.document import OpenApi
from app.predictions import resources as predictions
from app.registry import resources as versions
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.registry import Registry, loader
from app.registry.services import Services
from app.request_log import resources as request_log
from app.request_log.delivery import Deliveries
from app.request_log.journal import Journal
from app.request_log.recorder import Recorder
from app.request_log.strangers import Strangers
from app.settings import PREPARED, Settings
from app.store import database as databases
from app.store import redacted_logs
from app.store.redaction import Redaction
from app.trainings import resources as trainings
from app.trainings import scheduler
from src.support.errors import UserError


def create_api(settings: Settings, *, is_watching: bool = True) -> Recorder:
    """Return the WSGI application, with what the pipeline made so far.

    `is_watching` starts the threads that follow changes of the champion and remove old rows.
    Raises UserError where a setting, the database's schema or its driver will not do.
    """
    redacted_logs.install()
    var, url = settings.folder(), settings.url()
    # Only the start may make a file: one that was moved away is not to be replaced unnoticed.
    # One connection to write the journal with, for all threads; others as threads need them.
    is_made = PREPARED not in os.environ
    maker = databases.connect(url, settings.durability, settings.wait, is_made=is_made)
    shared = databases.connect(
        url, settings.durability, 0, is_shared=True, is_made=False, slowest=settings.wait
    )
    database = databases.connect(
        url, settings.durability, settings.wait, is_made=False, slowest=databases.SLOWEST
    )
    journal = Journal(shared, settings.wait)
    metrics, redaction = Metrics(), Redaction(settings.redact)
    secret = sessions.secret(var)
    guard = Guard(proxies=settings.proxies, origins=settings.origins, secret=secret)
    load = loader(
        var,
        most_records=settings.most_records,
        longest_text=settings.longest_text,
        redaction=redaction,
    )
    configured = LiveConfig(var)
    gatekeeper = Gatekeeper(configured)
    registry = Registry(database, var, load, configured, gatekeeper)
    services = Services(settings, database, redaction, configured, gatekeeper, registry, load)
    strangers = Strangers()
    metrics.know(guard.budgets)
    metrics.know(operating.OperatingFigures(settings, database, registry, journal))
    stores = [strangers.store, guard.budgets.store]
    watcher = Watcher(maker, database, registry, guard, var, settings.poll, stores)
    watcher.start(is_watching=is_watching)
    if is_watching:
        housekeeping.start(settings)
        scheduler.start(settings)

    static = Static(var, is_early=is_watching)
    around = hooks.Hooks(database)
    renderer = Renderer(registry.active, guard, static, settings.root)
    parts: Any = [around, PageGuard()]
    router = CompiledRouter()
    app, refusals = falcon.App(middleware=parts, router=router), ProblemPages(renderer)
    app.add_error_handler(UserError, refusals.refuse)
    app.add_error_handler(falcon.HTTPError, refusals.refuse_in_our_words)
    for refusal in databases.ERRORS:
        app.add_error_handler(refusal, refusals.unavailable)
    app.add_error_handler(Exception, around.fail)
    description = OpenApi(registry, settings)
    resources: list[Resource] = [
        *versions.routes(services),
        *predictions.routes(services),
        *labels.routes(services),
        *trainings.routes(services),
        *request_log.routes(database, settings.page, redaction),
        health.Alive(),
        health.Ready(registry, journal, settings),
        health.Figures(metrics),
        openapi_resources.OpenApiDocument(description),
        openapi_resources.Docs(),
        openapi_resources.Problems(),
        openapi_resources.DocsFile(),
        *pages.routes(renderer, app, guard, static, database),
    ]
    routes = RouteTable(resources, settings.root)
    guard.know(routes)
    description.know(routes)
    routes.add_to(app)
    return Recorder(
        app,
        routes=routes,
        guard=guard,
        journal=journal,
        deliveries=Deliveries(database),
        redaction=redaction,
        metrics=metrics,
        strangers=strangers,
        largest_body=int(settings.largest_body * 1e6),
        largest_upload=int(settings.largest_upload * 1e6),
        shortcut=Shortcut(router, database),
    )
