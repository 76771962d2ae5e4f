"""The classes that a bundle tells apart, as its dataset writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from src.data.schema import Dataset


def of(manifest: Mapping[str, Any], dataset: Dataset) -> list[Any] | None:
    """Return the classes in the order of the probabilities: 0 and 1 as the numbers they are."""
    names = manifest["details"].get("classes")
    if names is None:
        return None
    listed = {str(value): value for value in dataset.target.values or ()}
    if not listed and all(name.isdecimal() and str(int(name)) == name for name in names):
        listed = {name: int(name) for name in names}
    return [listed.get(name, name) for name in names]
