from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from src.config import configuration
from src.config.configuration import Model, plain
from src.runs import given
from src.support.structs import convert

RIDGE = {
    "name": "ridge",
    "complexity": 2,
    "estimator": {"regression": {"_target_": "sklearn.linear_model.Ridge"}},
    "params": {"alpha": 1.0},
    "space": {"params.alpha": {"low": 0.1, "high": 9}},
}


@pytest.fixture(autouse=True)
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("model", "dataset_model"):
        (tmp_path / "conf" / folder).mkdir(parents=True)
    (tmp_path / "conf/model/ridge.yaml").write_text(configuration.yaml.safe_dump(RIDGE))
    return tmp_path / "conf"


def request(search: str = "none", **model: Any) -> dict[str, Any]:
    whole = plain(convert({**RIDGE, **model}, Model))
    return {"config": {"dataset": {"name": "stones"}, "model": whole, "search": {"name": search}}}


def test_a_run_of_the_yaml_alone_was_given_nothing() -> None:
    assert given.differing(request(), {}) == {}


def test_what_the_command_line_changed_is_named_by_its_key() -> None:
    asked = request(params={"alpha": 2.5, "tol": 0.1}, drop=["depth"], encoding={"numbers": "keep"})
    found = given.differing(asked, {})
    assert found == {
        "params.alpha": 2.5,
        "params.tol": 0.1,
        "encoding.numbers": "keep",
        "drop": ["depth"],
    }
    assert given.words(found) == (
        "params.alpha=2.5 params.tol=0.1 encoding.numbers=keep drop=['depth']"
    )


def test_what_was_taken_away_is_none() -> None:
    assert given.differing(request(params={}), {}) == {"params.alpha": None}


def test_what_a_search_found_stands_beside_it() -> None:
    tuned = plain(convert({**RIDGE, "params": {"alpha": 0.123456}}, Model))
    found = given.differing(request("optuna"), {"tuned": tuned})
    assert found == {"search": "optuna", "params.alpha": 0.123456}
    assert given.words(found) == "search=optuna params.alpha=0.1235"


def test_what_the_pair_says_is_no_difference(conf: Path) -> None:
    (conf / "dataset_model/stones_ridge.yaml").write_text(
        "model: {params: {alpha: 7.0}, drop: [a]}"
    )
    assert given.differing(request(params={"alpha": 7.0}, drop=["a"]), {}) == {}
    assert given.differing(request(), {}) == {"params.alpha": 1.0, "drop": []}


@pytest.mark.parametrize("text", [None, "name: ridge", "- 1"])
def test_without_the_yaml_nothing_can_be_said(conf: Path, text: str | None) -> None:
    path = conf / "model/ridge.yaml"
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert given.differing(request(params={"alpha": 2.5}), {}) == {}
    assert given.differing(request("optuna"), {}) == {"search": "optuna"}
