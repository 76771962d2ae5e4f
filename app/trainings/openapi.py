"""The OpenAPI document's paths of trainings, how good their versions are, and who serves."""

from __future__ import annotations

from contextlib import suppress

from app.http.openapi import (
    WHOLE,
    Document,
    body,
    by_id,
    link,
    operation,
    parameter,
    problems,
    properties,
    query,
    reference,
    response,
    structure,
)
from app.http.paging import TimeSpan
from app.registry import champion_resources
from app.registry.loaded import Serving
from app.settings import Settings
from app.trainings import options, resources
from src.config import configuration as configs
from src.data.schema import Dataset
from src.support.errors import UserError

SPAN = {"since": "asked for from this moment on", "until": "asked for before this moment"}
A_TRAINING = "a training's id"


def paths(dataset: Dataset, serving: Serving | None, settings: Settings) -> Document:
    """Describe how to train on a dataset, served or not, and how to say who serves."""
    name = dataset.name
    found: Document = {
        f"/v1/{name}/trainings": {"get": _list(name, settings)},
        f"/v1/{name}/choices": {"get": _what(name)},
        f"/v1/{name}/trainings/series": {"get": _series(name)},
        f"/v1/{name}/trainings/{{id}}": {
            "get": by_id(
                name,
                f"{name}_training",
                "How far a training is, its log's last lines and, at the end, its figures",
                "training",
                A_TRAINING,
            ),
            "delete": _cancel(name),
        },
        f"/v1/{name}/scoreboard": {"get": _scoreboard(name)},
        f"/v1/{name}/champion": {"post": _promote(name)},
        f"/v1/{name}/models/{{version}}/override": {"post": _override(name)},
    }
    with suppress(UserError):  # a file of conf/ is no YAML; who asks for a training is told
        models = sorted(one["name"] for one in options.models(dataset))
        if models:
            found[f"/v1/{name}/trainings"]["post"] = _ask(dataset, models, serving)
    return found


def _ask(dataset: Dataset, models: list[str], serving: Serving | None) -> Document:
    name = dataset.name
    usual = serving.version.model if serving else models[0]
    counted = [one["name"] for one in options.searches() if one["trials"] is not None]
    asked: Document = {
        "type": "object",
        "properties": _choices(models),
        "additionalProperties": False,
        "if": {"required": ["trials"], "properties": {"trials": WHOLE}},
        "then": {"required": ["search"], "properties": {"search": {"enum": counted}}},
    }
    links = {
        "training": link(f"{name}_training", "id"),
        "cancel": link(f"{name}_cancel_training", "id"),
    }
    return operation(
        name,
        f"{name}_train",
        "Ask for a training; unless said otherwise of the champion's model, without a search",
        {
            "202": response(reference("training"), links=links),
            **problems(400, 401, 403, 408, 411, 413, 415, 422, 429, 501, 503),
        },
        description="Where the service is installed without what trainings need it answers 501.",
        requestBody=body(
            asked, {"one": {"value": {"model": usual, "use": "both"}}}, required=False
        ),
    )


def _choices(models: list[str]) -> Document:
    """Return the fields of what is asked, with the names that conf/ has."""
    fields = properties(resources.Asked)
    fields["model"] = {"enum": [*models, None], "default": None}
    fields["search"] = {"enum": configs.choices("search"), "default": "none"}
    return fields


def _list(name: str, settings: Settings) -> Document:
    words = {
        **SPAN,
        "state": "in this state",
        "model": "of this model",
        "reason": "asked by a person, or by this rule of the dataset",
        "cursor": "next, from the page before",
        "limit": f"trainings of a page, {settings.page} unless given",
    }
    links = {"training": link(f"{name}_training", "trainings/0/id")}
    return operation(
        name,
        f"{name}_trainings",
        "The trainings, the newest first",
        {
            "200": response(reference("trainings"), links=links),
            **problems(400, 401, 403, 414, 503),
        },
        parameters=query(resources.Query, words),
    )


def _what(name: str) -> Document:
    return operation(
        name,
        f"{name}_choices",
        "What may be trained: models, searches, and how many labels there are",
        {"200": response(reference("choices")), **problems(401, 403, 503)},
    )


def _series(name: str) -> Document:
    return operation(
        name,
        f"{name}_series",
        "A point for each finished training, the oldest first, to plot",
        {"200": response(reference("series")), **problems(400, 401, 403, 414, 503)},
        parameters=query(TimeSpan, SPAN),
    )


def _cancel(name: str) -> Document:
    words = "Cancel a training that waits or runs"
    found = by_id(name, f"{name}_cancel_training", words, "training", A_TRAINING)
    found["responses"] |= problems(409)
    return found


def _promote(name: str) -> Document:
    fields = properties(champion_resources.Promotion)
    asked = {
        "type": "object",
        "properties": fields,
        "required": ["version"],
        "additionalProperties": False,
    }
    examples = {
        "back": {"summary": "the version that served before", "value": {"version": "previous"}},
        "one": {"summary": "this version", "value": {"version": 1, "why": "the new grades"}},
    }
    return operation(
        name,
        f"{name}_promote",
        "Let another version serve, or the one that served before",
        {
            "200": response(reference("promoted")),
            **problems(400, 401, 403, 404, 408, 409, 411, 413, 415, 422, 503),
        },
        requestBody=body(asked, examples),
    )


def _override(name: str) -> Document:
    asked = structure({"why": {**properties(champion_resources.Override)["why"], "minLength": 1}})
    asked["additionalProperties"] = False
    return operation(
        name,
        f"{name}_override",
        "Let a version be asked for that fails the gate; the reason is kept",
        {
            "200": response(reference("override")),
            **problems(400, 401, 403, 404, 408, 411, 413, 415, 422, 503),
        },
        parameters=[parameter("version", WHOLE, "a version's number", where="path")],
        requestBody=body(asked, {"one": {"value": {"why": "the old grades do not count"}}}),
    )


def _scoreboard(name: str) -> Document:
    return operation(
        name,
        f"{name}_scoreboard",
        "How good each version is on what came after, with intervals",
        {"200": response(reference("scoreboard")), **problems(401, 403, 503)},
    )
