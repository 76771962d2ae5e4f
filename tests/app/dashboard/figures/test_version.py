from __future__ import annotations

from typing import Any

import pytest

from app.dashboard.figures import version as version_figures
from app.registry import store as version_store


def models(*events: tuple[str, int], champion: int | None = 1) -> dict[str, Any]:
    """Return what the API says of versions; the newest event stands first."""
    return {"champion": champion, "events": [{"kind": kind, "number": n} for kind, n in events]}


def test_metrics_are_told_in_words_the_datasets_own_first() -> None:
    told = version_figures.measured(
        {"cv": {"mae": {"mean": 4.0, "std": 0.5}}, "test": {"r2": 0.9, "mae": 5.0}}
    )
    assert [row["name"] for row in told] == ["mae", "r2"]
    assert (told[0]["way"], told[1]["way"]) == ("lower is better", "higher is better")
    assert (told[0]["test"], told[0]["cv"], told[0]["std"]) == (5, 4, 0.5)
    assert told[1]["cv"] is None
    assert version_figures.described("of another day")["way"] == ""


@pytest.mark.parametrize(
    ("events", "now", "before"),
    [
        ([], 1, []),
        ([("pipeline", 2)], 2, []),
        ([("override", 3), ("promote", 2), ("pipeline", 1)], 2, [1]),
        ([("rollback", 1), ("promote", 2), ("pipeline", 1)], 1, [2]),
        ([("training", 4), ("promote", 2), ("training", 3), ("promote", 2)], 4, [2, 3]),
    ],
)
def test_who_serves_is_the_latest_word(
    events: list[tuple[str, int]], now: int, before: list[int]
) -> None:
    told = models(*events)
    assert version_figures.champion(told) == now
    assert version_figures.served(told) == before


def test_the_kinds_of_events_are_the_apis() -> None:
    assert version_figures.CHANGES == version_store.CHANGES


def test_columns_of_numbers_are_those_with_nothing_else() -> None:
    rows = [
        {"record": {"carat": 1.5, "cut": "Good", "depth": None}},
        {"record": {"carat": 2, "cut": None, "depth": 3.5}},
    ]
    assert version_figures.numeric(rows) == {"carat", "depth"}
    assert version_figures.numeric([]) == set()


def test_charts_are_of_what_is_there() -> None:
    kept = {"points": [[1.0, 2.0], [3.0, 3.5]]}
    target = {"name": "price", "unit": "USD"}
    assert "actual price, USD" in str(version_figures.drawn({"held_out": kept}, target)["points"])
    assert version_figures.drawn({"held_out": None}, target) == {}
    two = {"classes": ["a", "b"], "matrix": [[3, 1], [0, 2]]}
    assert version_figures.drawn({"held_out": kept, "confusion": two}, target) == {}
    three = {"classes": ["a", "b", "c"], "matrix": [[3, 1, 0], [0, 2, 0], [0, 0, 0]]}
    cells = version_figures.drawn({"confusion": three}, target)["confusion"]["data"]["values"]
    assert [cell["share"] for cell in cells] == [0.75, 0.25, 0, 0, 1, 0, 0, 0, 0]
