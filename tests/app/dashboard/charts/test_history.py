from __future__ import annotations

from typing import Any

import pytest

from app.dashboard.charts import history


def row(number: int, test: float, cv: float | None) -> dict[str, Any]:
    made = {"at": f"2026-01-0{number}", "commit": "c", "model": "linear"}
    return {**made, "version": number, "test": test, "cv": cv, "state": "champion", "gate": ""}


@pytest.mark.parametrize(
    ("metric", "worst", "is_log"),
    [("mae", 6.0, True), ("mae", 5.0, False), ("accuracy", 6.0, False), ("unheard", 6.0, False)],
)
def test_errors_far_apart_are_drawn_on_a_logarithmic_scale(
    metric: str, worst: float, is_log: bool
) -> None:
    spec = history.over("version", [row(1, 1.0, None), row(2, worst, 2.0)], metric)
    ups = [layer["encoding"]["y"] for layer in spec["layer"]]
    assert {up["field"] for up in ups} == {"test", "cv"}
    for up in ups:
        assert (up["scale"].get("type") == "log") is is_log
        assert ("logarithmic" in up["title"]) is is_log


def test_an_error_of_nothing_has_no_logarithm() -> None:
    spec = history.over("version", [row(1, 0.0, 0.1), row(2, 9.0, 9.0)], "mae")
    assert all(layer["encoding"]["y"]["scale"] == {"zero": False} for layer in spec["layer"])
