from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from src.config import paths
from src.reporting import verdicts
from src.reporting.changes import Changes, changes
from src.support import files
from tests.conftest import STONES
from tests.reporting.before import Before, entry

FIGURES: dict[str, Any] = {
    "test": {"mae": 255.5, "r2": 0.9},
    "cv": {"mae": {"mean": 254.5, "std": 2.5}},
    "rows": {"train": 40, "test": 10},
    "seconds": 0.5,
}
QUALITY: dict[str, Any] = {
    "rows": 52,
    "accepted": 50,
    "rejected": 2,
    "rejected_share": 0.038462,
    "by_rule": {"duplicate": 2},
}
COMMITTED: dict[str, Any] = {
    "metrics/champions.json": {"stones": entry()},
    "metrics/stones/quality.json": QUALITY,
    "metrics/stones/linear.json": FIGURES,
    "metrics/stones/ridge.json": FIGURES,
}
RUN: dict[str, Any] = {"model": {"params": {"alpha": 1.0}, "drop": []}, "seed": 7, "run": None}


def rows(count: int, start: int = 0) -> pd.DataFrame:
    at = [float(number) for number in range(start, start + count)]
    return pd.DataFrame({"carat": at, "facets": at, "cut": "Good", "price": at})


def write_rows(folder: Path, found: pd.DataFrame) -> Path:
    """Write rows as preparing leaves them: a fifth of them to test."""
    folder.mkdir(parents=True)
    found.iloc[::5].to_parquet(folder / "test.parquet")
    found.drop(found.index[::5]).to_parquet(folder / "train.parquet")
    files.write_json(folder / "origin.json", {})
    return folder


