from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from src import champion
from src.data.findings import Finding, plain
from src.inference import bundle
from src.support.errors import UserError

CONTEST = {"task": "regression", "metric": "mae", "gate": {}, "models": []}
Enter = Callable[..., None]


@pytest.fixture
def enter(project: Path) -> Enter:
    """Return a function that lets a model take part: its bundle, and its name in the contest."""

    def enter(
        model: str,
        cv: float,
        test: dict[str, float | None] | None = None,
        complexity: int = 1,
        metric: str = "mae",
        dataset: str = "stones",
        per_class: dict[str, Any] | None = None,
        findings: dict[str, Any] | None = None,
    ) -> None:
        metrics = {
            "test": test or {"mae": 100.0, "r2": 0.95},
            "cv": {metric: {"mean": cv, "std": 0.5}},
            "rows": {"train": 30, "test": 10},
            "seconds": 0.1,
        }
        bundle.save(
            Path("artifacts/bundles") / dataset / model,
            model=None,
            rows=pd.DataFrame({"x": [1.0]}),
            tables={},
            manifest={
                "metrics": metrics,
                "config": {"model": {"complexity": complexity}},
                "details": {} if per_class is None else {"per_class": per_class},
                **(findings or {}),
            },
        )
        path = contest_of(dataset)
        values = yaml.safe_load(path.read_text()) if path.exists() else CONTEST
        contest(dataset, **{**values, "metric": metric, "models": [*values["models"], model]})

    return enter


def contest_of(dataset: str) -> Path:
    return Path("artifacts/conf/datasets") / f"{dataset}.yaml"


def contest(dataset: str = "stones", **changes: Any) -> None:
    path = contest_of(dataset)
    values = yaml.safe_load(path.read_text()) if path.exists() else CONTEST
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({**values, **changes}, sort_keys=False))


def crowned(dataset: str = "stones") -> dict[str, Any]:
    champion.crown()
    verdicts: dict[str, Any] = json.loads(Path("metrics/champions.json").read_text())
    return verdicts[dataset]


def test_the_best_in_cross_validation_is_champion(
    enter: Enter, capsys: pytest.CaptureFixture[str]
) -> None:
    enter("ridge", 200.0)
    enter("lasso", 150.0)
    enter("dummy", 900.0)
    assert crowned() == {
        "champion": "lasso",
        "metric": "mae",
        "cv": {"mean": 150.0, "std": 0.5},
        "test": {"mae": 100.0, "r2": 0.95},
        "refused": {},
    }
    assert capsys.readouterr().out == (
        "stones: the champion is lasso, mae 150 +- 0.5 in cross-validation\n"
    )


def test_the_held_out_rows_do_not_choose(enter: Enter) -> None:
    enter("ridge", 200.0, {"mae": 50.0, "r2": 0.99})
    enter("lasso", 150.0, {"mae": 190.0, "r2": 0.91})
    assert crowned()["champion"] == "lasso"


@pytest.mark.parametrize(("metric", "best"), [("r2", "high"), ("f1", "high"), ("log_loss", "low")])
def test_better_is_higher_or_lower_by_the_metric(enter: Enter, metric: str, best: str) -> None:
    enter("low", 0.25, {metric: 0.5}, metric=metric)
    enter("high", 0.75, {metric: 0.5}, metric=metric)
    assert crowned()["champion"] == best


def test_only_those_that_pass_the_gate_can_be_champion(
    enter: Enter, capsys: pytest.CaptureFixture[str]
) -> None:
    enter("ridge", 200.0, {"mae": 210.0, "r2": 0.93})
    enter("lasso", 150.0, {"mae": 160.0, "r2": 0.85})
    enter("dummy", 900.0, {"mae": 800.0, "r2": 0.0})
    contest(gate={"r2": {"min": 0.9}, "mae": {"max": 500}})
    verdict = crowned()
    assert verdict["champion"] == "ridge"
    assert verdict["test"] == {"mae": 210.0, "r2": 0.93}
    assert verdict["refused"] == {
        "lasso": "r2 0.85 is below 0.9",
        "dummy": "r2 0 is below 0.9; mae 800 is above 500",
    }
    assert capsys.readouterr().out.splitlines() == [
        "stones: the champion is ridge, mae 200 +- 0.5 in cross-validation",
        "  refused lasso: r2 0.85 is below 0.9",
        "  refused dummy: r2 0 is below 0.9; mae 800 is above 500",
    ]


