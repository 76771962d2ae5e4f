from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from src import compose
from src.config import composition, composition_cache, configuration, paths
from src.support.errors import UserError

CONF = Path("artifacts/conf")
RUNS: dict[str, Any] = {
    "stones-dummy": {"dataset": "stones", "model": "dummy", "plot": "scatter"},
    "stones-ridge": {"dataset": "stones", "model": "ridge", "plot": "scatter"},
}


@pytest.fixture
def track(project: Path) -> Callable[..., None]:
    """Return a function that writes what params.yaml tracks."""

    def track(runs: dict[str, Any] | None = None, **changes: Any) -> None:
        params = {
            "dataset": "stones",
            "model": "dummy",
            "search": "none",
            "seed": 7,
            "folds": 3,
            "datasets": ["stones"],
            "runs": RUNS if runs is None else runs,
            **changes,
        }
        (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    track()
    return track


def written() -> dict[str, str]:
    return {str(path.relative_to(CONF)): path.read_text() for path in CONF.rglob("*.yaml")}


def edit(path: str, **changes: Any) -> None:
    values = yaml.safe_load(Path(path).read_text())
    Path(path).write_text(yaml.safe_dump({**values, **changes}))


def changed(before: dict[str, str]) -> set[str]:
    after = written()
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_each_run_and_each_dataset_has_a_file(track, capsys: pytest.CaptureFixture[str]) -> None:
    compose.compose()
    assert sorted(written()) == [
        "datasets/stones.yaml",
        "prepared/stones.yaml",
        "runs/stones-dummy.yaml",
        "runs/stones-ridge.yaml",
    ]
    assert capsys.readouterr().out == "composed 2 runs of 1 datasets\n"


RULES = {
    "gate": {"r2": {"min": 0.5}},
    "promote": "manual",
    "on_breach": "rollback",
    "retrain": {"after_labels": 5, "at_least_every": "1d", "debounce": "60s", "model": "ridge"},
}


def test_a_runs_file_is_the_whole_configuration_but_for_the_rules(track) -> None:
    edit("conf/dataset/stones.yaml", **RULES)
    compose.compose()
    composition.prepare()
    expected = configuration.build(composition.compose(["dataset=stones", "model=ridge"]))
    values = configuration.read_yaml(CONF / "runs/stones-ridge.yaml")
    rules = {key: values["dataset"][key] for key in RULES}
    assert rules == {"gate": {}, "promote": "auto", "on_breach": "warn", "retrain": None}
    values["dataset"].update(RULES)
    assert configuration.build(values) == expected
    assert (expected.seed, expected.folds, expected.model.name) == (7, 3, "ridge")


def test_a_search_of_a_run_is_composed(track) -> None:
    track({"stones-ridge": {**RUNS["stones-ridge"], "search": "optuna"}})
    compose.compose()
    assert configuration.read_yaml(CONF / "runs/stones-ridge.yaml")["search"]["name"] == "optuna"


def test_what_differs_for_a_pair_is_composed(track) -> None:
    Path("conf/dataset_model/stones_ridge.yaml").write_text(
        "# @package _global_\nmodel: {params: {alpha: 0.25}}\n"
    )
    compose.compose()
    assert (
        configuration.read_yaml(CONF / "runs/stones-ridge.yaml")["model"]["params"]["alpha"] == 0.25
    )


def test_the_contest_knows_its_models_metric_and_gate(track) -> None:
    edit("conf/dataset/stones.yaml", gate={"r2": {"min": 0.5}})
    compose.compose()
    contest = configuration.read_yaml(CONF / "datasets/stones.yaml")
    assert contest["models"] == ["dummy", "ridge"]
    assert (contest["task"], contest["metric"]) == ("regression", "mae")
    assert contest["gate"]["r2"]["min"] == 0.5


def test_the_contest_knows_the_gate_of_each_class(track) -> None:
    other = {"dataset": "payments", "model": "logistic", "plot": "confusion"}
    track({"payments-logistic": other}, datasets=["payments"])
    gate = {"recall": {"min": 0.5, "each": {"min": 0.4}, "classes": {1: {"max": 0.9}}}}
    edit("conf/dataset/payments.yaml", gate=gate)
    compose.compose()
    contest = configuration.read_yaml(CONF / "datasets/payments.yaml")
    assert contest["gate"]["recall"] == {
        "min": 0.5,
        "max": None,
        "each": {"min": 0.4, "max": None},
        "classes": {"1": {"min": None, "max": 0.9}},
        "by": {},
    }


def test_each_dataset_has_its_own_contest(track) -> None:
    other = {"dataset": "payments", "model": "logistic", "plot": "confusion"}
    track({**RUNS, "payments-logistic": other}, datasets=["stones", "payments"])
    compose.compose()
    assert configuration.read_yaml(CONF / "datasets/stones.yaml")["models"] == ["dummy", "ridge"]
    contest = configuration.read_yaml(CONF / "datasets/payments.yaml")
    assert (contest["task"], contest["models"]) == ("binary", ["logistic"])


def kept() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths.COMPOSITIONS.iterdir()}


