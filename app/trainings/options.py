"""Which models and searches of conf/ fit a dataset."""

from __future__ import annotations

from typing import Any

import peewee

from app.registry import store as version_store
from app.registry.registry import Registry
from src.config import configuration as configs
from src.data.schema import Dataset

KINDS = ("category", "integer", "number", "text")


def models(dataset: Dataset) -> list[dict[str, Any]]:
    """List the models that serve the task and take every kind of feature, the simplest first.

    Raises UserError where a file is no YAML.
    """
    found = []
    for name in configs.serving_models(dataset.task):
        values = configs.read_yaml(configs.CONF / "model" / f"{name}.yaml")
        if dataset.kinds() <= set(values.get("inputs") or KINDS):
            about, complexity = str(values.get("about") or ""), values.get("complexity")
            is_tunable = bool(values.get("space"))
            found.append(
                {"name": name, "about": about, "complexity": complexity, "tunable": is_tunable}
            )
    return sorted(found, key=lambda one: (one["complexity"] or 0, one["name"]))


def usual_model(registry: Registry, database: peewee.Database, dataset: str) -> str:
    """Return the champion's model, else the one that params.yaml names."""
    number = version_store.champions(database).get(dataset)
    if number is None:
        return configs.read_params().model
    return registry.version(dataset, number).model


def searches() -> list[dict[str, Any]]:
    """List the searches, and how many trials each makes unless told; null where it makes none."""
    found = []
    for name in configs.choices("search"):
        values = configs.read_yaml(configs.CONF / "search" / f"{name}.yaml") or {}
        found.append({"name": name, "trials": values.get("trials")})
    return found
