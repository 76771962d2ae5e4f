"""The command src.train, through its real command line."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from src import compose, prepare, train
from src.config import configuration
from src.data.schema import Dataset
from src.inference import bundle
from tests import commands

STONES = "dataset=stones"
LINEAR_MODELS = ("dummy", "ridge", "linear")


@dataclass(frozen=True)
class Project:
    """A folder with conf/, params.yaml and a small CSV, and its command line."""

    folder: Path

    def run(self, *words: str, module: str = "src.train") -> subprocess.CompletedProcess[str]:
        return commands.run(self.folder, module, *words, COLUMNS="80")

    def files(self) -> dict[str, bytes]:
        """Read everything outside of runs/."""
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        named = {str(path.relative_to(self.folder)): path for path in paths}
        return {
            name: path.read_bytes()
            for name, path in named.items()
            if not name.startswith("runs/") and "__pycache__" not in name
        }

    def runs(self, dataset: str = "stones") -> list[Path]:
        return sorted((self.folder / "runs" / dataset).glob("*"))


def make_project(folder: Path, root: Path, dataset: Dataset, rows: pd.DataFrame) -> Project:
    shutil.copytree(root / "conf", folder / "conf")
    for name, changes in {
        "stones": {},
        "bare": {"name": "bare", "source": "data/none.csv"},
        "kinds": {
            "name": "kinds",
            "task": "binary",
            "target": {"name": "kind"},
            "metric": "accuracy",
        },
    }.items():
        values = {**configuration.plain(dataset), **changes}
        (folder / "conf" / "dataset" / f"{name}.yaml").write_text(yaml.safe_dump(values))
    params = {
        "dataset": "stones",
        "model": "ridge",
        "search": "none",
        "seed": 7,
        "folds": 3,
        "datasets": ["stones"],
        "runs": {"stones-ridge": {"dataset": "stones", "model": "ridge", "plot": "scatter"}},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "data").mkdir()
    rows.to_csv(folder / "data" / "stones.csv", index=False)
    return Project(folder)


def stones(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    carat = rng.uniform(0.2, 3, count).round(3)
    facets = rng.integers(0, 9, count)
    price = (100 * carat + 10 * facets + rng.normal(0, 5, count) + 50).round(2)
    cuts = np.array(["Fair", "Good", "Ideal"])[rng.integers(0, 3, count)]
    return pd.DataFrame({"carat": carat, "facets": facets, "cut": cuts, "price": price})


@pytest.fixture
def fresh(tmp_path: Path, root: Path, make_dataset: Callable[..., Dataset]) -> Project:
    """Return a project of the test's own."""
    return make_project(tmp_path, root, make_dataset(), stones())


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, root: Path, make_dataset: Callable[..., Dataset]
) -> Project:
    """Return a project in which nothing is changed but runs/."""
    return make_project(tmp_path_factory.mktemp("project"), root, make_dataset(), stones())


@dataclass(frozen=True)
class Done:
    project: Project
    process: subprocess.CompletedProcess[str]
    before: dict[str, bytes]
    runs: list[Path]


def do(project: Project, *words: str) -> Done:
    before, earlier = project.files(), project.runs()
    process = project.run(*words)
    return Done(project, process, before, [run for run in project.runs() if run not in earlier])


@pytest.fixture(scope="module")
def own(shared: Project) -> Done:
    return do(shared, STONES, "model=ridge", "model.params.alpha=0.5", "folds=4")


@pytest.fixture(scope="module")
def sweep(shared: Project) -> Done:
    gate = "dataset.gate={r2: {min: 0.5}}"
    return do(shared, "-m", STONES, f"model={','.join(LINEAR_MODELS)}", gate)


def refused(project: Project, *words: str) -> str:
    """Return the one message of a user's error."""
    done = do(project, *words)
    said = done.process.stderr
    assert done.process.returncode == 1, said
    assert done.process.stdout == ""
    assert said.startswith("Error: ")
    assert said.count("Error") == 1
    assert "Traceback" not in said
    assert project.files() == done.before
    assert done.runs == []  # what cannot start leaves no folder
    return said


