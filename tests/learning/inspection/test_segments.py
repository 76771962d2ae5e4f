from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.features import Date
from src.data.schema import Dataset
from src.evaluation.judged import Judged
from src.learning.inspection import segments
from src.learning.inspection.segments import Answered

Make = Callable[..., Dataset]


def answered(count: int, seed: int, *, spoilt: str | None = None) -> Answered:
    """Draw stones; those that are spoilt are missed by five times as much."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "carat": rng.uniform(0.2, 3.0, count),
            "facets": rng.integers(0, 9, count) * 1.0,
            "cut": rng.choice(["Fair", "Good", "Ideal"], count),
        }
    )
    here = np.zeros(count, dtype=bool)
    if spoilt == "cut":
        here = (frame["cut"] == "Fair").to_numpy()
    if spoilt == "both":
        here = ((frame["cut"] == "Fair") & (frame["carat"] > 2)).to_numpy()
    errors = rng.normal(0, 1, count) * np.where(here, 5, 1)
    truth = rng.uniform(10, 20, count)
    return Answered(frame, Judged(truth, truth + errors), np.abs(errors) < 1.645)


def find(dataset: Dataset, **how: Any) -> list[dict[str, Any]]:
    return segments.find(dataset, answered(3000, 1, **how), answered(1500, 2, **how))


def test_the_worst_value_is_named_first_with_its_figures(make_dataset: Make) -> None:
    worst = find(make_dataset(), spoilt="cut")[0]
    assert (worst["by"], worst["segment"]) == (["cut"], "cut Fair")
    assert worst["worse"] == ["error", "coverage"]
    assert worst["metric"] == pytest.approx(4, abs=0.4)
    assert worst["coverage_low"] < worst["coverage"] < worst["coverage_high"] < 0.4
    assert 450 < worst["rows"] < 550


def test_what_only_two_features_tell_together_is_found_by_the_tree(make_dataset: Make) -> None:
    worst = find(make_dataset(), spoilt="both")[0]
    assert sorted(worst["by"]) == ["carat", "cut"]
    assert "cut Fair" in worst["segment"]
    assert "carat above 2.0" in worst["segment"] or "carat above 1.9" in worst["segment"]


def test_chance_makes_no_segment_worse(make_dataset: Make) -> None:
    wrong = [
        one
        for seed in range(10)
        for one in segments.find(make_dataset(), answered(1000, seed), answered(1500, seed + 100))
        if one["worse"]
    ]
    assert len(wrong) <= 1


def test_classes_are_judged_by_their_surprise(make_dataset: Make) -> None:
    dataset = make_dataset(
        task="binary", metric="accuracy", target={"name": "price", "values": ["no", "yes"]}
    )
    rng = np.random.default_rng(3)

    def drawn(count: int) -> Answered:
        rows = answered(count, 4).frame
        chance = np.where(rows["cut"] == "Good", 0.5, 0.95)
        truth = (rng.random(count) < chance).astype(int)
        output = np.column_stack([np.full(count, 0.05), np.full(count, 0.95)])
        return Answered(rows, Judged(truth, output), truth == 1)

    worst = segments.find(dataset, drawn(2000), drawn(1000))[0]
    assert worst["segment"] == "cut Good"
    assert worst["metric"] == pytest.approx(0.5, abs=0.08)


def test_missing_values_and_small_segments(make_dataset: Make) -> None:
    made = answered(200, 1)
    made.frame.loc[:79, "carat"] = np.nan
    made.frame.loc[:9, "cut"] = None
    words = [one["segment"] for one in segments.find(make_dataset(), made, made)]
    assert "carat is missing" in words
    assert "cut is missing" not in words, "ten rows are too few"


def test_a_segment_by_a_date_is_named_by_its_days() -> None:
    days = np.arange(19_000.0, 19_400.0)
    words = [one.words for one in segments._quarters("day", days, Date().text)]
    assert words == [
        "day up to 2022-04-17",
        "day 2022-04-17 to 2022-07-26",
        "day 2022-07-26 to 2022-11-03",
        "day above 2022-11-03",
    ]