def test_classes_are_gated_too(enter: Enter) -> None:
    good, poor = ({"recall": found, "rows": 9} for found in (0.7, 0.52))
    enter("ridge", 0.5, {"f1": 0.5}, metric="f1", per_class={"0": good, "Web Developer": good})
    enter("lasso", 0.9, {"f1": 0.9}, metric="f1", per_class={"0": good, "Web Developer": poor})
    named = {"Web Developer": {"min": 0.6}, 0: {"min": 0.65}}
    contest(gate={"recall": {"each": {"min": 0.5}, "classes": named}})
    verdict = crowned()
    assert verdict["champion"] == "ridge"
    assert verdict["refused"] == {"lasso": "recall of Web Developer 0.52 is below 0.6"}


def test_a_model_with_findings_that_the_gate_refuses_is_no_champion(enter: Enter) -> None:
    low = Finding("coverage", "coverage_low", "90% held 80%", "promise less")
    none: dict[str, Any] = {"data": {"findings": []}, "findings": []}
    enter("ridge", 200.0, findings=none)
    enter("lasso", 150.0, findings={**none, "findings": plain([low])})
    enter("dummy", 100.0)
    assert crowned()["champion"] == "dummy"
    contest(gate={"coverage": "refuse"})
    verdict = crowned()
    assert verdict["champion"] == "ridge"
    assert verdict["refused"] == {
        "lasso": "coverage: 90% held 80%",
        "dummy": "coverage: not looked for when it was trained; train it again",
    }


def test_where_none_passes_there_is_no_champion_and_it_is_said(
    enter: Enter, capsys: pytest.CaptureFixture[str]
) -> None:
    enter("ridge", 200.0)
    enter("lasso", 150.0, {"mae": 100.0, "r2": None})
    contest(gate={"r2": {"min": 0.99}})
    assert crowned() == {
        "champion": None,
        "refused": {
            "ridge": "r2 0.95 is below 0.99",
            "lasso": "r2 is not defined on the held-out rows: there is one row alone",
        },
    }
    out = capsys.readouterr().out
    assert out.startswith("stones: no run passes the gate; there is no champion\n")
    assert "  refused ridge: r2 0.95 is below 0.99" in out


@pytest.mark.parametrize("first", ["simple", "deep"])
def test_what_agrees_in_four_digits_is_a_tie_for_the_simpler(enter: Enter, first: str) -> None:
    entrants = {"simple": (1234.4, 1), "deep": (1233.6, 5)}
    for name in [first, *(set(entrants) - {first})]:
        enter(name, entrants[name][0], complexity=entrants[name][1])
    assert crowned()["champion"] == "simple"


def test_what_differs_in_the_fourth_digit_is_no_tie(enter: Enter) -> None:
    enter("simple", 1235.0, complexity=1)
    enter("deep", 1234.0, complexity=5)
    assert crowned()["champion"] == "deep"


def test_digits_are_counted_from_the_first_one(enter: Enter) -> None:
    enter("simple", 0.00012345, metric="log_loss", complexity=1)
    enter("deep", 0.00012335, metric="log_loss", complexity=5)
    assert crowned()["champion"] == "deep"


def test_a_tie_of_equals_goes_by_name(enter: Enter) -> None:
    for name in ("ridge", "lasso", "linear"):
        enter(name, 150.0)
    assert crowned()["champion"] == "lasso"


