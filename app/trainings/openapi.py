"""The body that asks for a training as OpenAPI describes it: with the names that conf/ has."""

from __future__ import annotations

from app.http.openapi import WHOLE, Schema, properties
from app.records.enumeration import enumeration
from app.registry.datasets.dataset_context import DatasetContext
from app.trainings import options
from app.trainings.schema import TrainingRequest
from src.config import configuration as configs
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
    with_trials = [one.name for one in options.searches() if one.trials is not None]
    return {
        "type": "object",
        "properties": fields,
        "additionalProperties": False,
        "if": {"required": ["trials"], "properties": {"trials": WHOLE}},
        "then": {"required": ["search"], "properties": {"search": {"enum": with_trials}}},
    }


def training_request_examples(context: DatasetContext) -> Schema:
    """Show the body that asks for what is usual."""
    serving = context.serving
    model = serving.version.model if serving else _models(context)[0]
    return {"one": {"value": {"model": model, "use": "both"}}}


def _models(context: DatasetContext) -> list[str]:
    return sorted(model.name for model in options.models(context.dataset))
