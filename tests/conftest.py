"""What more than one test file uses: a small dataset, and a project that holds it."""

from __future__ import annotations

import gc
import logging
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

from src.data.schema import Dataset
from src.support.structs import convert

ROOT = Path(__file__).parents[1]
STONES: dict[str, Any] = {
    "name": "stones",
    "task": "regression",
    "source": "data/stones.csv",
    "target": {"name": "price", "above": 0},
    "features": {
        "carat": {"type": "number", "above": 0, "max": 20},
        "facets": {"type": "integer", "min": 0},
        "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"]},
    },
    "metric": "mae",
}

# A slow machine is no fault of the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")
# DVC would start a process at each command, to report it, where a test makes a repository.
os.environ["DVC_NO_ANALYTICS"] = "true"
# Threads that have nothing to do sleep, here and in what a test starts: other tests want the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


# Files that take minutes are begun first, so that none of them is left alone at the end.
LONGEST = (
    "test_pipeline",
    "test_gunicorn",
    "test_learning_loop",
    "test_container",
    "test_job",
    "test_train",
    "test_workflows",
    "test_serving_set",
    "test_tutorial",
    "test_notebook",
    "test_faults",
    "test_story",
    "test_parameters",
    "test_slow_readers",
    "test_models",
    "test_clients",
    "test_odd_names",
    "test_ingest",
    "test_cleaning",
    "test_interrupted",
    "test_sample_data",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let nobody look for garbage among what stays until the end: modules, and ten thousand items.

    That was a third of what a collection took, and made each later look longer.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files by how long they take; the order within a file stays."""
    places = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def absent(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a folder for PYTHONPATH, where a package is not to be had."""

    def hide(package: str) -> Path:
        folder = tmp_path / "absent"
        folder.mkdir(exist_ok=True)
        error = f"raise ModuleNotFoundError('No module named {package}', name='{package}')\n"
        (folder / f"{package}.py").write_text(error)
        return folder

    return hide


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """Return a function that makes the dataset `stones`, with other values at some keys."""

    def make(**changes: Any) -> Dataset:
        return convert({**STONES, **changes}, Dataset, "dataset")

    return make


@pytest.fixture(autouse=True)
def loggers() -> None:
    """Let every logger speak: Hydra's command line silences those that were there before it."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset()


def stones_csv(rows: int = 40) -> str:
    cuts = STONES["features"]["cut"]["order"]
    lines = [f"{(at + 1) / 10},{at % 7},{cuts[at % 3]},{100 + 37 * at}.5" for at in range(rows)]
    return "\n".join(["carat,facets,cut,price", *lines]) + "\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of the project's configuration that has the dataset `stones` as well."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "conf" / "dataset" / "stones.yaml").write_text(yaml.safe_dump(STONES))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stones.csv").write_text(stones_csv())
    monkeypatch.chdir(tmp_path)
    return tmp_path