def test_a_tie_is_not_won_by_one_that_is_refused(enter: Enter) -> None:
    enter("simple", 150.0, {"mae": 1.0, "r2": 0.1}, complexity=0)
    enter("deep", 150.0, complexity=5)
    contest(gate={"r2": {"min": 0.9}})
    assert crowned()["champion"] == "deep"


def test_bundles_of_models_that_take_part_no_more_are_ignored(enter: Enter) -> None:
    enter("ridge", 200.0)
    enter("old", 1.0)
    contest(models=["ridge"])
    (Path("artifacts/bundles/stones/broken")).mkdir()
    verdict = crowned()
    assert verdict["champion"] == "ridge"
    assert verdict["refused"] == {}


def test_every_dataset_has_a_champion_of_its_own(enter: Enter) -> None:
    enter("ridge", 200.0)
    enter("logistic", 0.75, {"f1": 0.75}, metric="f1", dataset="leaves")
    enter("dummy", 0.25, {"f1": 0.25}, metric="f1", dataset="leaves")
    champion.crown()
    verdicts = json.loads(Path("metrics/champions.json").read_text())
    assert list(verdicts) == ["leaves", "stones"]
    assert [verdict["champion"] for verdict in verdicts.values()] == ["logistic", "ridge"]


def test_the_service_is_told_which_bundles_were_judged(enter: Enter) -> None:
    enter("ridge", 200.0)
    enter("lasso", 150.0)
    champion.crown()
    verdict = json.loads(Path("metrics/verdicts.json").read_text())["stones"]
    assert (verdict["champion"], verdict["metric"]) == ("lasso", "mae")
    for model in ("ridge", "lasso"):
        manifest = Path("artifacts/bundles/stones", model, "manifest.json").read_bytes()
        assert verdict["bundles"][model] == hashlib.sha256(manifest).hexdigest()


def test_the_same_bundles_give_the_same_file(enter: Enter) -> None:
    enter("ridge", 200.0)
    enter("lasso", 150.0)
    champion.crown()
    first = Path("metrics/champions.json").read_bytes()
    champion.crown()
    assert Path("metrics/champions.json").read_bytes() == first


def test_a_model_without_a_bundle_is_told_and_the_verdict_stays(enter: Enter) -> None:
    enter("ridge", 200.0)
    champion.crown()
    before = Path("metrics/champions.json").read_bytes()
    contest(models=["ridge", "lasso"])
    with pytest.raises(UserError, match="no bundle here") as caught:
        champion.crown()
    assert caught.value.given == Path("artifacts/bundles/stones/lasso")
    assert Path("metrics/champions.json").read_bytes() == before


def test_outside_of_a_project_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="not the root of a project"):
        champion.crown()
    assert list(Path().iterdir()) == []


def test_before_anything_is_composed_there_is_no_verdict(project: Path) -> None:
    with pytest.raises(UserError, match="dvc repro"):
        champion.crown()
    assert not Path("metrics").exists()


def entrant(model: str, scores: list[float], **members: list[float]) -> champion.Entrant:
    cv = sum(scores) / len(scores)
    return champion.Entrant(model, len(members), cv, {}, [], "", scores, members)


def test_a_blend_has_to_be_better_than_each_of_its_members_by_more_than_chance() -> None:
    one, other = entrant("one", [10.0, 11, 12]), entrant("other", [20.0, 21, 22])
    members = {"one": one.scores, "other": other.scores, "of no run": [1.0, 1, 1]}
    surely = entrant("both", [9.0, 10.05, 11], **members)
    hardly = entrant("both", [8.0, 11.9, 11], **members)
    assert champion.choose([one, other, surely], "mae") == surely
    assert champion.choose([one, other, hardly], "mae") == one
    assert champion.needless(hardly, [one, other, hardly], "mae") == ["one"]
    assert champion.choose([hardly], "mae") == hardly, "its members are no runs"
