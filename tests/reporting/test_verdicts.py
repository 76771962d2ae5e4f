from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from src.config import paths
from src.evaluation.bootstrap import Comparison
from src.inference import bundle
from src.reporting import verdicts
from src.reporting.verdicts import BETTER, LEVEL, REFUSED, UNCHANGED, WORSE, Verdict, overall
from src.runs.comparison import Contest
from src.support import files
from tests.inference import models
from tests.reporting import bundles
from tests.reporting.before import Before, entry

CHAMPIONS = "metrics/champions.json"
UNFOUND = "its bundle is neither in the cache nor in a remote"


def judge(before: Any, now: Any, *, is_same: bool = False, **folders: Path) -> Verdict:
    """Judge the dataset `tiny`; the folders are bundles of the last commit, by their model."""
    placed = {f"artifacts/bundles/tiny/{model}": path for model, path in folders.items()}
    committed = {} if before is None else {CHAMPIONS: {"tiny": before, "other": {}}}
    return verdicts.judge("tiny", Before(committed, placed), now, is_same=is_same, seed=1)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], UNCHANGED),
        ([UNCHANGED, LEVEL], LEVEL),
        ([BETTER, LEVEL], BETTER),
        ([WORSE, BETTER, UNCHANGED], WORSE),
        ([WORSE, REFUSED, BETTER], REFUSED),
    ],
)
def test_of_several_datasets_the_worst_is_said(words: list[str], found: str) -> None:
    assert overall(words) == found


def test_the_same_figures_are_unchanged() -> None:
    found = judge(entry(), entry(), is_same=True)
    assert (found.word, found.before, found.after) == (UNCHANGED, entry(), entry())


def test_no_champion_is_a_gate_that_failed() -> None:
    found = judge(entry(), entry(None))
    assert (found.word, found.before, found.after) == (REFUSED, entry(), entry(None))


def test_a_gate_that_failed_before_as_well_is_unchanged() -> None:
    assert judge(entry(None), entry(None), is_same=True).word == UNCHANGED
    assert judge(entry(None), entry(None)).word == REFUSED


@pytest.mark.parametrize("before", [None, entry(None), "linear", ["linear"], {}, {"refused": {}}])
def test_the_first_champion_is_better_than_none(before: Any) -> None:
    found = judge(before, entry())
    assert (found.word, found.why) == (BETTER, "there was no champion before")


@pytest.mark.parametrize(
    ("metric", "before", "now", "word"),
    [
        ("mae", 250.0, 240.0, BETTER),
        ("mae", 250.0, 260.0, WORSE),
        ("mae", 250.0, 247.0, LEVEL),
        ("mae", 250.0, 253.0, LEVEL),
        ("r2", 240.0, 250.0, BETTER),
        ("r2", 260.0, 250.0, WORSE),
        ("r2", 250.0, 250.0, LEVEL),
    ],
)
def test_without_the_earlier_bundle_figures_of_cross_validation_are_compared(
    metric: str, before: float, now: float, word: str
) -> None:
    found = judge(entry(mean=before, metric=metric), entry(mean=now, metric=metric))
    assert (found.word, found.contest) == (word, None)
    figures = f"{metric} {now:g} +- 2.5 against {before:g} +- 2.5 in cross-validation"
    assert found.why == f"{figures}, each on its own rows ({UNFOUND})"


def test_another_metric_is_no_comparison() -> None:
    found = judge(entry(metric="rmse"), entry())
    why = f"not compared: the metric was rmse and is mae now; {UNFOUND}"
    assert (found.word, found.why) == (LEVEL, why)


@pytest.mark.parametrize(
    "changes",
    [{"cv": 254.5}, {"cv": None}, {"cv": {"mean": 254.5}}, {"cv": {"mean": None, "std": 1.0}}],
)
def test_figures_of_another_version_are_no_comparison(changes: dict[str, Any]) -> None:
    for before in (entry(**changes), {k: v for k, v in entry().items() if k != "cv"}):
        found = judge(before, entry())
        assert found.word == LEVEL
        assert found.why.startswith("not compared: ")


