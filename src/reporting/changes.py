"""What a retraining changed in one dataset: its rows, parameters and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from src.config import paths
from src.config.configuration import flat
from src.data import prepared
from src.data.schema import Dataset
from src.reporting import verdicts
from src.reporting.drift import Drift, drift
from src.reporting.earlier import Earlier, read_json, read_yaml
from src.reporting.verdicts import Verdict
from src.support.errors import UserError
from src.support.structs import convert

CONFS = paths.RUN_CONFS.parent
SECONDS = "seconds"  # of a training; they vary and say nothing about the model


@dataclass(frozen=True)
class Model:
    """A tracked run's figures; `before` is None if it was not tracked then."""

    name: str
    before: dict[str, Any] | None  # as any version may have written them
    now: dict[str, Any]
    parameters: list[tuple[str, Any, Any]]  # key, before, now
    refused: str  # by the gate, and why


@dataclass(frozen=True)
class Changes:
    """Everything that changed in a dataset."""

    dataset: Dataset
    quality: tuple[dict[str, Any] | None, dict[str, Any]]
    drift: Drift | None
    models: list[Model]
    verdict: Verdict


def changes(name: str, runs: Mapping[str, str], earlier: Earlier, seed: int) -> Changes:
    """Compare the pipeline's results for a dataset with the last commit.

    `runs` maps the keys of its tracked runs to their models.
    """
    dataset = convert(_conf(name)["dataset"], Dataset, name)
    quality = (earlier.json(paths.quality(name)), read_json(paths.quality(name)))
    now = read_json(paths.CHAMPIONS)[name]
    before = earlier.champion(name)
    models = [_model(dataset, *run, earlier, now["refused"]) for run in runs.items()]
    is_same = (
        quality[0] == quality[1]
        and before == now
        and all(_settled(one.before) == _settled(one.now) for one in models)
    )
    moved = None if is_same else _drift(dataset, earlier)
    verdict = verdicts.judge(name, earlier, now, is_same=is_same, seed=seed)
    return Changes(dataset, quality, moved, models, verdict)


def part(figures: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the object under a key; empty if another version wrote something else."""
    value = figures.get(key)
    return value if isinstance(value, dict) else {}


def _conf(dataset: str) -> dict[str, Any]:
    """Return the dataset's configuration of the prepare stage."""
    return read_yaml(paths.PREPARED_CONFS / f"{dataset}.yaml")


def _settled(figures: dict[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (figures or {}).items() if key != SECONDS}


def _drift(dataset: Dataset, earlier: Earlier) -> Drift | None:
    """Compare the rows with the previous ones; None if these are not available."""
    place = earlier.folder(paths.PREPARED / dataset.name)
    if place is None:
        return None
    try:
        before = _rows(prepared.load(place))
    except (UserError, OSError, ValueError):  # as another version wrote them
        return None
    return drift(dataset, before, _rows(prepared.load(paths.PREPARED / dataset.name)))


def _rows(ready: prepared.Prepared) -> pd.DataFrame:
    return pd.concat([ready.train, ready.test])


def _model(
    dataset: Dataset, run: str, model: str, earlier: Earlier, refused: Mapping[str, str]
) -> Model:
    path = paths.metrics(dataset.name, model)
    return Model(
        name=model,
        before=earlier.json(path),
        now=read_json(path),
        parameters=_parameters(paths.RUN_CONFS / f"{run}.yaml", earlier),
        refused=refused.get(model, ""),
    )


def _parameters(path: Path, earlier: Earlier) -> list[tuple[str, Any, Any]]:
    """Return the keys of a run's configuration whose values changed; none if that is unknown."""
    place = earlier.folder(CONFS)
    if place is None:
        return []
    old = place / path.relative_to(CONFS)
    if not old.is_file():
        return []
    before, now = dict(flat(read_yaml(old))), dict(flat(read_yaml(path)))
    keys = sorted(before.keys() | now.keys())
    return [(key, before.get(key), now.get(key)) for key in keys if before.get(key) != now.get(key)]
