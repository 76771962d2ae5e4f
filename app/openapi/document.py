"""The API in OpenAPI 3.1, derived from what is known: each dataset with its own fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from app.http.exchange import ANYONE, SCOPES, Caller
from app.http.openapi import Schema
from app.http.resource import RouteTable
from app.labels import openapi as label_openapi
from app.openapi.operations import Components, describe, path_of
from app.predictions import openapi as prediction_openapi
from app.registry.datasets.dataset_context import DatasetContext, shows_rows
from app.registry.loaded import LoadedVersion
from app.registry.registry import Registry
from app.settings import Settings
from src.config import configuration as configs
from src.data.schema import Dataset
from src.support.errors import UserError

VERSION = "1.0.0"
ABOUT = """\
Send a record, get a prediction with the range it is likely in and, if asked, the reasons for it.
Send labels, train on them, and let a rule decide who serves.
Every request and every answer is stored before the answer is sent (without a valid key, a sample).
A key may have quotas: `RateLimit` tells what is left, and more than that is 429 with `Retry-After`.

Errors are `application/problem+json`: what was wrong, what was given, what is allowed, what to do.
Their `code` is for programs and never changes; `/docs/problems` explains each.
Times are ISO 8601 in UTC; ids sort by time. `X-Request-Id` comes back with every answer and may be
sent by you."""


class OpenApi:
    """Write the document; it is made anew when another version serves or conf/ changed."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._registry = registry
        self._settings = settings
        self._routes = RouteTable([])
        # Of what it was made, and the documents by their datasets and those whose rows they show.
        self._made: tuple[Any, dict[tuple[tuple[str, ...], ...], Schema]] = None, {}

    def know(self, routes: RouteTable) -> None:
        """Take the routes that are described."""
        self._routes = routes

    def document(self, caller: Caller | None = None) -> Schema:
        """Return the document of the datasets that a caller sees.

        Its examples are rows of the data for those who may see them: of datasets that say
        `examples: real`, and for callers with a key.
        """
        registry, sees = self._registry, (caller or ANYONE).sees
        served = {name: registry.champion(name) for name in registry.names()}
        datasets = {name: self._dataset(name) for name in registry.active()}
        state = (
            [(name, one.version.number) for name, one in served.items()],
            datasets,
            configs.choices("model"),
            configs.choices("search"),
        )
        real = tuple(
            name
            for name, dataset in datasets.items()
            if dataset is not None and shows_rows(dataset, caller)
        )
        seen = tuple(name for name in datasets if sees(name))
        kind = seen, tuple(name for name in real if sees(name))
        of, documents = self._made
        if of != state or kind not in documents:
            kept = documents if of == state else {}
            documents = {**kept, kind: self._write(served, *kind)}
            self._made = state, documents
        return documents[kind]

    def _dataset(self, name: str) -> Dataset | None:
        """Return a dataset as labels of it are read; None where conf/ cannot be read."""
        try:
            return self._registry.dataset(name)
        except UserError:
            return None

    def _write(
        self, served: dict[str, LoadedVersion], names: Collection[str], real: Collection[str]
    ) -> Schema:
        settings = self._settings
        paths: Schema = {}
        components: Schema = {}
        tags, contexts = [], []
        for name in names:
            dataset, serving = self._dataset(name), served.get(name)
            if dataset is None:
                continue
            classes = self._registry.classes(name)
            context = DatasetContext(dataset, serving, classes, settings, name in real)
            contexts.append(context)
            tags.append({"name": name, "description": dataset.about})
            components.update(prediction_openapi.schemas(context))
            components.update(label_openapi.schemas(context))
        structs = Components()
        for path, method, described in self._declared(contexts, structs):
            paths.setdefault(path, {})[method] = described
        components.update(structs.schemas())
        _drop_links_to_nothing(paths)
        return {
            "openapi": "3.1.0",
            "info": {"title": "Lapidary", "version": VERSION, "description": ABOUT},
            "servers": [{"url": settings.root or "/"}],
            "tags": [
                *tags,
                {"name": "log", "description": "What was asked and answered."},
                {"name": "service", "description": "Whether it lives, and its figures."},
            ],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": f"An API key; its scopes are among {', '.join(SCOPES)}. "
                        "Where no key is configured, none is needed on the same machine.",
                    }
                },
            },
            "security": [{}, {"key": []}],
        }

    def _declared(
        self, contexts: list[DatasetContext], structs: Components
    ) -> Iterator[tuple[str, str, Schema]]:
        """Yield what the resources declare: a path, a method and its description."""
        for resource in self._routes.resources:
            for context in contexts if "{dataset}" in resource.path else [None]:
                path = path_of(resource.path, context.name if context else None)
                tag = context.name if context else resource.tag
                for method, declared in resource.operations():
                    if not declared.name or not declared.is_offered(context):
                        continue
                    described = describe(declared, path, tag, context, structs)
                    yield path, method.lower(), described


def _drop_links_to_nothing(paths: Schema) -> None:
    """Remove the links to operations that a dataset does not offer."""
    operations = [one for methods in paths.values() for one in methods.values()]
    names = {one["operationId"] for one in operations}
    for answer in (answer for one in operations for answer in one["responses"].values()):
        links = answer.pop("links", {})
        if offered := {name: to for name, to in links.items() if to["operationId"] in names}:
            answer["links"] = offered