def test_an_entry_without_a_metric_is_no_comparison() -> None:
    found = judge({"champion": "linear"}, entry())
    assert (found.word, "not compared" in found.why) == (LEVEL, True)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a good and a bad bundle; they are not to be changed."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, target in (("good", bundles.GOOD), ("bad", bundles.BAD)):
        bundles.save(folder / name, *models.fit(target))
    return {name: folder / name for name in ("good", "bad")}


@pytest.fixture
def now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: dict[str, Path]) -> None:
    """Stand where the pipeline has made its outputs of now."""
    monkeypatch.chdir(tmp_path)
    folder = paths.PREPARED / "tiny"
    folder.mkdir(parents=True)
    rows = bundles.held_out()
    rows.to_parquet(folder / "test.parquet")
    rows.head(3).to_parquet(folder / "train.parquet")
    files.write_json(folder / "origin.json", {})
    (paths.BUNDLES / "tiny").mkdir(parents=True)
    for name, path in saved.items():
        (paths.BUNDLES / "tiny" / name).symlink_to(path)


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [("bad", "good", BETTER), ("good", "bad", WORSE), ("good", "good", LEVEL)],
)
def test_champions_are_compared_on_the_same_rows(
    now: None, saved: dict[str, Path], before: str, after: str, word: str
) -> None:
    # The figures of cross-validation say the reverse, and are of other rows.
    mean = {BETTER: (1.0, 9.0), WORSE: (9.0, 1.0), LEVEL: (1.0, 9.0)}[word]
    told = [entry(before, mean[0]), entry(after, mean[1])]
    found = judge(told[0], told[1], **{before: saved[before]})
    assert found.word == word
    assert found.contest is not None
    assert found.contest.rows == 80
    assert "on the same 80 held-out rows" in found.why
    assert "95%" in found.why
    assert found.contest.result is not None
    assert f"mae {found.contest.result.ours:g} against" in found.why


def broken(saved: Path, to: Path, how: str) -> Path:
    """Return a copy of a bundle that cannot be used."""
    to.mkdir()
    for file in saved.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    if how in (bundle.ROWS, "predictor.npz", bundle.MANIFEST):
        (to / how).write_bytes(b"{")
        return to
    manifest = json.loads((to / bundle.MANIFEST).read_text())
    if how == "format":
        manifest["format"] = 1
    else:
        manifest["config"]["dataset"]["unheard"] = 1
    (to / bundle.MANIFEST).write_text(json.dumps(bundle.sealed(manifest)))
    return to


@pytest.mark.parametrize(
    ("how", "note"),
    [
        ("format", "The bundle has another format"),
        (bundle.MANIFEST, "The bundle's manifest cannot be read"),
        (bundle.ROWS, "The bundle is damaged: rows.parquet is not the file that was trained"),
        ("predictor.npz", "The bundle is damaged: predictor.npz is not the file that was trained"),
        ("unheard", "Unknown key 'dataset.unheard'"),
    ],
)
def test_a_bundle_that_cannot_be_used_leaves_the_figures(
    now: None, saved: dict[str, Path], tmp_path: Path, how: str, note: str
) -> None:
    place = broken(saved["good"], tmp_path / "broken", how)
    found = judge(entry("good", 250.0), entry("bad", 240.0), good=place)
    assert (found.word, found.contest) == (BETTER, None)
    assert found.why.endswith(f"each on its own rows ({note})")


def test_a_metric_that_the_rows_do_not_give_leaves_the_figures(
    now: None, saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Contest(80, 0, "r2", Comparison(None, None, None, None, None, False))
    monkeypatch.setattr(verdicts, "contest", lambda *_: nothing)
    found = judge(entry("good", 250.0), entry("bad", 260.0), good=saved["good"])
    assert found.word == WORSE
    assert found.why.endswith("(r2 is not defined on the held-out rows)")


def test_a_difference_without_an_interval_is_level(
    now: None, saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = Contest(40, 0, "f1", Comparison(0.9, 0.5, 0.4, None, None, False))
    monkeypatch.setattr(verdicts, "contest", lambda *_: unsure)
    found = judge(entry("good"), entry("bad"), good=saved["good"])
    assert found.word == LEVEL
    assert "95%" not in found.why
