from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from src import history
from src.config import configuration
from src.support.errors import UserError

COLUMNS = ["time", "(UTC)", "dataset", "model", "source", "state", "metric", "cv"]


def git(*words: str, at: str = "2026-01-01T00:00:00+00:00") -> str:
    done = subprocess.run(
        ["git", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main", *words],
        check=True,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.com",
            "GIT_AUTHOR_DATE": "2025-06-01T00:00:00+00:00",  # of a commit that was rebased
            "GIT_COMMITTER_DATE": at,
        },
    )
    return done.stdout.strip()


def write(path: Path | str, value: Any) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(value))


def figures(cv: float, **test: float | None) -> dict[str, Any]:
    return {"test": test, "cv": {"mae": {"mean": cv, "std": 0.5}}, "seconds": 0.25}


def add_run(
    time: str,
    model: str = "ridge",
    dataset: str = "stones",
    tracked: str | None = None,
    metrics: dict[str, Any] | None = None,
    commit: str | None = None,
) -> Path:
    """Add a run of the day 2026-01-`time`; without metrics it is one that was stopped."""
    day, clock = time.split()
    folder = Path("runs") / dataset / f"202601{day}T{clock.replace(':', '')}Z-{model}-abcdef"
    config = {"dataset": {"name": dataset}, "model": {"name": model}}
    started = f"2026-01-{day}T{clock}+00:00"
    write(folder / "request.json", {"started": started, "run": tracked, "config": config})
    if metrics is not None:
        manifest = {"metrics": metrics, "git": {"commit": commit, "dirty": False}}
        inner = folder if tracked else folder / "bundle"
        write(inner / "manifest.json", manifest)
    return folder


def entries(capsys: pytest.CaptureFixture[str], *filters: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    history.show(list(filters), as_json=True, limit=50)
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def lines(capsys: pytest.CaptureFixture[str], *filters: str, limit: int = 50) -> list[list[str]]:
    capsys.readouterr()
    history.show(list(filters), as_json=False, limit=limit)
    return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]


@pytest.fixture
def repository(project: Path) -> Path:
    git("init", "--quiet")
    return project