class TestARunOfOnesOwn:
    def test_it_has_a_folder_with_what_was_asked_and_what_came_out(self, own: Done) -> None:
        assert own.process.returncode == 0, own.process.stderr
        (run,) = own.runs
        assert re.fullmatch(r"\d{8}T\d{6}Z-ridge-[0-9a-f]{6}", run.name)
        assert sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()) == [
            "bundle/card.json",
            "bundle/card.md",
            "bundle/golden.json",
            "bundle/held_out.json",
            "bundle/manifest.json",
            "bundle/model.joblib",
            "bundle/predictions.csv",
            "bundle/predictor.json",
            "bundle/predictor.npz",
            "bundle/rows.parquet",
            "bundle/suspects.json",
            "request.json",
        ]

    def test_nothing_outside_of_runs_is_touched(self, own: Done) -> None:
        assert own.project.files() == own.before

    def test_what_was_typed_reaches_the_training(self, own: Done) -> None:
        manifest = bundle.read_manifest(own.runs[0] / "bundle")
        assert manifest["config"]["model"]["params"]["alpha"] == 0.5
        assert len(manifest["details"]["cv_scores"]) == manifest["config"]["folds"] == 4
        assert manifest["config"]["seed"] == 7
        request = json.loads((own.runs[0] / "request.json").read_text())
        assert request["config"] == manifest["config"]
        assert request["run"] is None

    def test_the_manifest_says_where_it_comes_from(self, own: Done) -> None:
        manifest = bundle.read_manifest(own.runs[0] / "bundle")
        assert (manifest["dataset"], manifest["model"]) == ("stones", "ridge")
        assert manifest["run"] == own.runs[0].name
        assert manifest["data"]["source"] == "data/stones.csv"
        assert manifest["data"]["accepted"] == 60
        assert sum(manifest["metrics"]["rows"].values()) == 60
        assert manifest["git"] == {"commit": None, "dirty": None}
        assert manifest["tuned"] is None
        assert {"python", "scikit-learn", "pandas"} <= set(manifest["versions"])

    def test_the_bundle_answers(self, own: Done) -> None:
        loaded = bundle.load(own.runs[0] / "bundle")
        rows = loaded.rows()
        assert len(rows) == loaded.manifest["metrics"]["rows"]["train"]
        assert np.abs(loaded.model.output(rows) - rows["price"]).mean() < 12

    def test_the_predictions_are_those_of_the_test_rows(self, own: Done) -> None:
        manifest = bundle.read_manifest(own.runs[0] / "bundle")
        predictions = pd.read_csv(own.runs[0] / "bundle" / "predictions.csv")
        assert len(predictions) == manifest["metrics"]["rows"]["test"]
        error = (predictions["actual"] - predictions["predicted"]).abs().mean()
        assert manifest["metrics"]["test"]["mae"] == pytest.approx(error, rel=1e-4)

    def test_its_table_can_be_read_without_a_terminal(self, own: Done) -> None:
        assert own.process.stderr == ""
        assert "\x1b" not in own.process.stdout
        assert "\r" not in own.process.stdout
        manifest = bundle.read_manifest(own.runs[0] / "bundle")
        (row,) = [line.split() for line in own.process.stdout.splitlines() if " ridge " in line]
        assert row[1] == f"{manifest['metrics']['cv']['mae']['mean']:.6g}"
        assert f"{manifest['metrics']['test']['r2']:.6g}" in row
        assert " passed " not in own.process.stdout  # there is no gate
        place = own.runs[0].relative_to(own.project.folder) / "bundle"
        assert own.process.stdout.splitlines()[-1] == f"ridge: {place}"


