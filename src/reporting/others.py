"""What changed besides the figures: the inputs of stages, and which datasets are tracked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from src.config import paths
from src.reporting.earlier import Earlier

LOCK = Path("dvc.lock")
WHOLE = ("cmd", "params")  # of a stage, besides the files that it depends on


def others(earlier: Earlier, datasets: Collection[str]) -> list[str]:
    """Describe the inputs that differ from the last commit's; nothing on a first run.

    Equal figures may come from other configuration or code, and then another model serves.
    """
    gone = [name for name in earlier.json(paths.CHAMPIONS) or {} if name not in datasets]
    before, now = _made_of(earlier.text(LOCK)), _made_of(LOCK.read_text(encoding="utf-8"))
    changed = [name for name in now if before and before.get(name) != now[name]]
    lines = [f"{name} is no longer tracked" for name in gone]
    if changed:
        lines.append(f"the configuration, code or data of {', '.join(changed)} changed")
    return lines


def _made_of(lock: str | None) -> dict[str, Any]:
    """Return the inputs of each stage in a dvc.lock."""
    try:
        stages = (yaml.safe_load(lock or "") or {}).get("stages") or {}
    except (yaml.YAMLError, AttributeError):  # half merged
        return {}
    return {name: _inputs(stage) for name, stage in stages.items()}


def _inputs(stage: Mapping[str, Any]) -> dict[str, Any]:
    # A bundle carries its date, so that the same model gives another file each time.
    files = {
        one["path"]: one.get("md5")
        for one in stage.get("deps", ())
        if not Path(one["path"]).is_relative_to(paths.BUNDLES)
    }
    return {"files": files, **{key: stage.get(key) for key in WHOLE}}
