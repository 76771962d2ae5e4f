"""What a run was given beside its model's YAML: on the command line, or found by a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from src.config import configuration
from src.config.configuration import CONF, Model, plain
from src.support.errors import UserError
from src.support.structs import convert

NO_SEARCH = "none"


def differing(request: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a run's model that differ from its YAML as it stands, and the search.

    Empty where the YAML is no longer there, or no longer one of a model.
    """
    config = request["config"]
    found: dict[str, Any] = {}
    search = config.get("search", {}).get("name", NO_SEARCH)
    if search != NO_SEARCH:
        found["search"] = search
    model = manifest.get("tuned") or config["model"]
    try:
        usual = _usual(config["dataset"]["name"], config["model"]["name"])
        ours = _flat(plain(convert(model, Model, "model")))
    except UserError:
        return found
    theirs = _flat(usual)
    # What the YAML has and the run has not was taken away.
    changed = {key: ours.get(key) for key in [*ours, *theirs] if ours.get(key) != theirs.get(key)}
    return {**found, **changed}


def words(values: Mapping[str, Any]) -> str:
    """Write values as a command line would take them, numbers with four significant digits."""
    return " ".join(f"{key}={_word(value)}" for key, value in values.items())


def _word(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _usual(dataset: str, model: str) -> dict[str, Any]:
    """Return the model as its YAML, and that of its pair with the dataset, have it."""
    values = configuration.read_yaml(CONF / "model" / f"{model}.yaml")
    pair = CONF / "dataset_model" / f"{dataset}_{model}.yaml"
    if pair.is_file():
        values = _merged(values, (configuration.read_yaml(pair) or {}).get("model") or {})
    return plain(convert(values, Model, "model"))


def _merged(one: Any, other: Any) -> Any:
    """Return a mapping with what another one says in its place, at any depth."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return {**one, **{key: _merged(one.get(key), value) for key, value in other.items()}}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_keys(values, ""))


def _keys(values: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    """Yield each value with its dotted key; an empty mapping is a value, too."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _keys(value, f"{before}{key}.")
        elif value != {}:
            yield f"{before}{key}", value
