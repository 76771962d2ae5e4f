from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from src import results
from src.data.findings import Finding, plain
from src.support.errors import UserError

MODELS = ("dummy", "ridge", "lasso")
PARAMS: dict[str, Any] = {
    "dataset": "stones",
    "model": "dummy",
    "search": "none",
    "seed": 7,
    "folds": 3,
    "datasets": ["stones"],
    "runs": {
        f"stones-{model}": {"dataset": "stones", "model": model, "plot": "scatter"}
        for model in MODELS
    },
}


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def figures(cv: float, metric: str = "mae", **test: float | None) -> dict[str, Any]:
    return {
        "test": test,
        "cv": {metric: {"mean": cv, "std": 0.5}},
        "rows": {"train": 30, "test": 10},
        "seconds": 0.1,
    }


@pytest.fixture
def judged(project: Path) -> Path:
    """Stand in a project whose pipeline has run."""
    (project / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    write(project / "metrics/stones/dummy.json", figures(900.25, r2=-0.125, mae=876.5))
    write(project / "metrics/stones/ridge.json", figures(200.25, r2=0.75, mae=234.5))
    write(project / "metrics/stones/lasso.json", figures(150.25, r2=0.5, mae=345.5))
    verdict = {"champion": "ridge", "refused": {"lasso": "r2 0.5 is below 0.6"}}
    write(project / "metrics/champions.json", {"stones": verdict})
    return project


def shown(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    results.show()
    return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_tracked_models_are_shown_from_the_best_down(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    title, columns, _, *rows = shown(capsys)
    assert title[0] == "stones"
    assert columns == ["model", "verdict", "cv", "mae", "+-", "r2", "mae"]
    assert rows[:3] == [
        ["lasso", "r2", "0.5", "is", "below", "0.6", "150.25", "0.5", "0.5", "345.5"],
        ["ridge", "champion", "200.25", "0.5", "0.75", "234.5"],
        ["dummy", "900.25", "0.5", "-0.125", "876.5"],
    ]


def test_better_is_higher_or_lower_by_the_metric(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model, cv in zip(MODELS, (0.25, 0.75, 0.5), strict=True):
        write(judged / f"metrics/stones/{model}.json", figures(cv, "r2", r2=0.5))
    assert [row[0] for row in shown(capsys)[3:6]] == ["ridge", "lasso", "dummy"]


def test_what_was_found_has_a_table_of_its_own(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leak = Finding("leaks", "id", "id names the row", "take it out")
    gap = Finding("gap", "figures_apart", "mae is 3 and 2", "trust it")
    assert not any("found" in line for line in shown(capsys))
    write(judged / "metrics/stones/quality.json", {"rows": 40, "findings": plain([leak])})
    for model in ("ridge", "lasso"):
        told = {**figures(200.25, r2=0.75, mae=234.5), "findings": plain([gap])}
        write(judged / f"metrics/stones/{model}.json", told)
    lines = [" ".join(line) for line in shown(capsys)]
    at = lines.index("stones: what was found")
    assert lines[at + 1] == "of about found what to do"
    assert lines[at + 3 : at + 5] == [
        "rows leaks id names the row take it out",
        "lasso, ridge gap mae is 3 and 2 trust it",
    ]
    write(judged / "metrics/stones/quality.json", {"rows": 40})  # as older versions wrote it
    assert "leaks" not in " ".join(" ".join(line) for line in shown(capsys))


def test_what_is_not_defined_is_a_dash(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(judged / "metrics/stones/ridge.json", figures(200.25, r2=None, mae=1.5))
    said = shown(capsys)
    assert ["ridge", "champion", "200.25", "0.5", "-", "1.5"] in said
    assert ["r2", "is", "not", "defined:", "there", "is", "one", "row", "alone"] in said


def test_details_are_left_out(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in MODELS:
        test = {"accuracy": 0.5, "recall_macro": 0.125}
        write(judged / f"metrics/stones/{model}.json", figures(0.5, "accuracy", **test))
    _, columns, *rest = shown(capsys)
    assert columns == ["model", "verdict", "cv", "accuracy", "+-", "accuracy"]
    assert not any("0.125" in row for row in rest)


def test_metrics_of_models_that_are_tracked_no_more_are_left_out(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {
        **PARAMS["runs"],
        "leaves-old": {"dataset": "leaves", "model": "old", "plot": "scatter"},
    }
    (judged / "params.yaml").write_text(yaml.safe_dump({**PARAMS, "runs": runs}))
    write(judged / "metrics/stones/old.json", figures(1.25, r2=0.99, mae=1.0))
    assert "old" not in [row[0] for row in shown(capsys)]


def test_a_tracked_model_without_results_is_left_out(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (judged / "metrics/stones/lasso.json").unlink()
    assert [row[0] for row in shown(capsys)[3:5]] == ["ridge", "dummy"]


def test_without_a_champion_nobody_is_marked(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = dict.fromkeys(MODELS, "too bad")
    write(judged / "metrics/champions.json", {"stones": {"champion": None, "refused": refused}})
    rows = [row for row in shown(capsys) if row[0] in MODELS]
    assert [row[1:3] for row in rows] == [["too", "bad"]] * 3


def test_every_dataset_has_its_table(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = {**PARAMS["runs"], "leaves-dummy": {**PARAMS["runs"]["stones-dummy"]}}
    runs["leaves-dummy"]["dataset"] = "leaves"
    (judged / "params.yaml").write_text(yaml.safe_dump({**PARAMS, "runs": runs}))
    write(judged / "metrics/leaves/dummy.json", figures(0.5, "f1", accuracy=0.75, f1=0.5))
    verdicts = json.loads((judged / "metrics/champions.json").read_text())
    verdicts["leaves"] = {"champion": "dummy", "refused": {}}
    write(judged / "metrics/champions.json", verdicts)
    lines = shown(capsys)
    assert ["dummy", "champion", "0.5", "0.5", "0.75", "0.5"] in lines
    assert [line[0] for line in lines].index("leaves") > [line[0] for line in lines].index("stones")


def test_it_says_what_can_be_done_next_and_with_what(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results.show()
    out = capsys.readouterr().out
    assert "python -m src.ingest dataset=stones source=" in out
    assert "dvc metrics diff" in out


def test_before_the_pipeline_has_run_it_says_so(project: Path) -> None:
    with pytest.raises(UserError, match="no results yet") as caught:
        results.show()
    assert caught.value.fix == "dvc repro"


def test_the_command(judged: Path, root: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in judged.rglob("*") if path.is_file()}
    done = command(judged, root)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert {path: path.read_bytes() for path in judged.rglob("*") if path.is_file()} == before


def test_the_command_outside_of_a_project(tmp_path: Path, root: Path) -> None:
    done = command(tmp_path, root)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: This folder is not the root of a project.")
    assert "Traceback" not in done.stderr


def command(folder: Path, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "src.results"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_conflict_in_a_committed_file_is_told(project: Path) -> None:
    Path("metrics").mkdir()
    Path("metrics/champions.json").write_text("<<<<<<< HEAD\n")
    with pytest.raises(UserError, match="holds no results"):
        results.show()