class TestASweep:
    def test_every_job_is_a_run(self, sweep: Done) -> None:
        assert sweep.process.returncode == 0, sweep.process.stderr
        manifests = [bundle.read_manifest(run / "bundle") for run in sweep.runs]
        assert sorted(manifest["model"] for manifest in manifests) == sorted(LINEAR_MODELS)

    def test_one_table_shows_all_the_best_first(self, sweep: Done) -> None:
        lines = sweep.process.stdout.splitlines()
        assert sum(" cv mae " in line for line in lines) == 1
        rows = [line.split() for line in lines if line.split()[:1] in [[m] for m in LINEAR_MODELS]]
        scores = [float(row[1]) for row in rows]
        assert scores == sorted(scores)
        assert len(rows) == 3
        assert rows[-1][0] == "dummy"
        assert [" passed " in f" {' '.join(row)} " for row in rows] == [True, True, False]
        assert "is below 0.5" in " ".join(rows[-1])
        places = dict(line.split(": ") for line in lines[-3:])
        assert set(places) == set(LINEAR_MODELS)
        for model, place in places.items():
            assert bundle.read_manifest(sweep.project.folder / place)["model"] == model

    def test_nothing_outside_of_runs_is_touched(self, sweep: Done) -> None:
        assert sweep.project.files() == sweep.before

    def test_it_is_quiet_without_a_terminal(self, sweep: Done) -> None:
        assert sweep.process.stderr == ""
        assert "\x1b" not in sweep.process.stdout

    def test_a_job_that_fails_does_not_stop_the_others(self, shared: Project) -> None:
        done = do(shared, "-m", STONES, "model=logistic,dummy")
        assert done.process.returncode == 1
        assert done.process.stderr.count("Error: ") == 1
        assert "does not serve the task 'regression'" in done.process.stderr
        assert "Traceback" not in done.process.stderr
        names = [bundle.read_manifest(run / "bundle")["model"] for run in done.runs]
        assert names == ["dummy"]
        assert " dummy " in done.process.stdout


def test_without_words_it_trains_what_params_yaml_names(shared: Project) -> None:
    done = do(shared)
    assert done.process.returncode == 0, done.process.stderr
    manifest = bundle.read_manifest(done.runs[0] / "bundle")
    assert (manifest["dataset"], manifest["model"]) == ("stones", "ridge")
    assert len(manifest["details"]["cv_scores"]) == 3


@pytest.mark.slow
def test_the_same_seed_gives_the_same_predictions(shared: Project) -> None:
    pytest.importorskip("xgboost")
    words = [STONES, "model=xgboost", "model.params.n_estimators=20"]
    one, again = (do(shared, *words).runs[0] / "bundle" for _ in range(2))
    predictions = [(path / "predictions.csv").read_bytes() for path in (one, again)]
    assert predictions[0] == predictions[1]
    rows = bundle.load(one).rows()
    outputs = [bundle.load(path).model.output(rows) for path in (one, again)]
    assert np.array_equal(outputs[0], outputs[1])
    figures = [bundle.read_manifest(path)["metrics"] for path in (one, again)]
    for found in figures:
        del found["seconds"]
    assert figures[0] == figures[1]


def test_an_extra_column_is_a_warning(fresh: Project) -> None:
    stones().assign(color="D").to_csv(fresh.folder / "data" / "stones.csv", index=False)
    done = do(fresh, STONES, "model=dummy")
    assert done.process.returncode == 0
    assert "ignoring the extra column(s) color" in done.process.stderr
    assert "Error" not in done.process.stderr
    assert len(done.runs) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model=rigde"], ["Unknown model 'rigde'", "elastic_net", "did you mean 'ridge'?"]),
        (
            ["dataset=kinds", "model=ridge"],
            ["'ridge' does not serve the task 'binary' of 'kinds'", "model=logistic"],
        ),
        (["model.params.alhpa=1"], ["Unknown parameter 'alhpa' of Ridge", "did you mean 'alpha'?"]),
        (["modle=ridge"], ["Unknown key 'modle'", "did you mean 'model'?"]),
        (["dataset=bare"], ["The source does not exist", "data/none.csv"]),
        (["folds=20", "dataset.split.test=0.6"], ["too few rows to learn from", "folds=2"]),
        (["run=none"], ["Unknown tracked run 'none'", "stones-ridge"]),
        (["continue_from=runs/none"], ["There is no run here", "runs/none"]),
    ],
    ids=lambda value: value[0] if "=" in value[0] else "",
)
def test_a_users_error_is_one_message(shared: Project, words: list[str], said: list[str]) -> None:
    message = refused(shared, *words)
    for part in said:
        assert part in message


