"""The members of a blend by their names, and their own models as conf/ composes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from src.config import blends, configuration
from src.config.configuration import CONF
from src.support.errors import UserError, did_you_mean

Compose = Callable[[str], dict[str, Any]]  # from a model's name to its values for the dataset


def complete(values: dict[str, Any], compose: Compose) -> dict[str, Any]:
    """Return composed values in which a blend has its members' own models; others as they are.

    Raises UserError for a member that there is not, or that is a blend itself.
    """
    model, dataset = values.get("model"), values.get("dataset")
    if not isinstance(model, dict) or not isinstance(dataset, dict) or not model.get(blends.KEY):
        return values
    names = blends.of_task(model[blends.KEY], str(dataset.get("task")))
    each = model.get("each") or {}
    if not isinstance(each, dict):
        return values  # whoever checks the values says what is wrong
    recipes = [_composed(name, model, each.get(name), compose) for name in names]
    return {**values, "model": {**model, "recipes": recipes}}


def _composed(name: str, model: Mapping[str, Any], change: Any, compose: Compose) -> dict[str, Any]:
    own = str(model.get("name"))
    singles = [one for one in configuration.choices("model") if not is_blend(one)]
    if name == own or (name not in singles and name in configuration.choices("model")):
        raise UserError(
            f"The blend '{own}' has a member that is a blend.", given=name, choices=singles
        )
    if name not in singles:
        raise UserError(
            f"Unknown member '{name}' of the blend '{own}'.",
            choices=singles,
            fix=did_you_mean(name, singles) or f"add {CONF / 'model' / name}.yaml",
        )
    values = compose(name)
    return _merged(values, change) if isinstance(change, dict) else values


def is_blend(name: str) -> bool:
    """Tell whether a model of conf/model is a blend of others."""
    values = configuration.read_yaml(CONF / "model" / f"{name}.yaml")
    return isinstance(values, dict) and bool(values.get(blends.KEY))


def _merged(values: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in change.items():
        before = merged.get(key) or {}
        is_deep = isinstance(value, dict) and isinstance(before, dict)
        merged[key] = _merged({**before}, value) if is_deep else value
    return merged