def dump(path: Path, values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where the pipeline has made, of the dataset `stones`, what was committed."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    for path, value in COMMITTED.items():
        files.write_json(Path(path), value)
    dump(paths.PREPARED_CONFS / "stones.yaml", {"dataset": STONES, "seed": 7})
    for run in ("stones-linear", "by hand"):
        dump(paths.RUN_CONFS / f"{run}.yaml", RUN)
    write_rows(paths.PREPARED / "stones", rows(100))
    return home


RUNS = {"stones-linear": "linear", "by hand": "ridge"}  # a key may be anything


def compare(
    committed: dict[str, Any] | None = None, runs: dict[str, str] = RUNS, **folders: Path
) -> Changes:
    placed = {f"artifacts/{name}": path for name, path in folders.items()}
    placed = {name.replace("rows", "data/stones"): path for name, path in placed.items()}
    return changes("stones", runs, Before({**COMMITTED, **(committed or {})}, placed), 7)


def test_what_is_as_it_was_is_unchanged(tmp_path: Path) -> None:
    before = write_rows(tmp_path / "rows", rows(10))
    found = compare(rows=before)
    assert found.verdict.word == verdicts.UNCHANGED
    assert found.drift is None  # not asked for: it takes the data from a remote
    assert found.dataset.name == "stones"
    assert [one.name for one in found.models] == ["linear", "ridge"]
    assert found.quality == (QUALITY, QUALITY)


def test_how_long_a_training_took_is_no_change() -> None:
    slow = {"metrics/stones/ridge.json": {**FIGURES, "seconds": 99.0}}
    assert compare(slow).verdict.word == verdicts.UNCHANGED


@pytest.mark.parametrize(
    "committed",
    [
        {"metrics/stones/ridge.json": {**FIGURES, "rows": {"train": 41, "test": 9}}},
        {"metrics/stones/ridge.json": None},
        {"metrics/stones/quality.json": {**QUALITY, "rows": 53}},
        {"metrics/stones/quality.json": None},
        {"metrics/champions.json": {"stones": entry(refused={"ridge": "mae 9 is above 8"})}},
        {"metrics/champions.json": {"stones": "linear"}},
        {"metrics/champions.json": None},
    ],
)
def test_what_is_not_as_it_was_is_judged(committed: dict[str, Any]) -> None:
    found = compare(committed)
    assert found.verdict.word in (verdicts.LEVEL, verdicts.BETTER)


def test_the_first_run_has_no_earlier_figures() -> None:
    found = compare(dict.fromkeys(COMMITTED))
    assert found.verdict.word == verdicts.BETTER
    assert found.quality == (None, QUALITY)
    assert found.drift is None
    assert [(one.before, one.now, one.parameters) for one in found.models] == [
        (None, FIGURES, []),
        (None, FIGURES, []),
    ]


def test_the_rows_that_came_are_those_of_train_and_test(tmp_path: Path) -> None:
    before = write_rows(tmp_path / "rows", rows(60))
    found = compare({"metrics/stones/quality.json": {**QUALITY, "rows": 1}}, rows=before)
    assert found.drift is not None
    assert (len(found.drift.added), found.drift.removed) == (40, 0)
    assert found.drift.added["carat"].min() == 60
    assert next(one for one in found.drift.columns if one.name == "carat").is_far


@pytest.mark.parametrize("damage", ["origin.json", "test.parquet", "absent"])
def test_rows_that_cannot_be_read_are_not_known(tmp_path: Path, damage: str) -> None:
    before = write_rows(tmp_path / "rows", rows(60))
    if damage == "absent":
        (before / "train.parquet").unlink()
    else:
        (before / damage).write_text("{no")
    found = compare({"metrics/stones/quality.json": None}, rows=before)
    assert found.drift is None
    assert found.verdict.word == verdicts.LEVEL


def test_all_earlier_rows_may_have_been_to_train(tmp_path: Path) -> None:
    before = write_rows(tmp_path / "rows", rows(60))
    whole = pd.concat([pd.read_parquet(before / f"{part}.parquet") for part in ("train", "test")])
    whole.to_parquet(before / "train.parquet")
    whole.head(0).to_parquet(before / "test.parquet")
    found = compare({"metrics/stones/quality.json": None}, rows=before)
    assert found.drift is not None
    assert (len(found.drift.added), found.drift.removed) == (40, 0)


def confs(folder: Path, **runs: Any) -> Path:
    for name, values in runs.items():
        dump(folder / "runs" / f"{name.replace('_', ' ')}.yaml", values)
    return folder


def test_the_configuration_that_changed_is_told_by_its_keys(tmp_path: Path) -> None:
    old = {
        "model": {"params": {"alpha": 2.0, "l1": None}, "drop": ["x"], "of": {0: "a"}},
        "seed": 7,
    }
    found = compare(conf=confs(tmp_path / "conf", by_hand=old))
    assert [one.parameters for one in found.models] == [
        [],  # it was not tracked
        [
            ("model.drop", ["x"], []),
            ("model.of.0", "a", None),
            ("model.params.alpha", 2.0, 1.0),
        ],
    ]


def test_a_key_that_holds_nothing_is_as_none(tmp_path: Path) -> None:
    old = {"model": RUN["model"], "seed": 7, "search": None, "space": {}}
    assert compare(conf=confs(tmp_path / "conf", by_hand=old)).models[1].parameters == []


def test_what_the_gate_refuses_is_told_of_its_model() -> None:
    why = "mae 255.5 is above 100"
    files.write_json(paths.CHAMPIONS, {"stones": entry("ridge", refused={"linear": why})})
    found = compare()
    assert {one.name: one.refused for one in found.models} == {"linear": why, "ridge": ""}
    assert found.verdict.word == verdicts.LEVEL


def test_a_gate_that_fails_for_all_is_said() -> None:
    files.write_json(paths.CHAMPIONS, {"stones": entry(None)})
    assert compare().verdict.word == verdicts.REFUSED
    same = compare({"metrics/champions.json": {"stones": entry(None)}})
    assert same.verdict.word == verdicts.UNCHANGED
