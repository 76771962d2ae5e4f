"""What changed beside the figures: what stages are made of, and which datasets are tracked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from src.config import paths
from src.reporting.earlier import Earlier

LOCK = Path("dvc.lock")
WHOLE = ("cmd", "params")  # of a stage, beside the files that it depends on


def others(earlier: Earlier, datasets: Collection[str]) -> list[str]:
    """Say what the last commit's results are not made of any more; nothing on a first run.

    Figures may stay the same where configuration or code did not, and what serves is another then.
    """
    gone = [name for name in earlier.json(paths.CHAMPIONS) or {} if name not in datasets]
    before, now = _made_of(earlier.text(LOCK)), _made_of(LOCK.read_text(encoding="utf-8"))
    changed = [name for name in now if before and before.get(name) != now[name]]
    said = [f"{name} is tracked no more" for name in gone]
    if changed:
        said.append(f"other configuration, code or data went into {', '.join(changed)}")
    return said


def _made_of(lock: str | None) -> dict[str, Any]:
    """Return what each stage of a dvc.lock was made of."""
    try:
        stages = (yaml.safe_load(lock or "") or {}).get("stages") or {}
    except (yaml.YAMLError, AttributeError):  # half merged
        return {}
    return {name: _inputs(stage) for name, stage in stages.items()}


def _inputs(stage: Mapping[str, Any]) -> dict[str, Any]:
    # A bundle says when it was made: another file each time, of the same model.
    files = {
        one["path"]: one.get("md5")
        for one in stage.get("deps", ())
        if not Path(one["path"]).is_relative_to(paths.BUNDLES)
    }
    return {"files": files, **{key: stage.get(key) for key in WHOLE}}
