from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.config import hydra_cli
from src.support.errors import UserError

GROUPS = ("dataset", "model", "search")


def test_a_bug_in_a_task_is_not_hidden(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def task(_: dict[str, Any]) -> None:
        raise ValueError("a bug")

    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.setattr(sys, "argv", ["train", "dataset=stones", "model=ridge"])
    with pytest.raises(ValueError, match="a bug"):
        hydra_cli.with_hydra(task, "config", GROUPS)


Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command line and returns what its task was given."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")  # so that it is put back in the end
    monkeypatch.delenv("HYDRA_FULL_ERROR")
    # What Hydra's log of an earlier test writes to is closed by now.
    monkeypatch.setattr(logging, "raiseExceptions", False)

    def run(*words: str, failing: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        monkeypatch.setattr(sys, "argv", ["train", *words])
        given = []

        def task(values: dict[str, Any]) -> None:
            given.append(values)
            if values["model"]["name"] in failing:
                raise UserError(f"No luck with {values['model']['name']}.")

        try:
            hydra_cli.with_hydra(task, "config", GROUPS)
        except SystemExit as ended:
            given.append({"exit": ended.code})
        return given

    return run


def test_a_task_is_given_plain_values(run: Run) -> None:
    (values,) = run("dataset=stones", "model=ridge", "seed=7", "model.params.tol=0.5")
    assert type(values) is dict
    assert type(values["dataset"]["features"]) is dict
    assert values["dataset"]["name"] == "stones"
    assert values["seed"] == 7
    assert values["model"]["params"]["tol"] == 0.5
    assert "hydra" not in values


def test_what_is_not_named_comes_from_params(run: Run, project: Path) -> None:
    text = (
        "{dataset: stones, model: lasso, search: optuna, seed: 7, folds: 4, datasets: [], runs: {}}"
    )
    (project / "params.yaml").write_text(text)
    (values,) = run()
    assert values["dataset"]["name"] == "stones"
    assert values["model"]["name"] == "lasso"
    assert values["search"]["name"] == "optuna"
    assert (values["seed"], values["folds"]) == (7, 4)


def test_no_logs_and_no_folders_appear(run: Run, project: Path) -> None:
    before = sorted(path.name for path in project.iterdir())
    run("dataset=stones", "model=ridge")
    assert sorted(path.name for path in project.iterdir()) == before


def test_a_users_error_in_the_task_is_told_once(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    _, end = run("dataset=stones", "model=ridge", failing=("ridge",))
    assert end == {"exit": 1}
    assert capsys.readouterr().err == "Error: No luck with ridge.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dataset=stonse"], ["Unknown dataset 'stonse'", "stones", "did you mean 'stones'?"]),
        (["model=rigde"], ["Unknown model 'rigde'", "lasso", "did you mean 'ridge'?"]),
        (["a b"], ["This is not an override", "given:   a b", "key=value"]),
        (["dataset.about=${nothing}"], ["nothing"]),
    ],
)
def test_a_wrong_command_line_is_told_without_a_traceback(
    run: Run, capsys: pytest.CaptureFixture[str], words: list[str], told: list[str]
) -> None:
    assert run(*words) == [{"exit": 1}]
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert "Traceback" not in err
    for word in told:
        assert word in err


@pytest.mark.parametrize("first", [True, False])
def test_a_sweep_runs_every_combination(run: Run, first: bool) -> None:
    words = ["dataset=stones", "model=ridge,lasso", "seed=1,2"]
    given = run(*(["-m", *words] if first else [*words, "-m"]))
    assert [(values["model"]["name"], values["seed"]) for values in given] == [
        ("ridge", 1),
        ("ridge", 2),
        ("lasso", 1),
        ("lasso", 2),
    ]


def test_a_sweep_goes_on_after_a_failure_and_tells_it_at_the_end(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    *given, end = run(
        "-m", "dataset=stones", "model=ridge,lasso,linear", failing=("ridge", "lasso")
    )
    assert [values["model"]["name"] for values in given] == ["ridge", "lasso", "linear"]
    assert end == {"exit": 1}
    assert capsys.readouterr().err == "Error: No luck with ridge.\nError: No luck with lasso.\n"


def test_outside_a_project_nothing_is_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run() == [{"exit": 1}]
    assert "not the root of a project" in capsys.readouterr().err


def test_help_lists_the_choices(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    out = capsys.readouterr().out
    assert "stones" in out
    assert "ridge" in out
    assert "python -m src.train" in out


def test_help_of_hydra_itself(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--hydra-help") == [{"exit": 0}]
    out, err = capsys.readouterr()
    assert "--shell-completion" in out
    assert err == ""


def test_what_hydra_found_can_be_asked(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("--info", "defaults")
    run("--info")
    out, err = capsys.readouterr()
    assert "Defaults List" in out
    assert err == ""


@pytest.mark.parametrize("option", ["--shell-completion", "-sc"])
def test_a_shell_can_be_taught(run: Run, capsys: pytest.CaptureFixture[str], option: str) -> None:
    run(option, "install=bash")
    out, err = capsys.readouterr()
    assert "complete -o nospace" in out
    assert err == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("model=rid", ["model=ridge"]),
        ("model=ridge dataset=", ["dataset=stones", "dataset=diamonds"]),
        ("search", ["search="]),
    ],
)
def test_words_are_completed(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    said: list[str],
) -> None:
    monkeypatch.setenv("COMP_LINE", f"train.py {line}")
    run("-sc", "query=bash")
    out, err = capsys.readouterr()
    assert set(said) <= set(out.split())
    assert err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [(["-sc", "install=csh"], "bash"), (["-sc"], "install"), (["--resolve"], "--cfg")],
)
def test_an_option_of_hydra_that_is_wrong_is_one_message(
    run: Run, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run(*words) == [{"exit": 1}]
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert said in err