def test_the_service_finds_every_dataset_and_every_tracked_run(
    track, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("conf/dataset/broken.yaml").write_text("name: [")
    compose.compose()
    monkeypatch.setattr(composition_cache, "_memory", {})
    monkeypatch.setattr(composition, "compose", lambda words: pytest.fail(f"composed {words}"))
    for name in ("diamonds", "payments", "resumes", "stones"):
        words = composition_cache.dataset_words(name)
        assert composition_cache.compose(words)["dataset"]["name"] == name
    words = ["dataset=stones", "model=ridge", "search=none"]
    assert composition_cache.compose(words)["model"]["name"] == "ridge"
    assert len(kept()) == 5


def test_what_the_service_finds_is_the_same_bytes_each_time(
    track, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose.compose()
    before = kept()
    for path in paths.COMPOSITIONS.iterdir():
        path.unlink()
    monkeypatch.setattr(composition_cache, "_memory", {})
    compose.compose()
    assert kept() == before


def test_what_conf_says_no_more_is_removed_for_the_service_too(track) -> None:
    compose.compose()
    before = kept()
    edit("conf/model/ridge.yaml", about="another")
    compose.compose()
    assert len(kept()) == len(before)
    assert len(kept().keys() - before) == 1


def test_composing_again_changes_nothing(track) -> None:
    compose.compose()
    before = written()
    compose.compose()
    assert written() == before


@pytest.mark.parametrize(
    ("path", "changes", "files"),
    [
        ("conf/dataset/stones.yaml", {"gate": RULES["gate"]}, {"datasets/stones.yaml"}),
        *(
            ("conf/dataset/stones.yaml", {key: RULES[key]}, set[str]())
            for key in ("promote", "on_breach", "retrain")
        ),
        (
            "conf/dataset/stones.yaml",
            {"derived": {"twice": "2 * carat"}},
            {"runs/stones-dummy.yaml", "runs/stones-ridge.yaml"},
        ),
        (
            "conf/dataset/stones.yaml",
            {"max_rejected": 0.5},
            {"runs/stones-dummy.yaml", "runs/stones-ridge.yaml", "prepared/stones.yaml"},
        ),
        (
            "conf/dataset/stones.yaml",
            {"metric": "r2"},
            {"runs/stones-dummy.yaml", "runs/stones-ridge.yaml", "datasets/stones.yaml"},
        ),
        ("conf/model/ridge.yaml", {"params": {"alpha": 3.0}}, {"runs/stones-ridge.yaml"}),
    ],
    ids=["gate", "promote", "on_breach", "retrain", "derived", "cleaning", "metric", "model"],
)
def test_an_edit_reaches_what_depends_on_it(
    track, path: str, changes: dict[str, Any], files: set[str]
) -> None:
    compose.compose()
    before = written()
    edit(path, **changes)
    compose.compose()
    assert changed(before) >= files
    untouched = {"gate": {"runs/stones-ridge.yaml", "prepared/stones.yaml"}}
    for rule in ("promote", "on_breach", "retrain"):
        untouched[rule] = set(before)
    untouched["derived"] = {"datasets/stones.yaml", "prepared/stones.yaml"}
    untouched["max_rejected"] = {"datasets/stones.yaml"}
    untouched["params"] = {"runs/stones-dummy.yaml", "datasets/stones.yaml", "prepared/stones.yaml"}
    assert not changed(before) & untouched.get(next(iter(changes)), set())


def test_a_comment_reaches_nothing(track) -> None:
    compose.compose()
    before = written()
    for path in ("conf/dataset/stones.yaml", "conf/model/ridge.yaml", "params.yaml"):
        Path(path).write_text(f"# a comment\n{Path(path).read_text()}")
    compose.compose()
    assert written() == before


def test_the_seed_reaches_the_runs_and_the_split(track) -> None:
    compose.compose()
    before = written()
    track(seed=8)
    compose.compose()
    assert changed(before) == set(before) - {"datasets/stones.yaml"}


def test_files_of_runs_that_are_tracked_no_more_are_removed(track) -> None:
    compose.compose()
    track({"stones-ridge": RUNS["stones-ridge"]})
    compose.compose()
    assert "runs/stones-dummy.yaml" not in written()
    assert configuration.read_yaml(CONF / "datasets/stones.yaml")["models"] == ["ridge"]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (
            {"dataset": "stones", "model": "rigde", "plot": "scatter"},
            ["In the run 'new' of params.yaml: Unknown model 'rigde'", "did you mean 'ridge'?"],
        ),
        (
            {"dataset": "stone", "model": "ridge", "plot": "scatter"},
            ["The run 'new' is of a dataset that is not tracked", "allowed: stones"],
        ),
        (
            {"dataset": "stones", "model": "logistic", "plot": "scatter"},
            ["In the run 'new' of params.yaml", "does not serve the task 'regression'"],
        ),
        (
            {"dataset": "stones", "model": "ridge", "plot": "confusion"},
            ["In the run 'new' of params.yaml", "does not fit a regression", "plot: scatter"],
        ),
        (
            {"dataset": "stones", "model": "ridge", "plot": "scatter", "search": "grid"},
            ["In the run 'new' of params.yaml: Unknown search 'grid'", "optuna"],
        ),
        (
            {"dataset": "stones", "model": "ridge", "plot": "pie"},
            ["params.yaml.runs.new.plot", "confusion, scatter"],
        ),
    ],
    ids=["model", "dataset", "task", "plot", "search", "no plot"],
)
def test_a_run_that_is_none_is_told_and_nothing_is_written(
    track, run: dict[str, str], said: list[str]
) -> None:
    compose.compose()
    before = written()
    track({"stones-dummy": {**RUNS["stones-dummy"], "search": "none"}, "new": run})
    with pytest.raises(UserError) as caught:
        compose.compose()
    for words in said:
        assert words in str(caught.value)
    assert written() == before