def test_outside_of_a_project_it_says_so(tmp_path: Path, root: Path) -> None:
    message = refused(Project(tmp_path), "model=ridge")
    assert "not the root of a project" in message


def test_help(shared: Project) -> None:
    done = do(shared, "--help")
    assert done.process.returncode == 0
    assert done.process.stderr == ""
    assert done.runs == []
    for words in ("python -m src.train model=xgboost", "ridge", "stones", "search.trials"):
        assert words in done.process.stdout


@pytest.fixture(scope="module")
def pipeline(
    tmp_path_factory: pytest.TempPathFactory, root: Path, make_dataset: Callable[..., Dataset]
) -> Done:
    """Return a tracked run, made by the three stages."""
    project = make_project(tmp_path_factory.mktemp("pipeline"), root, make_dataset(), stones())
    with chdir(project.folder):
        compose.compose()
        prepare.prepare("stones")
    return do(project, "run=stones-ridge")


class TestATrackedRun:
    def test_it_writes_what_the_pipeline_expects(self, pipeline: Done) -> None:
        assert pipeline.process.returncode == 0, pipeline.process.stderr
        new = pipeline.project.files().keys() - pipeline.before.keys()
        assert new == {
            "artifacts/bundles/stones/ridge/card.json",
            "artifacts/bundles/stones/ridge/card.md",
            "artifacts/bundles/stones/ridge/golden.json",
            "artifacts/bundles/stones/ridge/held_out.json",
            "artifacts/bundles/stones/ridge/manifest.json",
            "artifacts/bundles/stones/ridge/model.joblib",
            "artifacts/bundles/stones/ridge/predictions.csv",
            "artifacts/bundles/stones/ridge/predictor.json",
            "artifacts/bundles/stones/ridge/predictor.npz",
            "artifacts/bundles/stones/ridge/rows.parquet",
            "artifacts/bundles/stones/ridge/suspects.json",
            "metrics/stones/ridge.csv",
            "metrics/stones/ridge.json",
        }
        assert pipeline.before.items() <= pipeline.project.files().items()

    def test_its_metrics_are_those_of_its_bundle(self, pipeline: Done) -> None:
        folder = pipeline.project.folder
        loaded = bundle.load(folder / "artifacts/bundles/stones/ridge")
        metrics = json.loads((folder / "metrics/stones/ridge.json").read_text())
        assert list(metrics) == ["test", "cv", "interval", "rows", "findings"]
        assert loaded.manifest["metrics"].pop("seconds") > 0
        assert loaded.manifest["findings"] == metrics.pop("findings")
        assert loaded.manifest["metrics"] == metrics
        plotted = (folder / "metrics/stones/ridge.csv").read_bytes()
        assert plotted == (loaded.path / "predictions.csv").read_bytes()

    def test_it_is_kept_among_the_runs(self, pipeline: Done) -> None:
        (run,) = pipeline.runs
        assert sorted(path.name for path in run.iterdir()) == ["manifest.json", "request.json"]
        assert json.loads((run / "request.json").read_text())["run"] == "stones-ridge"
        manifest = json.loads((run / "manifest.json").read_text())
        assert manifest["run"] == run.name

    def test_it_is_what_was_composed_whatever_stands_in_conf_now(self, pipeline: Done) -> None:
        config_ = bundle.read_manifest(pipeline.project.folder / "artifacts/bundles/stones/ridge")[
            "config"
        ]
        composed = configuration.read_yaml(
            pipeline.project.folder / "artifacts/conf/runs/stones-ridge.yaml"
        )
        assert config_ == composed

    @pytest.mark.parametrize(
        "words",
        [
            ["model=lasso"],
            ["model=ridge"],  # that of params.yaml, which is not what the run was composed of
            ["model.params.alpha=2"],
            ["continue_from=runs"],
        ],
        ids=lambda words: words[0],
    )
    def test_other_overrides_are_refused(self, pipeline: Done, words: list[str]) -> None:
        message = refused(pipeline.project, "run=stones-ridge", *words)
        name = words[0].split("=")[0]
        assert f"'{name}' cannot be given together with run=...: the run is composed" in message
        assert f"given:   {words[0]}" in message

    def test_a_sweep_refuses_them_too_and_trains_what_it_can(self, pipeline: Done) -> None:
        done = do(pipeline.project, "-m", "run=stones-ridge,none")
        assert done.process.returncode == 1
        assert done.process.stderr.startswith("Error: Unknown tracked run 'none'")
        assert len(done.runs) == 1
        done = do(pipeline.project, "-m", "run=stones-ridge", "model=ridge,lasso")
        assert done.process.returncode == 1
        assert done.process.stderr.count("'model' cannot be given together with run=") == 2
        assert done.runs == []

    def test_nothing_is_composed_for_it(self, fresh: Project) -> None:
        with chdir(fresh.folder):
            compose.compose()
            prepare.prepare("stones")
        (fresh.folder / "conf/config.yaml").write_text("broken: [")
        done = do(fresh, "run=stones-ridge")
        assert done.process.returncode == 0, done.process.stderr
        assert len(done.runs) == 1

    def test_before_it_is_prepared_it_says_what_to_do(self, fresh: Project) -> None:
        with chdir(fresh.folder):
            compose.compose()
        message = refused(fresh, "run=stones-ridge")
        assert "The dataset is not prepared" in message
        assert "dvc repro" in message

    @pytest.mark.slow
    def test_training_it_again_gives_the_same_bytes(self, pipeline: Done) -> None:
        folder = pipeline.project.folder / "artifacts/bundles/stones/ridge"
        names = ["model.joblib", "predictions.csv", "rows.parquet"]
        before: dict[str, Any] = {name: (folder / name).read_bytes() for name in names}
        assert do(pipeline.project, "run=stones-ridge").process.returncode == 0
        assert {name: (folder / name).read_bytes() for name in names} == before


