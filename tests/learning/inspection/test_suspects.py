from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.config.configuration import Config
from src.data.schema import Dataset
from src.evaluation.judged import Judged
from src.learning import training
from src.learning.inspection import suspects

Make = Callable[..., Dataset]


def priced(count: int, seed: int, slipped: int) -> tuple[pd.DataFrame, set[int]]:
    """Draw stones whose prices span decades, and slip the decimal point of some."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "carat": rng.uniform(0.2, 3.0, count),
            "facets": rng.integers(0, 9, count) * 1.0,
            "cut": rng.choice(["Fair", "Good", "Ideal"], count),
        }
    )
    noise = rng.normal(0, 0.12, count)
    rows["price"] = np.exp(5 + 1.2 * rows["carat"] + 0.1 * rows["facets"] + noise)
    rows.index += 2  # lines of a file
    at = rng.choice(rows.index, slipped, replace=False)
    rows.loc[at, "price"] *= rng.choice([10, 0.1], slipped)
    return rows, set(at.tolist())


def test_slipped_decimals_are_the_rows_that_are_denied_most(
    make_config: Callable[..., Config], recorder: Any, tmp_path: Path
) -> None:
    rows, slipped = priced(20_000, 0, 200)
    test, _ = priced(500, 1, 0)
    config = make_config(target_transform="log")
    outcome = training.train(config, rows, test, tmp_path / "study.journal", recorder)
    told = outcome.suspects
    assert len(told) == suspects.MOST
    assert {one["row"] for one in told} <= slipped
    first = told[0]
    assert first["actual"] == rows["price"][first["row"]]
    assert first["record"]["carat"] == rows["carat"][first["row"]]
    ranks = [one["surprise"] for one in told]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize("seed", range(3))
def test_the_most_surprising_rows_are_exactly_the_slipped_ones(
    make_dataset: Make, seed: int
) -> None:
    rows, slipped = priced(20_000, seed, 200)
    output = np.exp(5 + 1.2 * rows["carat"] + 0.1 * rows["facets"]).to_numpy()
    judged = Judged(rows["price"].to_numpy(), output)
    order = np.argsort(-suspects.surprise(make_dataset(), judged))[:200]
    assert set(rows.index[order].tolist()) == slipped


def test_values_that_span_no_decade_are_compared_as_they_are(make_dataset: Make) -> None:
    rng = np.random.default_rng(0)
    output = rng.uniform(-5, 5, 2000)
    truth = output + rng.normal(0, 0.5, 2000)
    truth[[3, 30]] = output[[3, 30]] + [9, -6]
    ranks = suspects.surprise(make_dataset(), Judged(truth, output))
    assert np.argsort(-ranks)[:2].tolist() == [3, 30]
    assert sorted(ranks)[-3] < suspects.LEAST < sorted(ranks)[-2]


def test_clean_rows_are_not_suspected(make_dataset: Make) -> None:
    rows, _ = priced(5000, 0, 0)
    output = np.exp(5 + 1.2 * rows["carat"] + 0.1 * rows["facets"]).to_numpy()
    judged = Judged(rows["price"].to_numpy(), output)
    assert suspects.find(make_dataset(), rows, judged, None) == []


def test_a_class_is_denied_by_how_much_likelier_another_is(make_dataset: Make) -> None:
    frame = pd.DataFrame({"carat": [1.0, 2.0, 3.0], "facets": 1.0, "cut": None}, index=[7, 8, 9])
    output = np.array([[0.02, 0.9, 0.08], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]])
    judged = Judged(np.array([0, 1, 0]), output)
    assert suspects.surprise(make_dataset(task="multiclass"), judged)[:2] == pytest.approx(
        [45, 0.6]
    )
    told = suspects.find(make_dataset(task="multiclass"), frame, judged, list("abc"))
    assert [one["row"] for one in told] == [9, 7]
    assert told[1] == {
        "row": 7,
        "record": {"carat": 1.0, "facets": 1.0, "cut": None},
        "actual": "a",
        "predicted": "b",
        "probability": 0.9,
        "truth": 0.02,
        "surprise": 45.0,
    }
