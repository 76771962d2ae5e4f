"""A project of given datasets, as the pipeline leaves it."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src import champion, compose, prepare, profile
from src.config import paths
from src.runs import training
from tests.app import project


@dataclass(frozen=True)
class Tracked:
    """A dataset's YAML, its rows as a CSV, and the model that is tracked."""

    dataset: dict[str, Any]
    text: str
    model: str


def build(folder: Path, every: list[Tracked]) -> None:
    """Fill a folder with configuration and data, and run the pipeline's own stages there."""
    shutil.copytree(project.ROOT / "conf", folder / "conf")
    for group in ("dataset", "dataset_model"):
        shutil.rmtree(folder / "conf" / group)
    runs = {}
    for one in every:
        name = one.dataset["name"]
        project.dump(folder / "conf" / "dataset" / f"{name}.yaml", one.dataset)
        plot = "scatter" if one.dataset["task"] == "regression" else "confusion"
        runs[f"{name}-{one.model}"] = {"dataset": name, "model": one.model, "plot": plot}
        path = folder / paths.DATA / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(one.text, encoding="utf-8")
    names = [one.dataset["name"] for one in every]
    params = {"dataset": names[0], "model": "linear", "search": "none", "seed": 7, "folds": 3}
    project.dump(folder / "params.yaml", {**params, "datasets": names, "runs": runs})
    with contextlib.chdir(folder):
        compose.compose()
        for name in names:
            prepare.prepare(name)
            profile.describe(name)
        for run in runs:
            training.tracked(run)
        champion.crown()
