"""A version as it is told: how good it is, where it comes from, and what the gate says of it."""

from __future__ import annotations

from typing import Any

from app.registry.confusion import confusion
from app.registry.gate import Gatekeeper
from app.registry.store import Registered


def line(version: Registered, champion: int | None, gatekeeper: Gatekeeper) -> dict[str, Any]:
    """Describe a version in a list."""
    manifest, missed = version.manifest, gatekeeper.missed(version)
    return {
        "version": version.number,
        "model": version.model,
        "champion": version.number == champion,
        "registered": version.at,
        "trained": manifest["created"],
        "metrics": manifest["metrics"],
        "git": manifest["git"],
        "data": manifest["data"].get("md5"),
        "gate": {
            "passed": not missed,
            "missed": missed,
            "overridden": gatekeeper.is_permitted(version.dataset, version.number),
        },
    }


def details(version: Registered) -> dict[str, Any]:
    """Return what is known beyond the line: how it was made, and its figures class by class."""
    manifest = version.manifest
    found: dict[str, Any] = {
        "configuration": manifest["config"],
        "tuned": manifest["tuned"],
        "interval": {
            "promised": manifest["interval"]["coverage"],
            "measured": manifest["interval"]["measured"],
            "width": manifest["interval"]["width"],
        },
    }
    told = manifest["details"]
    if "confusion" in told:
        task = manifest["config"]["dataset"]["task"]
        found["confusion"] = confusion(task, told["classes"], told["confusion"])
        found["per_class"] = told["per_class"]
    return found