def test_a_misspelt_parameter_is_told_before_any_training(track) -> None:
    edit("conf/model/ridge.yaml", params={"alhpa": 1.0}, space={})
    with pytest.raises(UserError) as caught:
        compose.compose()
    assert "In the run 'stones-ridge' of params.yaml: Unknown parameter 'alhpa' of Ridge" in str(
        caught.value
    )
    assert "did you mean 'alpha'?" in str(caught.value)
    assert not CONF.exists()


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("elsewhere/stones.csv", "data/stones.parquet"),
        ("sqlite:///stones.db?table=stones", "data/stones.parquet"),
        ("data/parts/*.csv", "data/stones.parquet"),
        ("data/other.jsonl", "data/other.jsonl"),
    ],
)
def test_a_source_elsewhere_is_read_from_its_snapshot(track, source: str, file: str) -> None:
    edit("conf/dataset/stones.yaml", source=source)
    compose.compose()
    for path in ("runs/stones-ridge", "prepared/stones"):
        values = yaml.safe_load((CONF / f"{path}.yaml").read_text())
        assert values["dataset"]["source"] == file


def test_a_dataset_without_runs_is_told(track) -> None:
    track(datasets=["stones", "payments"])
    with pytest.raises(UserError, match="'payments' has no tracked run") as caught:
        compose.compose()
    assert "payments-dummy:" in (caught.value.fix or "")


def command(folder: Path, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "src.compose"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command(track, project: Path, root: Path) -> None:
    done = command(project, root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "composed 2 runs of 1 datasets\n"
    assert len(written()) == 4


def test_the_command_outside_of_a_project(tmp_path: Path, root: Path) -> None:
    done = command(tmp_path, root)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: This folder is not the root of a project.")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
