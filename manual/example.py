"""A small project with a champion for each kind of answer: whom the API's page is written about."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from app.auth import keys
from app.settings import Settings
from app.store import database as databases
from app.store.migrations import migrate
from src import champion, compose, prepare, profile
from src.config.configuration import CONF
from src.runs import training

NUMBER, CLASSES = "dataset", "classes"  # the datasets, by what they predict
ROWS = 60
# Named so that sentences of the API about them are true of any: "the same columns".
FEATURES = {"number": {"type": "number"}, "columns": {"type": "category"}}
SIMILAR = {"same": ["columns"], "nearest": "number"}
DATASETS: dict[str, dict[str, Any]] = {
    NUMBER: {"task": "regression", "metric": "mae", "target": {"name": "target"}},
    CLASSES: {"task": "binary", "metric": "f1", "target": {"name": "target", "values": [0, 1]}},
}
MODELS = {NUMBER: "linear", CLASSES: "logistic"}
PLOTS = {NUMBER: "scatter", CLASSES: "confusion"}


@contextlib.contextmanager
def project(root: Path) -> Iterator[Path]:
    """Stand in a folder that the pipeline has run in."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for group in ("model", "search"):
            shutil.copytree(root / CONF / group, CONF / group)
        shutil.copy(root / CONF / "config.yaml", CONF)
        _write()
        with contextlib.redirect_stdout(io.StringIO()):
            _run()
        yield Path(folder)


def settings(folder: Path, secrets: dict[str, str]) -> Settings:
    """Return the settings of a service there, and put a key for each scope into `secrets`."""
    given = Settings(var=str(folder / "var"))
    database = databases.connect(given.url(), given.durability, given.wait, is_made=True)
    try:
        migrate(database)
        for scope in ("predict", "label"):
            secrets[scope] = keys.create(database, scope, [scope])
    finally:
        database.close()
    return given


def _write() -> None:
    for name, known in DATASETS.items():
        dataset = {"name": name, "source": f"data/{name}.csv", "features": FEATURES, **known}
        _dump(CONF / "dataset" / f"{name}.yaml", {**dataset, "similar": SIMILAR})
        lines = [f"{at},{('low', 'high')[at % 2]},{_target(name, at)}" for at in range(ROWS)]
        path = Path(f"data/{name}.csv")
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(["number,columns,target", *lines]) + "\n")
    runs = {
        name: {"dataset": name, "model": model, "plot": PLOTS[name]}
        for name, model in MODELS.items()
    }
    params = {"dataset": NUMBER, "model": MODELS[NUMBER], "search": "none", "seed": 1, "folds": 2}
    _dump(Path("params.yaml"), {**params, "datasets": list(DATASETS), "runs": runs})


def _target(name: str, at: int) -> int:
    return 3 * at + at % 5 if name == NUMBER else int(at % 7 > 3)


def _dump(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def _run() -> None:
    compose.compose()
    for name in DATASETS:
        prepare.prepare(name)
        profile.describe(name)
        training.tracked(name)
    champion.crown()
