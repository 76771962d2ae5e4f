"""The body that asks for a training as OpenAPI describes it: with the names that conf/ has."""

from __future__ import annotations

from app.http.openapi import WHOLE, Schema, properties
from app.records.enumeration import enumeration
from app.registry.datasets.dataset_context import DatasetContext
from app.trainings import options
from app.trainings.schema import TrainingRequest
from src.config import configuration as configs
from src.config import members
from src.support.errors import UserError


def is_trainable(context: DatasetContext) -> bool:
    """Tell whether a model fits; not where a file of conf/ is no YAML: who asks is told."""
    try:
        return bool(options.models(context.dataset))
    except UserError:
        return False


def training_request(context: DatasetContext) -> Schema:
    """Describe what a training of a dataset may be asked for with."""
    fields = properties(TrainingRequest)
    fields["model"] = {**enumeration(_models(context), is_nullable=True), "default": None}
    fields["search"] = {**enumeration(configs.choices("search")), "default": "none"}
    searches = options.searches()
    with_trials = [one.name for one in searches if one.trials is not None]
    described: Schema = {
        "type": "object",
        "properties": fields,
        "additionalProperties": False,
        "if": {"required": ["trials"], "properties": {"trials": WHOLE}},
        "then": {"required": ["search"], "properties": {"search": {"enum": with_trials}}},
    }
    blends = [name for name in _models(context) if members.is_blend(name)]
    if blends:  # they have nothing to search: their members have
        without = [one.name for one in searches if one.trials is None]
        described["then"]["properties"]["model"] = {"not": {"enum": blends}}
        described["else"] = {
            "if": {"required": ["model"], "properties": {"model": {"enum": blends}}},
            "then": {"properties": {"search": {"enum": without}}},
        }
    return described


def training_request_examples(context: DatasetContext) -> Schema:
    """Show the body that asks for what is usual."""
    serving = context.serving
    model = serving.version.model if serving else _models(context)[0]
    return {"one": {"value": {"model": model, "use": "both"}}}


def _models(context: DatasetContext) -> list[str]:
    return sorted(model.name for model in options.models(context.dataset))
