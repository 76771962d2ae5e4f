from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.schema import Dataset
from src.evaluation.judged import Judged
from src.inference.interval import Interval
from src.learning.intervals import conformal, spread

Make = Callable[..., Dataset]
CUTS = {"Fair": 3.0, "Good": 1.0, "Ideal": 0.5}


def drawn(count: int, seed: int = 0) -> tuple[pd.DataFrame, Judged]:
    """Draw stones whose errors depend on the cut and on the weight as well as on the price."""
    rng = np.random.default_rng(seed)
    cut = rng.choice(list(CUTS), count, p=[0.05, 0.45, 0.5])
    carat = rng.uniform(0.2, 3.0, count)
    frame = pd.DataFrame({"carat": carat, "facets": rng.integers(0, 9, count) * 1.0, "cut": cut})
    output = rng.uniform(100, 1000, count)
    width = output * 0.05 * np.array([CUTS[one] for one in cut]) * np.where(carat > 2.5, 2, 1)
    return frame, Judged(output + rng.normal(0, 1, count) * width, output)


def coverage_of(calibration: dict, frame: pd.DataFrame, rows: Judged) -> dict[str, float]:
    inside, _ = conformal.inside_and_width(calibration, rows, frame)
    found = {cut: float(inside[frame["cut"] == cut].mean()) for cut in CUTS}
    return {**found, "heavy": float(inside[frame["carat"] > 2.6].mean())}


def test_limits_hold_for_each_value_as_often_as_for_all(make_dataset: Make) -> None:
    dataset, fresh = make_dataset(duplicates="drop"), drawn(40_000, seed=1)
    found = conformal.calibrate(dataset, drawn(20_000)[1], drawn(20_000)[0])
    alike = conformal.pooled(dataset, drawn(20_000)[1])
    assert coverage_of(alike, *fresh)["Fair"] < 0.6
    for name, share in coverage_of(found, *fresh).items():
        assert share == pytest.approx(0.9, abs=0.025), name
    widths = [conformal.measure(one, fresh[1], fresh[0])["width"] for one in (found, alike)]
    assert widths[0] < widths[1]


def test_where_all_are_missed_alike_there_are_no_factors(make_dataset: Make) -> None:
    frame, rows = drawn(8000)
    rng = np.random.default_rng(2)
    same = Judged(rows.output * rng.normal(1, 0.1, 8000), rows.output)
    assert "spread" not in conformal.calibrate(make_dataset(duplicates="drop"), same, frame)
    asked = conformal.calibrate(make_dataset(coverage_by=["cut"], duplicates="drop"), same, frame)
    assert list(asked["spread"]) == ["cut"]
    assert asked["spread"]["cut"]["factors"] == pytest.approx([1] * 4, abs=0.15)


def test_factors_are_judged_on_other_groups_than_found_them(
    make_dataset: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, rows = drawn(6000)
    frame["owner"] = np.arange(6000) // 20
    owners: dict[str, list[set[int]]] = {"found": [], "judged": []}
    fit, shortfall = spread.fit, spread.shortfall

    def noted_fit(some: pd.DataFrame, *rest: Any) -> Any:
        owners["found"].append(set(some["owner"]))
        return fit(some, *rest)

    def noted_shortfall(some: pd.DataFrame, *rest: Any) -> float:
        owners["judged"].append(set(some["owner"]))
        return shortfall(some, *rest)

    monkeypatch.setattr(spread, "fit", noted_fit)
    monkeypatch.setattr(spread, "shortfall", noted_shortfall)
    conformal.calibrate(make_dataset(group="owner"), rows, frame)
    assert len(owners["found"][0]) == 150
    assert all(owners["found"][0].isdisjoint(judged) for judged in owners["judged"])


def test_few_rows_are_calibrated_alike(make_dataset: Make) -> None:
    frame, rows = drawn(300)
    assert "spread" not in conformal.calibrate(make_dataset(duplicates="drop"), rows, frame)


@pytest.mark.parametrize("log", [False, True])
def test_one_record_has_the_limits_of_many(make_dataset: Make, log: bool) -> None:
    frame, rows = drawn(5000)
    rows = Judged(np.maximum(rows.truth, 1.0), rows.output)
    dataset = make_dataset(coverage_by=["cut", "carat"])
    found = conformal.calibrate(dataset, rows, frame, log=log)
    frame.loc[:9, "carat"] = np.nan
    frame.loc[5:14, "cut"] = "Odd"
    low, high = conformal.limits(found, rows.output[:50], frame.head(50))
    cells = frame.head(50).astype(object).where(frame.head(50).notna(), None)
    records = list(cells.itertuples(index=False, name=None))
    ours = Interval.from_manifest(found, list(dataset.features)).around(rows.output[:50], records)
    np.testing.assert_allclose(ours, (low, high), rtol=1e-12)
    assert (high - low).std() > 0


def test_a_factor_is_one_where_a_value_is_rare_or_unknown() -> None:
    rows = pd.DataFrame({"cut": ["a"] * 500 + ["b"] * 10})
    misses = np.concatenate([np.linspace(0, 4, 500), np.full(10, 9.0)])
    found = spread.fit(rows, ["cut"], misses, 0.9)
    assert found["cut"]["values"] == ["a"]
    scale = spread.scales(found, pd.DataFrame({"cut": ["a", "b", None, "c"]}))
    assert scale[0] > 3
    assert scale[1:].tolist() == [1, 1, 1]
