"""The published figures on the 5,000 appraised diamonds come out again, to the digit."""

from __future__ import annotations

from pathlib import Path

import pytest

from src.config import composition, configuration
from src.data import prepared
from src.learning import training

ROOT = Path(__file__).parents[1]
DIAMONDS = ROOT.parent / "shared/data/diamonds.csv"

pytestmark = pytest.mark.skipif(
    not DIAMONDS.exists(), reason="the reference diamonds are not kept in this repository"
)


class Silent:
    def stage(self, name: str, total: int) -> None: ...

    def step(self, note: str = "") -> None: ...


def train(model: str, tmp_path: Path, *words: str) -> training.Outcome:
    composition.prepare()
    given = [f"dataset.source={DIAMONDS}", "dataset.split.method=random", "dataset.duplicates=keep"]
    made = configuration.build(
        composition.compose(["dataset=diamonds", f"model={model}", "seed=42", *given, *words])
    )
    ready, _ = prepared.prepare(made.dataset, made.seed)
    return training.train(made, ready.train, ready.test, tmp_path / "study", Silent())


@pytest.mark.parametrize(
    ("model", "r2", "mae"), [("linear", "0.9088", "760.69"), ("log_linear", "0.9054", "561.54")]
)
def test_linear_models_reproduce_the_reference(
    model: str, r2: str, mae: str, tmp_path: Path
) -> None:
    found = train(model, tmp_path).metrics
    assert found["rows"] == {"train": 3991, "test": 998}
    assert f"{found['test']['r2']:.4f}" == r2
    assert f"{found['test']['mae']:.2f}" == mae


def test_boosted_trees_beat_the_reference_search(tmp_path: Path) -> None:
    found = train("xgboost", tmp_path).metrics["test"]
    assert found["mae"] < 340.63
    assert found["r2"] > 0.9675


def test_its_known_faults_are_found(tmp_path: Path) -> None:
    composition.prepare()
    words = ["dataset=diamonds", "model=dummy", f"dataset.source={DIAMONDS}"]
    made = configuration.build(composition.compose(words))
    _, cleaned = prepared.prepare(made.dataset, made.seed)
    assert cleaned.total == 5000
    assert len(cleaned.rejected) == 12
    assert cleaned.counts == {"out_of_range": 13, "duplicate": 1}