def test_a_run_of_ones_own(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = add_run("02 03:04:05", metrics=figures(1.5, mae=2.5), commit="f" * 40)
    assert entries(capsys) == [
        {
            "time": "2026-01-02T03:04:05+00:00",
            "dataset": "stones",
            "model": "ridge",
            "source": "run",
            "state": "done",
            "given": {},
            "metrics": figures(1.5, mae=2.5),
            "commit": "f" * 40,
            "place": str(folder),
        }
    ]


def test_a_run_of_the_pipeline(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_run("02 03:04:05", tracked="stones-ridge", metrics=figures(1.5, mae=2.5))
    (entry,) = entries(capsys)
    assert (entry["source"], entry["state"]) == ("pipeline", "done")
    assert entry["metrics"]["test"] == {"mae": 2.5}


@pytest.mark.parametrize("tracked", [None, "stones-ridge"])
def test_a_run_that_was_stopped_has_no_metrics(
    project: Path, capsys: pytest.CaptureFixture[str], tracked: str | None
) -> None:
    add_run("02 03:04:05", tracked=tracked)
    (entry,) = entries(capsys)
    assert (entry["state"], entry["metrics"], entry["commit"]) == ("stopped", None, None)


def test_the_metrics_of_every_commit(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("metrics/stones/ridge.json", figures(1.5, mae=2.5))
    write("metrics/stones/lasso.json", figures(1.75, mae=2.75))
    write("metrics/stones/quality.json", {"rows": 40})
    write("metrics/champions.json", {})
    git("add", "metrics")
    git("commit", "--quiet", "-m", "first", at="2026-01-03T00:00:00+00:00")
    first = git("rev-parse", "HEAD")
    write("metrics/stones/ridge.json", figures(1.25, mae=2.25))
    git("commit", "--quiet", "-am", "second", at="2026-01-05T02:00:00+02:00")
    second = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "-m", "third")
    found = entries(capsys)
    assert found[0] == {
        "time": "2026-01-05T00:00:00+00:00",
        "dataset": "stones",
        "model": "ridge",
        "source": "commit",
        "state": "done",
        "given": {},
        "metrics": figures(1.25, mae=2.25),
        "commit": second,
        "place": "metrics/stones/ridge.json",
    }
    assert [entry["commit"] for entry in found] == [second, first, first]
    assert {entry["model"]: entry["metrics"]["cv"]["mae"]["mean"] for entry in found[1:]} == {
        "ridge": 1.5,
        "lasso": 1.75,
    }


def test_metrics_that_were_deleted_keep_their_past(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("metrics/stones/ridge.json", figures(1.5, mae=2.5))
    git("add", "metrics")
    git("commit", "--quiet", "-m", "first")
    git("rm", "--quiet", "metrics/stones/ridge.json")
    git("commit", "--quiet", "-m", "second")
    assert [entry["metrics"]["cv"]["mae"]["mean"] for entry in entries(capsys)] == [1.5]


def test_metrics_that_are_not_committed_are_no_part_of_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("metrics/stones/ridge.json", figures(1.5, mae=2.5))
    assert entries(capsys) == []
    git("commit", "--quiet", "--allow-empty", "-m", "first")
    assert entries(capsys) == []


def test_words_of_other_alphabets_come_through(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for cv, word in ((1.5, "é"), (2.5, "漢字")):
        write("metrics/stones/ridge.json", {**figures(cv, mae=cv), "note": word})
        Path("metrics/stones/ridge.json").write_text(
            json.dumps({**figures(cv, mae=cv), "note": word}, ensure_ascii=False)
        )
        git("add", "metrics")
        git("commit", "--quiet", "-m", word, at=f"2026-01-0{int(cv)}T00:00:00+00:00")
    assert [entry["metrics"]["note"] for entry in entries(capsys)] == ["漢字", "é"]


def test_a_project_can_stand_inside_of_a_repository(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("metrics/stones/ridge.json", figures(1.5, mae=2.5))
    inner = project / "inner"
    inner.mkdir()
    for name in ("conf", "params.yaml", "metrics"):
        (project / name).rename(inner / name)
    git("init", "--quiet")
    monkeypatch.chdir(inner)
    git("add", "metrics")
    git("commit", "--quiet", "-m", "first")
    assert [entry["place"] for entry in entries(capsys)] == ["metrics/stones/ridge.json"]


def test_a_commit_of_a_file_that_is_not_json_hides_nothing_else(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("metrics/stones/ridge.json", figures(1.5, mae=2.5))
    Path("metrics/stones/lasso.json").write_text("<<<<<<< HEAD\n")
    git("add", "metrics")
    git("commit", "--quiet", "-m", "first")
    assert [entry["model"] for entry in entries(capsys)] == ["ridge"]


def test_a_run_whose_request_is_damaged_hides_nothing_else(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_run("02 00:00:00", metrics=figures(1.5, mae=2.5))
    damaged = add_run("03 00:00:00", "lasso")
    (damaged / "request.json").write_text("{")
    assert [entry["model"] for entry in entries(capsys)] == ["ridge"]


def test_everything_is_listed_newest_first(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_run("02 00:00:00", "oldest", metrics=figures(1.0, mae=1.0))
    add_run("06 00:00:00", "newest")
    add_run("04 00:00:00", "middle", tracked="stones-middle", metrics=figures(1.0, mae=1.0))
    write("metrics/stones/ridge.json", figures(1.5, mae=2.5))
    git("add", "metrics")
    git("commit", "--quiet", "-m", "first", at="2026-01-05T00:00:00+00:00")
    models = ["newest", "ridge", "middle", "oldest"]
    assert [entry["model"] for entry in entries(capsys)] == models
    assert [line[3] for line in lines(capsys)[2:]] == models


@pytest.mark.parametrize(
    ("filters", "models"),
    [
        (["dataset=stones"], ["ridge", "lasso", "lasso"]),
        (["dataset=payments"], ["logistic"]),
        (["model=lasso"], ["lasso", "lasso"]),
        (["model=lasso", "source=pipeline"], ["lasso"]),
        (["source=run", "dataset=stones"], ["ridge", "lasso"]),
        (["source=commit"], []),
        (["model=none"], []),
    ],
)
def test_filters(
    project: Path, capsys: pytest.CaptureFixture[str], filters: list[str], models: list[str]
) -> None:
    add_run("05 00:00:00", "ridge")
    add_run("04 00:00:00", "lasso", tracked="stones-lasso")
    add_run("03 00:00:00", "lasso")
    add_run("02 00:00:00", "logistic", "payments")
    assert [entry["model"] for entry in entries(capsys, *filters)] == models


@pytest.mark.parametrize("word", ["modle=ridge", "ridge", "model", "time=2026", "="])
def test_a_filter_that_is_none_lists_the_choices(project: Path, word: str) -> None:
    with pytest.raises(UserError) as caught:
        history.show([word], as_json=True, limit=50)
    assert f"Unknown filter '{word}'" in caught.value.what
    assert caught.value.choices == ["dataset=...", "model=...", "source=..."]


def test_an_unknown_dataset_lists_the_choices(project: Path) -> None:
    with pytest.raises(UserError, match="Unknown dataset 'stone'") as caught:
        history.show(["dataset=stone"], as_json=True, limit=50)
    assert "stones" in (caught.value.choices or ())
    assert caught.value.fix == "did you mean 'stones'?"


def test_one_table_shows_every_dataset_by_its_own_metric(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = add_run("05 01:02:03", metrics=figures(1.5, mae=2.5, r2=None), commit="abcdef" * 6)
    add_run("04 00:00:00", "lasso")
    add_run("03 00:00:00", "logistic", "payments", metrics=figures(0.5, f1=0.75))
    shown = lines(capsys)
    at = shown.index([*COLUMNS, "test", "seconds", "commit", "place"])
    row = ["2026-01-05", "01:02:03", "stones", "ridge", "run", "done", "mae", "1.5", "2.5", "0.25"]
    assert shown[at + 2] == [*row, "abcdefa", str(folder)]
    assert shown[at + 3][2:9] == ["stones", "lasso", "run", "stopped", "-", "-", "-"]
    assert shown[at + 4][2:4] == ["payments", "logistic"]


def test_the_table_of_one_dataset_shows_all_its_metrics(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = add_run("05 01:02:03", metrics=figures(1.5, mae=2.5, r2=None), commit="abcdef" * 6)
    add_run("04 00:00:00", "lasso")
    shown = lines(capsys)
    at = shown.index([*COLUMNS, "mae", "r2", "seconds", "commit", "place"])
    row = ["2026-01-05", "01:02:03", "stones", "ridge", "run", "done", "mae", "1.5", "2.5", "-"]
    assert shown[at + 2] == [*row, "0.25", "abcdefa", str(folder)]
    assert shown[at + 3][2:10] == ["stones", "lasso", "run", "stopped", "-", "-", "-", "-"]


@pytest.mark.parametrize(
    ("limit", "count", "left"),
    [(2, 2, "1 older ones are left out"), (3, 3, None), (0, 3, None)],
)
def test_the_oldest_are_left_out_and_counted(
    project: Path, capsys: pytest.CaptureFixture[str], limit: int, count: int, left: str | None
) -> None:
    for day in ("02", "03", "04"):
        add_run(f"{day} 00:00:00")
    shown = lines(capsys, limit=limit)
    dates = [line[0] for line in shown if line[0].startswith("2026")]
    assert dates == ["2026-01-04", "2026-01-03", "2026-01-02"][:count]
    assert any(left is not None and " ".join(line).startswith(left) for line in shown) == bool(left)


def test_without_git_and_runs_there_is_nothing_yet(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entries(capsys) == []
    assert lines(capsys)[0][:2] == ["Nothing", "yet."]


def command(folder: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "src.history", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root), "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command(project: Path, root: Path) -> None:
    add_run("02 00:00:00", metrics=figures(1.5, mae=2.5))
    add_run("03 00:00:00", "lasso", metrics=figures(1.5, mae=2.5))
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    table = command(project, root, "--limit", "1")
    assert (table.returncode, table.stderr) == (0, "")
    assert "lasso" in table.stdout
    assert "1 older ones are left out" in table.stdout
    assert "\x1b" not in table.stdout
    whole = command(project, root, "model=ridge", "--json")
    assert [entry["model"] for entry in json.loads(whole.stdout)] == ["ridge"]
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_the_command_tells_a_wrong_filter(project: Path, root: Path) -> None:
    done = command(project, root, "modle=ridge")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Unknown filter 'modle=ridge'.")
    assert "Traceback" not in done.stderr


def test_what_a_run_was_given_ends_its_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = add_run("02 03:04:05", metrics=figures(1.5, mae=2.5), commit="f" * 40)
    request = json.loads((folder / "request.json").read_text())
    model = configuration.read_yaml(Path("conf/model/ridge.yaml"))
    model["params"] = {**model.get("params", {}), "tol": 0.125}
    request["config"]["model"] = model
    write(folder / "request.json", request)
    (entry,) = entries(capsys)
    assert entry["given"] == {"params.tol": 0.125}
    shown = lines(capsys)
    assert shown[0][-1] == "given"
    assert shown[-1][-1] == "params.tol=0.125"
