"""DVC knows what is in conf/ by name: what a person sees who compares an edit with a commit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import checkout
from tests.checkout import run, stages

pytestmark = pytest.mark.slow

ROWS = 2000
MODELS = ("ridge", "lasso")
RESOLVED = "artifacts/conf/runs/diamonds-{}.yaml"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project with two cheap runs on few rows, and commit what its pipeline made."""
    path = checkout.copied(tmp_path_factory.mktemp("clone"))
    params = yaml.safe_load((path / "params.yaml").read_text(encoding="utf-8"))
    runs = {name: params["runs"][name] for name in map("diamonds-{}".format, MODELS)}
    params.update(datasets=["diamonds"], runs=runs)
    (path / "params.yaml").write_text(yaml.safe_dump(params))
    (path / "dvc.lock").unlink()  # each command would read of all the stages that are not run here
    run(path, sys.executable, "-m", "src.samples", "diamonds.csv")
    data = path / "data/diamonds.csv"
    data.write_text("".join(data.read_text().splitlines(keepends=True)[: ROWS + 1]))
    run(path, "dvc", "add", "data")
    run(path, "dvc", "repro")
    commit(path)
    return path


def commit(clone: Path) -> None:
    run(clone, "git", "add", "--all")
    run(clone, "git", "commit", "--quiet", "--message", "as it is now")


def edit(clone: Path, name: str, old: str, new: str) -> None:
    path = clone / "conf" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def diff(clone: Path, *commits: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(clone, "dvc", "params", "diff", "--json", *commits))
    return found


def test_an_edit_of_a_model_trains_it_anew_and_is_named(clone: Path) -> None:
    edit(clone, "model/ridge.yaml", "alpha: 1.0}", "alpha: 3.0}")
    ran = stages(run(clone, "dvc", "repro", *(f"train@diamonds-{name}" for name in MODELS)))
    assert ran == ["compose", "train@diamonds-ridge"], "training comes after composing"
    changed = {
        RESOLVED.format("ridge"): {"model.params.alpha": {"old": 1.0, "new": 3.0, "diff": 2.0}}
    }
    assert diff(clone) == changed
    run(clone, "dvc", "repro")
    commit(clone)
    assert diff(clone) == {}
    assert diff(clone, "HEAD~1") == changed


def test_an_edit_of_a_dataset_is_named_for_each_of_its_runs(clone: Path) -> None:
    edit(clone, "dataset/diamonds.yaml", "  shape: x / y\n", "  shape: y / x\n")
    ran = stages(run(clone, "dvc", "repro"))
    assert {f"train@diamonds-{name}" for name in MODELS} <= set(ran)
    changed = {"dataset.derived.shape": {"old": "x / y", "new": "y / x"}}
    assert diff(clone) == {RESOLVED.format(name): changed for name in MODELS}
    commit(clone)


def test_a_comment_and_another_gate_train_nothing(clone: Path) -> None:
    edit(clone, "model/lasso.yaml", "name: lasso", "# as it was\nname: lasso")
    edit(clone, "dataset/diamonds.yaml", "gate:", "promote: manual\ngate:")
    ran = stages(run(clone, "dvc", "repro"))
    assert ran[0] == "compose"
    assert not any(name.startswith("train@") for name in ran)
    assert diff(clone) == {}
