"""The whole pipeline on the sample data, in a clean clone: what a person does first."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import checkout
from tests.checkout import ROOT, run, stages

pytestmark = pytest.mark.slow


def read(clone: Path, name: str) -> dict:
    return json.loads((clone / "metrics" / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what git tracks, as it stands in the working tree, and run the pipeline once.

    What it makes goes to this checkout's own cache, where `make run` finds it.
    """
    path = checkout.copied(tmp_path_factory.mktemp("clone"))
    run(path, "dvc", "cache", "dir", "--local", str(ROOT / ".dvc/cache"))
    run(path, sys.executable, "-m", "src.samples")
    assert run(path, "git", "status", "--porcelain") == "", "the samples match data.dvc"
    (path / "repro.log").write_text(run(path, "dvc", "repro"))
    return path


def test_every_dataset_has_a_champion(clone: Path) -> None:
    champions = read(clone, "champions.json")
    assert set(champions) == {"diamonds", "payments", "resumes"}
    assert {name: one["champion"] for name, one in champions.items()} == {
        "diamonds": "xgboost",
        "payments": "xgboost",
        "resumes": "linear_svc",
    }
    assert all("dummy" in one["refused"] for one in champions.values())


def test_the_committed_metrics_come_out_again(clone: Path) -> None:
    for path in sorted((ROOT / "metrics").glob("*/*.json")):
        committed = json.loads(path.read_text(encoding="utf-8"))
        again = read(clone, f"{path.parent.name}/{path.name}")
        for values in (committed, again):
            values.pop("seconds", None)
        if path.name == "quality.json":
            assert again == committed
        else:
            assert again["rows"] == committed["rows"]
            # Another processor may sum in another order; that moves the last digits only.
            assert again["test"] == pytest.approx(committed["test"], rel=0.02, abs=1e-3)


def test_data_stays_as_git_knows_it(clone: Path) -> None:
    assert "data.dvc" not in run(clone, "git", "status", "--porcelain")


def test_the_text_models_beat_the_baseline_by_a_third_of_its_error(clone: Path) -> None:
    baseline = 1 - read(clone, "resumes/naive_bayes.json")["test"]["f1_weighted"]
    best = 1 - read(clone, "resumes/linear_svc.json")["test"]["f1_weighted"]
    assert 0.07 <= baseline <= 0.20
    assert best <= baseline * 2 / 3


def test_nothing_changed_means_nothing_to_do(clone: Path) -> None:
    assert stages(run(clone, "dvc", "repro")) == []


def test_results_end_with_what_to_type_next(clone: Path) -> None:
    shown = run(clone, sys.executable, "-m", "src.results")
    assert shown.count("champion ") >= 3
    assert "dvc metrics diff" in shown


def test_a_changed_model_is_trained_alone_and_fresh_data_changes_all_of_its_dataset(
    clone: Path,
) -> None:
    run(clone, "git", "add", "--all")
    run(clone, "git", "commit", "--quiet", "--message", "metrics")
    ridge = clone / "conf/model/ridge.yaml"
    ridge.write_text(ridge.read_text().replace("alpha: 1.0}", "alpha: 3.0}"))
    output = run(clone, "dvc", "repro")
    assert stages(output) == ["compose", "train@diamonds-ridge", "champion"]
    changed = run(clone, "dvc", "metrics", "diff")
    assert "ridge.json" in changed
    assert "lasso.json" not in changed
    named = run(clone, "dvc", "params", "diff")
    assert "model.params.alpha" in named
    assert "seed" not in named

    fresh = clone / "fresh.csv"
    lines = (clone / "data/diamonds.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:5001]]
    shifted = [",".join([f"{float(row[0]) + 0.005:.3f}", *row[1:]]) for row in rows]
    fresh.write_text("\n".join([lines[0], *shifted]) + "\n")
    run(clone, "git", "add", "conf", "dvc.lock", "metrics")
    run(clone, "git", "commit", "--quiet", "--message", "conf: ridge")
    said = run(clone, sys.executable, "-m", "src.ingest", "dataset=diamonds", f"source={fresh}")
    assert "rows added to data/diamonds.csv" in said
    prepared = stages(run(clone, "dvc", "repro", "prepare@diamonds"))
    assert prepared == ["tables", "prepare@diamonds"]
    again = stages(run(clone, "dvc", "repro", "--dry"))
    assert "profile@diamonds" in again
    for model in ("dummy", "linear", "log_linear", "ridge", "lasso", "elastic_net", "xgboost"):
        assert f"train@diamonds-{model}" in again
    assert not any("payments" in stage or "resumes" in stage for stage in again)
    assert run(clone, "dvc", "plots", "show", "--show-vega", "metrics/diamonds/linear.csv")


def test_a_row_keeps_its_side_when_fresh_rows_come(clone: Path) -> None:
    """Runs after the ingest above: the fresh rows moved none of the old ones."""
    from src.data import prepared

    now = prepared.load(clone / "artifacts/data/diamonds")
    old = json.loads((ROOT / "metrics/diamonds/quality.json").read_text())["rows"]
    before = json.loads((ROOT / "metrics/diamonds/linear.json").read_text())["rows"]
    assert (now.train.index < old).sum() == before["train"]
    assert (now.test.index < old).sum() == before["test"]
    assert len(now.train) + len(now.test) > before["train"] + before["test"] + 4000