def test_the_plot_of_many_rows_is_thinned_and_keeps_the_extremes(
    tmp_path: Path, root: Path, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(split={"test": 0.8}, duplicates="keep")
    project = make_project(tmp_path, root, dataset, stones(1500))
    with chdir(project.folder):
        compose.compose()
        prepare.prepare("stones")
    done = project.run("run=stones-ridge")
    assert done.returncode == 0, done.stderr
    whole = pd.read_csv(tmp_path / "artifacts/bundles/stones/ridge/predictions.csv")
    plotted = pd.read_csv(tmp_path / "metrics/stones/ridge.csv")
    assert len(plotted) == 1000 < len(whole)
    assert plotted["actual"].min() == whole["actual"].min()
    assert plotted["actual"].max() == whole["actual"].max()
    assert plotted["actual"].median() == pytest.approx(whole["actual"].median(), rel=0.01)
    assert set(map(tuple, plotted.to_numpy())) <= set(map(tuple, whole.to_numpy()))


def test_what_is_decided_stands_below_a_table_of_all_figures(
    make_dataset: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset(task="binary", target={"name": "price"}, metric="f1")

    def trained(model: str, cv: float, decided: Any, **more: float) -> Any:
        manifest = {
            "metrics": {
                "cv": {"f1": {"mean": cv, "std": 0.01}},
                "test": {"f1": cv, **more},
                "rows": {"train": 9, "test": 3},
                "seconds": 1.0,
            },
            "details": {},
            "data": {},
            **({"decision": decided} if decided else {}),
        }
        config = SimpleNamespace(dataset=dataset, model=SimpleNamespace(name=model))
        return SimpleNamespace(config=config, manifest=manifest, place=Path("there"))

    told = {"threshold": 0.2345, "by": "the best f1", "notes": ["the probabilities are off"]}
    train.show([(trained("one", 0.5, None), []), (trained("two", 0.6, told, cost=2.5), [])])
    lines = capsys.readouterr().out.splitlines()
    (head,) = [line for line in lines if " cv f1 " in line]
    assert " cost " in head
    assert lines[-4:] == [
        "two: there",
        "  positive from 0.234 on: the best f1",
        "  take care: the probabilities are off",
        "one: there",
    ]
